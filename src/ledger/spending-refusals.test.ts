// What a limit of money says when it refuses, figure by figure, and how much room it leaves.

import { describe, expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { hourMs, minuteMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountSettings, BudgetWindow } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, dollar, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { changeSettings } from './settings.ts'
import { holdFor, moreFor, usedIn } from './spending-limits.ts'

const dollars = (amount: number) => nanoUsd(amount * dollar)
const second = keyNumber(2)
const person = 'a'.repeat(32)

/** $10; key 2 has budgets; $1.50 is spent by it for a person. */
function spentBy(
  budgets: readonly (readonly [BudgetWindow, number])[],
  settings: Partial<AccountSettings> = {},
) {
  const account = Simulator.opened(10, settings)
  const all = budgets.map(([window, amount]) => ({ window, amountNanoUsd: dollars(amount) }))
  account.ask((draft) => putKey(draft, keyOf(2, { budgets: all })))
  const callId = account.newCall()
  const command = admitOf(callId, { keyNumber: second, endUser: person, holdNanoUsd: dollars(1.5) })
  expect(account.ask((draft) => admit(draft, command)).ok).toBe(true)
  account.ask((draft) => capture(draft, captureOf(callId, dollars(1.5), { keyNumber: second })))
  return account
}

function wanted(hold: number, floor = hold, usual = floor) {
  return {
    holdNanoUsd: dollars(hold),
    floorNanoUsd: dollars(floor),
    usualNanoUsd: dollars(usual),
    isDispatched: false,
    endUser: person,
  }
}

const decided = (account: Simulator, what: ReturnType<typeof wanted>) =>
  holdFor(account.live, account.live.keys.get(second), what)

function running(account: Simulator, hold: number, changes: Partial<Admit> = {}) {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: dollars(hold), ...changes })))
  const open = account.live.holds.get(callId)
  assert(open !== undefined, 'the call is open')
  return open
}

/** Wednesday 22:59 UTC. */
const untilTomorrowMs = hourMs + minuteMs

describe('a budget that refuses names itself, what is left of it and when it is whole again', () => {
  const monday = 4 * 24 * hourMs + untilTomorrowMs

  test.each<[string, ReturnType<typeof spentBy>, object]>([
    [
      'a day of the key',
      spentBy([['day', 2]]),
      {
        code: 'key_limit_exceeded',
        limitSource: 'key_day',
        limitNanoUsd: dollars(2),
        resetMs: untilTomorrowMs,
      },
    ],
    [
      'a lifetime of the key, which is never whole again',
      spentBy([['lifetime', 2]]),
      { code: 'key_limit_exceeded', limitSource: 'key_lifetime', limitNanoUsd: dollars(2) },
    ],
    [
      'the narrowest of several',
      spentBy([
        ['day', 5],
        ['week', 2],
      ]),
      { code: 'key_limit_exceeded', limitSource: 'key_week', limitNanoUsd: dollars(2), resetMs: monday },
    ],
    [
      'a day of the end user',
      spentBy([], { endUserBudgets: [{ window: 'day', amountNanoUsd: dollars(2) }] }),
      {
        code: 'end_user_limit_exceeded',
        limitSource: 'end_user_day',
        limitNanoUsd: dollars(2),
        resetMs: untilTomorrowMs,
      },
    ],
    [
      'the month of the account',
      spentBy([], { monthlySpendLimitNanoUsd: dollars(2) }),
      {
        code: 'monthly_spend_limit_reached',
        limitSource: 'account_month',
        limitNanoUsd: dollars(2),
        resetMs: 12 * 24 * hourMs + untilTomorrowMs,
      },
    ],
  ])('%s', (_, account, why) => {
    expect(decided(account, wanted(0.5))).toEqual({ ok: true, heldNanoUsd: dollars(0.5) })
    expect(decided(account, wanted(0.6))).toEqual({
      ok: false,
      why: { ...why, remainingNanoUsd: dollars(0.5) },
    })
  })

  test('what is left is never below nothing', () => {
    const account = spentBy([])
    const settings = { monthlySpendLimitNanoUsd: dollars(1) }
    account.ask((draft) => changeSettings(draft, { reference: 's', settings, reason: '', actor: '' }))
    expect(decided(account, wanted(0.5))).toMatchObject({ why: { remainingNanoUsd: 0 } })
  })
})

