// When an account is low, depleted and well again, and what whoever listens hears of it.

import { describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import type { AccountSettings, Credit } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { type AccountEvent, entriesMissedMax, eventsSince } from './events.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { type Level, levelAfter, levelChangesKept, levelOf } from './levels.ts'
import { changeSettings } from './settings.ts'

const range = (count: number) => Array.from({ length: count }, (_, at) => at)
const dollars = (amount: number) => nanoUsd(Math.round(amount * dollar))

function give(account: Simulator, amount: number, changes: Partial<Credit> = {}): void {
  const reference = `credit ${account.live.headSeq}`
  account.ask((draft) => credit(draft, grantOf(dollars(amount), { reference, ...changes })))
}

function hold(account: Simulator, amount: number) {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: dollars(amount) })))
  return callId
}

function spend(account: Simulator, amount: number): void {
  const callId = hold(account, amount)
  account.ask((draft) => capture(draft, captureOf(callId, dollars(amount))))
}

function set(account: Simulator, settings: Partial<AccountSettings>): void {
  const reference = `settings ${account.live.headSeq}`
  account.ask((draft) => changeSettings(draft, { reference, settings, reason: '', actor: '' }))
}

function heardSince(account: Simulator, seq: number | null): readonly AccountEvent[] {
  account.check()
  account.checkRestart()
  const entriesAfter = (after: number, limit: number) =>
    account.store.entries.filter((entry) => entry.seq > after).slice(0, limit)
  return eventsSince(account.live, seq, { nowMs: account.nowMs, entriesAfter })
}

const namesOf = (events: readonly AccountEvent[]) => events.map(({ event }) => event)

describe('the level of an account', () => {
  // Requirements: 75, 76
  test.each<[Level, number, Level]>([
    ['ok', 1.01, 'ok'],
    ['ok', 1, 'low'],
    ['ok', 0, 'depleted'],
    ['ok', -1, 'depleted'],
    ['low', 1.1, 'low'],
    ['low', 1.100_000_001, 'ok'],
    ['low', 0.000_000_001, 'low'],
    ['depleted', 0.1, 'depleted'],
    ['depleted', 0.100_000_001, 'low'],
    ['depleted', 1.1, 'low'],
    ['depleted', 2, 'ok'],
  ])('%s with $%d left of a threshold of $1 is %s', (before, funds, after) => {
    expect(levelAfter(before, dollars(funds), dollars(1))).toBe(after)
  })

  test('without a threshold nothing is low, and a cent is what it takes to be well again', () => {
    const levelWith = (before: Level, funds: number) => levelAfter(before, nanoUsd(funds), nanoUsd(0))
    expect([levelWith('ok', 1), levelWith('ok', 0)]).toEqual(['ok', 'depleted'])
    expect([levelWith('depleted', 10_000_000), levelWith('depleted', 10_000_001)]).toEqual(['depleted', 'ok'])
  })

  test('looks at what the operator lends as well', () => {
    const account = Simulator.opened(0)
    set(account, { mode: 'postpaid', creditLimitNanoUsd: dollars(5) })
    expect(levelOf(account.live.levels)).toBe('ok')
    spend(account, 4)
    expect(levelOf(account.live.levels)).toBe('low')
    account.checkRestart()
  })
})

describe('a listener hears', () => {
  test('the present alone when it comes: the balance behind the entry that it names, holds included', () => {
    const account = Simulator.opened(0)
    give(account, 5)
    hold(account, 2)
    expect(heardSince(account, null)).toEqual([
      {
        event: 'balance',
        seq: account.live.headSeq,
        balanceNanoUsd: dollars(5),
        heldNanoUsd: dollars(2),
        availableNanoUsd: dollars(3),
        openHolds: 1,
        level: 'ok',
        atMs: account.nowMs,
      },
    ])
  })

  test('what it missed, in the order of the log, and then the present', () => {
    const account = Simulator.opened(0)
    give(account, 5)
    const { headSeq } = account.live
    spend(account, 4.5)
    spend(account, 0.5)
    give(account, 10, { kind: 'purchase' })
    const heard = heardSince(account, headSeq)
    expect(namesOf(heard)).toEqual(['low_balance', 'depleted', 'top_up', 'recovered', 'balance'])
    for (const { seq, balanceNanoUsd } of heard)
      expect(balanceNanoUsd).toBe(account.store.entries[seq - 1]?.balanceAfterNanoUsd)
    expect(heard[2]).toMatchObject({ kind: 'purchase', amountNanoUsd: dollars(10) })
    expect(namesOf(heardSince(account, heard[1]?.seq ?? 0))).toEqual(['top_up', 'recovered', 'balance'])
  })

  // Requirements: 75
  test('once that the balance is low, however often it crosses the threshold by little', () => {
    const account = Simulator.opened(0)
    give(account, 1.5)
    const { headSeq } = account.live
    for (let times = 0; times < 5; times += 1) {
      spend(account, 0.55)
      give(account, 0.1)
      spend(account, 0.1)
      account.crash()
      give(account, 0.55)
    }
    const levels = namesOf(heardSince(account, headSeq)).filter((name) => name !== 'top_up')
    expect(levels).toEqual([...range(5).flatMap(() => ['low_balance', 'recovered']), 'balance'])
  })

  test('of a threshold that was raised above the balance', () => {
    const account = Simulator.opened(0)
    give(account, 5)
    const { headSeq } = account.live
    set(account, { lowBalanceThresholdNanoUsd: dollars(6) })
    expect(heardSince(account, headSeq)[0]).toMatchObject({
      event: 'low_balance',
      seq: headSeq + 1,
      thresholdNanoUsd: dollars(6),
    })
  })

  test('the present alone where it missed too much, or names an entry that is not there yet', () => {
    const account = Simulator.opened(0)
    give(account, 100)
    const { headSeq } = account.live
    for (let changes = 0; changes < levelChangesKept; changes += 1)
      set(account, { lowBalanceThresholdNanoUsd: dollars(changes % 2 === 0 ? 200 : 1) })
    expect(namesOf(heardSince(account, headSeq))).toHaveLength(levelChangesKept + 1)
    set(account, { lowBalanceThresholdNanoUsd: dollars(200) })
    expect(namesOf(heardSince(account, headSeq))).toEqual(['balance'])
    expect(namesOf(heardSince(account, headSeq + 2))).toHaveLength(levelChangesKept + 1)
    expect(namesOf(heardSince(account, account.live.headSeq + 1))).toEqual(['balance'])
    const late = { ...account.live, headSeq: headSeq + entriesMissedMax + 1, levels: [] }
    const heard = (seq: number) =>
      eventsSince(late, seq, { nowMs: 0, entriesAfter: () => account.store.entries })
    expect(namesOf(heard(headSeq))).toEqual(['balance'])
    expect(namesOf(heard(0))).toEqual(['balance'])
  })

  test('nothing of an entry that is not durable yet', () => {
    const account = Simulator.opened(0)
    give(account, 5)
    const durable = account.live
    give(account, 7)
    const parts = { nowMs: 0, entriesAfter: () => account.store.entries.slice(durable.headSeq - 1) }
    const heard = eventsSince(durable, durable.headSeq - 1, parts)
    expect(heard.map(({ event, seq }) => [event, seq])).toEqual([
      ['top_up', durable.headSeq],
      ['recovered', durable.headSeq],
      ['balance', durable.headSeq],
    ])
  })
})
