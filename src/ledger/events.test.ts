// What a listener that comes back hears: all that it missed while that is known, else the present alone.

import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { Simulator } from './book.simulator.ts'
import type { Entry, EntryKind } from './entry.ts'
import { entriesMissedMax, eventsSince } from './events.ts'
import { type LevelChange, levelChangesKept } from './levels.ts'

const { live, nowMs, store } = Simulator.opened(10)
const [opening] = store.entries

function entryOf(seq: number, kind: EntryKind, amount: number): Entry {
  if (opening === undefined) throw new Error('An opened account has a first entry.')
  return { ...opening, seq, kind, amountNanoUsd: nanoUsd(amount) }
}

const changeAt = (seq: number): LevelChange => ({
  seq,
  level: 'low',
  balanceNanoUsd: nanoUsd(1),
  thresholdNanoUsd: nanoUsd(2),
  atMs: nowMs,
})

function heard(
  seq: number,
  {
    headSeq,
    levels = [],
    entries = [],
  }: { headSeq: number; levels?: readonly LevelChange[]; entries?: readonly Entry[] },
): readonly string[] {
  const state = { ...live, headSeq, levels }
  const entriesAfter = (after: number) => entries.filter((entry) => entry.seq > after)
  return eventsSince(state, seq, { nowMs, entriesAfter }).map((event) => `${event.event} ${event.seq}`)
}

test('a top-up is what adds money from outside: no charge, nothing given back, no correction downwards', () => {
  const entries = [
    entryOf(4, 'purchase', 5),
    entryOf(5, 'usage', -2),
    entryOf(6, 'reversal', 1),
    entryOf(7, 'adjustment', -3),
    entryOf(8, 'grant', 1),
  ]
  expect(heard(3, { headSeq: 8, entries })).toEqual(['top_up 4', 'top_up 8', 'balance 8'])
})

test('a change of level is heard by whoever knows an entry before it, however few changes there were', () => {
  expect(heard(3, { headSeq: 12, levels: [changeAt(10)] })).toEqual(['low_balance 10', 'balance 12'])
})

test('whoever may have missed a change that is not kept any more hears the present alone', () => {
  const levels = Array.from({ length: levelChangesKept }, (_, n) => changeAt(10 + n))
  expect(heard(9, { headSeq: 40, levels })).toHaveLength(levelChangesKept + 1)
  expect(heard(8, { headSeq: 40, levels })).toEqual(['balance 40'])
})

test('whoever was away for too many entries hears the present alone', () => {
  const headSeq = 500 + entriesMissedMax
  const entries = [entryOf(headSeq, 'grant', 1)]
  expect(heard(500, { headSeq, entries })).toEqual([`top_up ${headSeq}`, `balance ${headSeq}`])
  expect(heard(499, { headSeq, entries })).toEqual([`balance ${headSeq}`])
})

test('whoever knows an entry that does not exist, of an epoch before, hears the present alone', () => {
  expect(heard(9, { headSeq: 8, levels: [changeAt(3)], entries: [entryOf(4, 'grant', 1)] })).toEqual([
    'balance 8',
  ])
})