describe('money that refuses', () => {
  test('says whether running calls hold it or it is not there', () => {
    const account = spentBy([])
    running(account, 5)
    expect(decided(account, wanted(3.5))).toEqual({ ok: true, heldNanoUsd: dollars(3.5) })
    expect(decided(account, wanted(8.5))).toEqual({
      ok: false,
      why: { code: 'in_flight_budget_exhausted', limitSource: 'balance' },
    })
    expect(decided(account, wanted(8.6))).toEqual({
      ok: false,
      why: { code: 'insufficient_credits', limitSource: 'balance' },
    })
  })

  test('is the credit limit where the operator lends', () => {
    const account = spentBy([], { mode: 'postpaid', creditLimitNanoUsd: dollars(1) })
    expect(decided(account, wanted(9.5))).toEqual({ ok: true, heldNanoUsd: dollars(9.5) })
    expect(decided(account, wanted(9.6))).toMatchObject({ why: { code: 'credit_limit_reached' } })
  })
})

describe('a hold is lowered', () => {
  test('to what there is, where that is at least its floor', () => {
    const account = spentBy([['day', 2]])
    expect(decided(account, wanted(2, 0.5))).toEqual({ ok: true, heldNanoUsd: dollars(0.5) })
    expect(decided(account, wanted(2, 0.6))).toMatchObject({ ok: false })
  })

  test('not below what is usual while other calls run that will free more', () => {
    const account = spentBy([['day', 3]])
    running(account, 1, { keyNumber: second })
    expect(decided(account, wanted(2, 0.1, 0.5))).toEqual({ ok: true, heldNanoUsd: dollars(0.5) })
    expect(decided(account, wanted(2, 0.1, 0.6))).toMatchObject({ why: { remainingNanoUsd: dollars(0.5) } })
  })

  test('never once it was sent', () => {
    const account = spentBy([['day', 2]])
    expect(decided(account, { ...wanted(2, 0.1), isDispatched: true })).toMatchObject({ ok: false })
  })
})

describe('a running call', () => {
  const more = (account: Simulator, hold: Parameters<typeof moreFor>[1], amounts: [number, number]) =>
    moreFor(account.live, hold, { moreNanoUsd: dollars(amounts[0]), leastNanoUsd: dollars(amounts[1]) })

  test('gets what it asks for, or what there is where that is enough', () => {
    const account = spentBy([['day', 4]])
    const hold = running(account, 1, { keyNumber: second, endUser: null })
    expect(more(account, hold, [1.5, 1])).toEqual({ ok: true, heldNanoUsd: dollars(1.5) })
    expect(more(account, hold, [2, 1.5])).toEqual({ ok: true, heldNanoUsd: dollars(1.5) })
    expect(more(account, hold, [2, 1.6])).toMatchObject({ why: { code: 'key_limit_exceeded' } })
  })

  test('gets nothing of nothing', () => {
    const account = spentBy([['day', 2.5]])
    const hold = running(account, 1, { keyNumber: second })
    expect(more(account, hold, [1, 0])).toMatchObject({ ok: false })
  })
})

test('what is held counts in the window of its admission', () => {
  const account = spentBy([])
  const hold = running(account, 1)
  const { spending } = account.live
  const atMs = account.nowMs
  expect(usedIn(spending, [hold], 'day', atMs)).toBe(dollars(2.5))
  expect(usedIn(spending, [hold], 'day', atMs + untilTomorrowMs)).toBe(0)
  expect(usedIn(spending, [hold], 'lifetime', atMs + untilTomorrowMs)).toBe(dollars(2.5))
})
