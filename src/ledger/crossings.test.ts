// What is written when an account runs low and when a limit is nearly used up: one entry per crossing, and none otherwise.

import { describe, expect, test } from 'vitest'

import { dayMs } from '#core/clock.ts'
import { type CallId, keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountSettings, KeyTerms } from './account-commands.ts'
import { admit } from './admission.ts'
import { checkCrossings } from './book.crossings.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf, keyOf } from './example-commands.ts'
import { editKey, putKey, rotateKey } from './keys.ts'
import { reverse } from './reversals.ts'
import { changeSettings } from './settings.ts'

const dollars = (amount: number) => nanoUsd(Math.round(amount * dollar))
const endUser = 'a'.repeat(32)

function spend(
  account: Simulator,
  amount: number,
  by = { key: 1 } as { key: number; endUser?: string },
): CallId {
  const callId = account.newCall()
  const keyed = { keyNumber: keyNumber(by.key) }
  const asked = { ...keyed, holdNanoUsd: dollars(amount), endUser: by.endUser ?? null }
  expect(account.ask((draft) => admit(draft, admitOf(callId, asked)))).toMatchObject({ ok: true })
  account.ask((draft) => capture(draft, captureOf(callId, dollars(amount), keyed)))
  return callId
}

function give(account: Simulator, amount: number): void {
  const reference = `credit ${account.live.headSeq}`
  account.ask((draft) => credit(draft, grantOf(dollars(amount), { reference })))
}

function set(account: Simulator, settings: Partial<AccountSettings>): void {
  const reference = `settings ${account.live.headSeq}`
  account.ask((draft) => changeSettings(draft, { reference, settings, reason: '', actor: '' }))
}

const month = (amount: number): KeyTerms['budgets'] => [{ window: 'month', amountNanoUsd: dollars(amount) }]

/** The account is as it says after a restart and after a rebuild; then what was told, in order. */
function told(account: Simulator) {
  account.check()
  account.checkRestart()
  checkRebuild(account)
  checkCrossings(account.store.entries, account.live)
  return account.store.entries.filter(({ kind }) => kind === 'level' || kind === 'limit_reached')
}

const levelsOf = (account: Simulator) => told(account).map(({ detail }) => detail)
const stepsOf = (account: Simulator) =>
  told(account).flatMap(({ kind, keyNumber: number, detail }) =>
    kind === 'limit_reached' ? [{ ...Object(detail), key: number }] : [],
  )

describe('a level', () => {
  // Requirements: 75, 76
  test('is written where it is crossed, right behind its cause, in the same group', () => {
    const account = Simulator.opened(5)
    spend(account, 4.5)
    spend(account, 0.5)
    give(account, 10)
    const kinds = account.store.entries.map(({ kind }) => kind)
    expect(kinds.slice(3)).toEqual(['usage', 'level', 'usage', 'level', 'grant', 'level'])
    const thresholdNanoUsd = dollars(1)
    expect(levelsOf(account)).toEqual([
      { level: 'low', before: 'ok', balanceNanoUsd: dollars(0.5), thresholdNanoUsd },
      { level: 'depleted', before: 'low', balanceNanoUsd: 0, thresholdNanoUsd },
      { level: 'ok', before: 'depleted', balanceNanoUsd: dollars(10), thresholdNanoUsd },
    ])
  })

  test('is not written where an account begins, nor while it stays the same', () => {
    const account = Simulator.opened(0)
    give(account, 5)
    spend(account, 1)
    account.crash()
    spend(account, 1)
    expect(told(account)).toEqual([])
  })

  // Requirements: 75, 76
  test('is written once though a thousand charges cross it together', () => {
    const account = Simulator.opened(10, { rpm: 10_000, tpm: 1_000_000_000, inFlight: 10_000 })
    const calls = Array.from({ length: 1_000 }, () => account.newCall())
    account.askTogether(
      calls.map((callId) => (draft) => void admit(draft, admitOf(callId, { holdNanoUsd: dollars(0.01) }))),
    )
    for (let at = 0; at < calls.length; at += 100)
      account.askTogether(
        calls
          .slice(at, at + 100)
          .map((callId) => (draft) => void capture(draft, captureOf(callId, dollars(0.01)))),
      )
    expect(levelsOf(account)).toMatchObject([{ level: 'low' }, { level: 'depleted' }])
  })
})

