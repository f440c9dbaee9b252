// An account made of its log: which rows follow from which entry, and how a new epoch opens.

import { describe, expect, test } from 'vitest'

import { dayMs } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { Simulator } from './book.simulator.ts'
import { neverAdmittedMs } from './charges.ts'
import type { Entry, EntryKind } from './entry.ts'
import { callRowOf, changesOfPage, openEpoch, referenceOfEntry } from './rebuild.ts'

const account = Simulator.opened(10)
const callId = account.newCall()
const bornAtMs = account.nowMs

function entryOf(kind: EntryKind, detail: Json = {}, reference: string = callId): Entry {
  const [entry] = account.store.entries
  if (entry === undefined) throw new Error('There is an entry.')
  return { ...entry, seq: 7, kind, reference, detail, amountNanoUsd: nanoUsd(-5) }
}

describe('the row of a call', () => {
  test('says that it has ended, and under which terms', () => {
    const detail = { model: 'm', endUser: 'u', admittedAtMs: 3, tokens: 12, costNanoUsd: 5 }
    expect(callRowOf(entryOf('usage', detail), bornAtMs)).toMatchObject({
      callId,
      outcome: 'open',
      model: 'm',
      endUser: 'u',
      admittedAtMs: 3,
      tokens: 12,
      chargedNanoUsd: 5,
      pins: [],
      cover: null,
      afterSeq: 6,
    })
    expect(callRowOf(entryOf('late'), bornAtMs)).toMatchObject({ outcome: 'late' })
    expect(callRowOf(entryOf('usage', { rule: 'hold_expired' }), bornAtMs)).toMatchObject({
      outcome: 'expired',
    })
  })

  test('of an entry that says little says nothing more', () => {
    expect(callRowOf(entryOf('usage'), bornAtMs)).toMatchObject({
      model: '',
      endUser: null,
      admittedAtMs: neverAdmittedMs,
      tokens: 0,
      chargedNanoUsd: 0,
    })
  })

  test('keeps what its expiry took of an allowance as all that can still be taken', () => {
    const allowance = { consumable: 'tokens', units: 40, periodStartMs: 9 }
    const cover = { units: 40, bound: 40, coversNanoUsd: 0, periodStartMs: 9 }
    expect(callRowOf(entryOf('usage', { allowance }), bornAtMs)?.cover).toEqual(cover)
    const nothing = { allowance: { ...allowance, units: 0 } }
    expect(callRowOf(entryOf('usage', nothing), bornAtMs)?.cover).toBeNull()
  })

  test.each<[string, Entry, number]>([
    ['what is no charge', entryOf('grant'), bornAtMs],
    ['what was metered', entryOf('usage', {}, `mtr_${'0'.repeat(32)}`), bornAtMs],
    ['what is older than three days', entryOf('usage'), bornAtMs + 3 * dayMs + 1],
  ])('is not made of %s', (_, entry, nowMs) => {
    expect(callRowOf(entry, nowMs)).toBeUndefined()
  })

  test('is made of what is just three days old', () => {
    expect(callRowOf(entryOf('usage'), bornAtMs + 3 * dayMs)).toBeDefined()
  })
})

describe('what a command said', () => {
  test.each<[EntryKind, string | undefined]>([
    ['purchase', 'credit'],
    ['auto_top_up', 'credit'],
    ['bonus', 'credit'],
    ['grant', 'credit'],
    ['adjustment', 'credit'],
    ['settings', 'settings'],
    ['finding', 'finding'],
    ['plan', 'plan'],
    ['refund', 'refund'],
    ['erasure', 'erasure'],
    ['create', undefined],
    ['late', undefined],
    ['allowance', undefined],
    ['expiry', undefined],
    ['opening', undefined],
    ['usage', undefined],
  ])('is kept of an entry of kind %s as one of scope %s', (kind, scope) => {
    const row = referenceOfEntry(entryOf(kind, {}, 'r'))
    expect(row).toEqual(
      scope === undefined ? undefined : expect.objectContaining({ scope, reference: 'r', seq: 7 }),
    )
  })

  test.each<[Json, string]>([
    [{ action: 'put' }, 'key'],
    [{ action: 'edit' }, 'key_edit'],
    [{ action: 'revoke' }, 'revoke'],
    [null, 'key'],
  ])('of a key, %j, is kept as one of scope %s', (detail, scope) => {
    expect(referenceOfEntry(entryOf('key', detail, 'r'))).toMatchObject({ scope })
  })

  test('is nothing to compare with where only its having been said counts', () => {
    for (const kind of ['settings', 'finding', 'erasure'] as const)
      expect(referenceOfEntry(entryOf(kind, {}, 'r'))).toMatchObject({ said: '' })
  })
})

test('a page of the log writes its entries, its calls as new rows and its references, and nothing else', () => {
  const entries = [entryOf('grant', {}, 'g'), entryOf('usage', { model: 'm' })]
  const changes = changesOfPage(entries, bornAtMs)
  expect(changes).toMatchObject({
    isCreation: false,
    nowMs: bornAtMs,
    entries,
    holds: [{ isNew: true, row: { callId } }],
  })
  expect(changes.references.map(({ reference }) => reference)).toEqual(['g'])
  expect(changes).toMatchObject({ answers: [], marks: null, snapshot: null, erasedSeq: null })
})

describe('a new epoch', () => {
  const command = { epoch: 2, closedEpoch: 1, closedSeq: 9, closedHash: 'h', reason: 'lost' }
  const open = (erasedSeq: number) => {
    const closed = { ...account.fromRows(), erasedSeq }
    const closedSumNanoUsd = closed.postedNanoUsd
    return { closed, changes: openEpoch(closed, { ...command, closedSumNanoUsd }, account.context()) }
  }

  test('brings the balance over in its first line, behind the marks of the closed one', () => {
    const { closed, changes } = open(0)
    expect(changes.entries).toMatchObject([
      {
        kind: 'opening',
        epoch: 2,
        reference: 'epoch:2',
        amountNanoUsd: closed.postedNanoUsd,
        detail: { closedEpoch: 1, closedSeq: 9, closedHash: 'h', reason: 'lost' },
      },
    ])
    const marks = { sentSeq: 9, sentHash: 'h', confirmedSeq: 9, confirmedHash: 'h', resends: 0 }
    expect(changes).toMatchObject({ isCreation: false, holds: [], references: [], answers: [], marks })
    expect(changes.snapshot).not.toBeNull()
  })

  test('erases again what was erased, and nothing where nothing was', () => {
    expect(open(0).changes.erasedSeq).toBeNull()
    expect(open(1).changes.erasedSeq).toBe(1)
  })
})