describe('a limit', () => {
  test.each([
    [0.79, []],
    [0.8, [80]],
    [0.99, [80]],
    [1, [100]],
  ])('of the account of which %d is spent at once is told at %j', (spent, steps) => {
    const account = Simulator.opened(5, { monthlySpendLimitNanoUsd: dollars(1) })
    spend(account, spent)
    expect(stepsOf(account).map(({ step }) => step)).toEqual(steps)
  })

  test('is told with its figures, once per step and month, whatever is given back meanwhile', () => {
    const account = Simulator.opened(20, { monthlySpendLimitNanoUsd: dollars(2) })
    spend(account, 1)
    const callId = spend(account, 0.7)
    const command = { callId, reference: 'back', amountNanoUsd: null, reason: '', actor: '' }
    account.ask((draft) => reverse(draft, command))
    account.crash()
    spend(account, 0.7)
    spend(account, 0.3)
    const [first, second, ...others] = stepsOf(account)
    expect(others).toEqual([])
    const endsAtMs = Date.UTC(2026, 11, 1)
    const limit = { limit: 'account_month', limitNanoUsd: dollars(2), endsAtMs, key: null }
    expect(first).toEqual({ ...limit, step: 80, spentNanoUsd: dollars(1.7) })
    expect(second).toEqual({ ...limit, step: 100, spentNanoUsd: dollars(2) })
    account.nowMs = endsAtMs
    spend(account, 1.6)
    expect(stepsOf(account).map(({ step }) => step)).toEqual([80, 100, 80])
  })

  test('that is lowered under what is spent is told at once, and one that is raised once more', () => {
    const account = Simulator.opened(20)
    spend(account, 1)
    set(account, { monthlySpendLimitNanoUsd: dollars(1.25) })
    set(account, { monthlySpendLimitNanoUsd: dollars(10) })
    set(account, { monthlySpendLimitNanoUsd: dollars(1.25) })
    spend(account, 0)
    set(account, { monthlySpendLimitNanoUsd: dollars(10) })
    spend(account, 7)
    expect(stepsOf(account).map(({ step, limitNanoUsd }) => [step, limitNanoUsd])).toEqual([
      [80, dollars(1.25)],
      [80, dollars(10)],
    ])
  })

  test('of a key is told by the key, and what it was rotated into counts with it', () => {
    const account = Simulator.opened(20)
    account.ask((draft) => putKey(draft, keyOf(2, { budgets: month(1) })))
    spend(account, 0.8, { key: 2 })
    const rotation = { reference: 'turn', keyNumber: keyNumber(2), newKeyNumber: keyNumber(3), graceMs: 0 }
    expect(
      account.ask((draft) => rotateKey(draft, { ...rotation, secretHash: keyOf(3).secretHash })),
    ).toMatchObject({ ok: true })
    spend(account, 0.1, { key: 3 })
    spend(account, 0.1, { key: 3 })
    spend(account, 5)
    expect(stepsOf(account)).toMatchObject([
      { step: 80, limit: 'key_month', key: 2, spentNanoUsd: dollars(0.8) },
      { step: 100, limit: 'key_month', key: 3, spentNanoUsd: dollars(1) },
    ])
  })

  test('of a key that is set under what it has spent is told at once', () => {
    const account = Simulator.opened(20)
    spend(account, 3)
    const edit = { reference: 'less', keyNumber: keyNumber(1), terms: { budgets: month(2) } }
    account.ask((draft) => editKey(draft, edit))
    expect(stepsOf(account)).toMatchObject([{ step: 100, limit: 'key_month', key: 1 }])
  })

  test('of an end user is told by the hash alone, each day anew', () => {
    const account = Simulator.opened(20, { endUserBudgets: [{ window: 'day', amountNanoUsd: dollars(1) }] })
    spend(account, 0.9, { key: 1, endUser })
    account.nowMs += dayMs
    spend(account, 1, { key: 1, endUser })
    spend(account, 5)
    expect(stepsOf(account)).toMatchObject([
      { step: 80, limit: 'end_user_day', endUser },
      { step: 100, limit: 'end_user_day', endUser },
    ])
  })

  test('of nothing is no limit that could be used up', () => {
    const account = Simulator.opened(20, { monthlySpendLimitNanoUsd: nanoUsd(0) })
    set(account, { rpm: 10 })
    expect(told(account)).toEqual([])
  })
})
