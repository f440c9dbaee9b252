// Limits per end user: counted while somebody limits them, exact across keys and restarts, bounded and never forgetful.

import { describe, expect, test } from 'vitest'

import { asMillis, dayMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Budget } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { endUsersOf, noEndUsers, spendingIn, withCharge } from './end-user-list.ts'
import { chargeEndUser, endUserBudgetsOf, endUsersMax, hasPlaceFor, holdsOfEndUser } from './end-users.ts'
import { admitOf, captureOf, dollar, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { changeSettings } from './settings.ts'
import { noSpending, spend } from './windows.ts'

const ada = 'a'.repeat(32)
const bob = 'b'.repeat(32)
const day = (amount: number): Budget => ({ window: 'day', amountNanoUsd: nanoUsd(amount) })

const limit = (account: Simulator, endUserBudgets: readonly Budget[]) =>
  account.ask((draft) =>
    changeSettings(draft, {
      reference: `limit ${account.live.headSeq}`,
      settings: { endUserBudgets },
      reason: '',
      actor: '',
    }),
  )

const ask = (account: Simulator, endUser: string | null, changes: Partial<Admit> = {}) => {
  const command = admitOf(account.newCall(), { endUser, ...changes })
  return { command, answer: account.ask((draft) => admit(draft, command)) }
}

function use(account: Simulator, endUser: string | null, changes: Partial<Admit> = {}): void {
  const { command, answer } = ask(account, endUser, changes)
  expect(answer).toMatchObject({ ok: true })
  const { callId, keyNumber: number } = command
  account.ask((draft) => capture(draft, captureOf(callId, dollar, { keyNumber: number })))
}

describe('an end user', () => {
  // Cases: billing-bugs 26
  test('spends up to the limit by all keys together, held money included, while others go on', () => {
    const account = Simulator.opened(9)
    account.ask((draft) => putKey(draft, keyOf(2)))
    limit(account, [day(2 * dollar)])
    use(account, ada)
    expect(ask(account, ada, { keyNumber: keyNumber(2) }).answer).toMatchObject({ ok: true })
    for (const restart of [false, true]) {
      if (restart) account.crash()
      expect(ask(account, ada).answer).toMatchObject({
        code: 'end_user_limit_exceeded',
        limitSource: 'end_user_day',
        limitNanoUsd: 2 * dollar,
        remainingNanoUsd: 0,
        resetMs: expect.any(Number),
      })
    }
    expect(ask(account, bob).answer).toMatchObject({ ok: true })
    expect(ask(account, null).answer).toMatchObject({ ok: true })
    account.nowMs += dayMs
    expect(ask(account, ada).answer).toMatchObject({ ok: true })
  })

  test('has the limit of the key where the key has one', () => {
    const account = Simulator.opened(9)
    account.ask((draft) => putKey(draft, keyOf(2, { endUserBudgets: [day(dollar)] })))
    limit(account, [day(3 * dollar)])
    use(account, ada)
    expect(ask(account, ada, { keyNumber: keyNumber(2) }).answer).toMatchObject({
      code: 'end_user_limit_exceeded',
    })
    expect(ask(account, ada).answer).toMatchObject({ ok: true })
  })

  test('is not counted while nobody limits end users', () => {
    const account = Simulator.opened(9)
    use(account, ada)
    expect(account.live.endUsers.size).toBe(0)
    expect(JSON.stringify(account.store.entries)).not.toContain(ada)
  })

  test.each(['', 'x', 'A'.repeat(32), 'a'.repeat(33)])('is a keyed hash and never a name: %j', (endUser) => {
    expect(ask(Simulator.opened(9), endUser).answer).toMatchObject({ code: 'internal' })
  })
})

describe('beyond so many end users', () => {
  const hashOf = (n: number) => n.toString(16).padStart(8, '0').repeat(4)

  /** As after ten thousand of them have spent something. */
  function full(budgets: readonly Budget[]): Simulator {
    const account = Simulator.opened(9)
    limit(account, budgets)
    const spending = spend(noSpending, nanoUsd(1), account.nowMs)
    const all = Array.from({ length: endUsersMax }, (_, n) => [hashOf(n), spending] as const)
    account.live.endUsers = endUsersOf(all)
    return account
  }

  test('one more waits until a window has ended, and those that are known go on', () => {
    const account = full([day(2 * dollar)])
    expect(ask(account, ada).answer).toMatchObject({
      code: 'end_user_limit_exceeded',
      limitSource: 'end_users_max',
      limit: endUsersMax,
    })
    expect(ask(account, hashOf(7)).answer).toMatchObject({ ok: true })
    // Into the next month: nothing of anybody runs any more.
    account.nowMs += 31 * dayMs
    use(account, ada)
    expect(account.live.endUsers.size).toBe(1)
  })

  test('nobody is ever forgotten while a lifetime is limited', () => {
    const account = full([{ window: 'lifetime', amountNanoUsd: dollar }])
    account.nowMs += 400 * dayMs
    expect(ask(account, ada).answer).toMatchObject({ limitSource: 'end_users_max' })
  })
})

test('what one end user is charged leaves every other as it was', () => {
  const charge = { amountNanoUsd: nanoUsd(5), admittedAtMs: 0 }
  const both = withCharge(withCharge(noEndUsers, ada, charge), bob, charge)
  expect(both.size).toBe(2)
  expect(spendingIn(both, ada)).toEqual(spendingIn(both, bob))
  expect(spendingIn(both, ada)).not.toEqual(noSpending)
})

describe('a place for one more', () => {
  const hashOf = (n: number) => n.toString(16).padStart(8, '0').repeat(4)
  const nowMs = asMillis(Date.UTC(2026, 10, 20))
  const onDay = (dayOfMonth: number) => spend(noSpending, nanoUsd(1), Date.UTC(2026, 10, dayOfMonth))
  const today = onDay(20)

  /** So many with something today besides those that are named, and a hold for each of `holding`. */
  function stateOf(size: number, { idle = 0, holding = [], keys = [], settings = {} }: Near = {}) {
    const account = Simulator.opened(9)
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId)))
    const { live } = account
    const [hold] = live.holds.values()
    const [key] = live.keys.values()
    if (hold === undefined || key === undefined) throw new Error('There is a hold of a key.')
    const long = spend(noSpending, nanoUsd(1), Date.UTC(2026, 8, 1))
    const spent = Array.from({ length: size }, (_, n) => [hashOf(n), n < idle ? long : today] as const)
    return {
      ...live,
      nowMs,
      endUsers: endUsersOf(spent),
      holds: new Map(holding.map((endUser) => [account.newCall(), { ...hold, endUser }])),
      keys: new Map(keys.map((budgets, n) => [keyNumber(n + 1), { ...key, endUserBudgets: budgets }])),
      settings: { ...live.settings, endUserBudgets: [], ...settings },
    }
  }
  type Near = {
    idle?: number
    holding?: readonly (string | null)[]
    keys?: readonly (readonly Budget[])[]
    settings?: { endUserBudgets?: readonly Budget[] }
  }
  const lifetime: Budget = { window: 'lifetime', amountNanoUsd: nanoUsd(1) }

  test.each<[string, number, Near, boolean]>([
    ['calls of one unknown user run, who takes one place', endUsersMax - 2, { holding: [bob, bob] }, true],
    ['a call of nobody runs', endUsersMax - 1, { holding: [null] }, true],
    ['a call of a known one runs', endUsersMax - 1, { holding: [hashOf(3)] }, true],
    ['their own call runs', endUsersMax - 1, { holding: [ada] }, true],
    ['a call of another takes the last place', endUsersMax - 1, { holding: [bob] }, false],
    ['none is left and a call of another runs', endUsersMax, { holding: [bob] }, false],
    ['somebody has nothing in a window that runs', endUsersMax, { idle: 1 }, true],
    ['that place is taken by a call of another', endUsersMax, { idle: 1, holding: [bob] }, false],
    ['a key limits lifetimes', endUsersMax, { idle: 1, keys: [[], [day(1), lifetime]] }, false],
    [
      'the account limits lifetimes',
      endUsersMax,
      { idle: 1, settings: { endUserBudgets: [lifetime] } },
      false,
    ],
  ])('is told exactly: %s', (_, size, near, isThere) => {
    expect(hasPlaceFor(stateOf(size, near), ada)).toBe(isThere)
  })

  test('is not made by whoever spent something this month, if not today', () => {
    const state = stateOf(0)
    const month = Array.from({ length: endUsersMax }, (_, n) => [hashOf(n), onDay(2)] as const)
    expect(hasPlaceFor({ ...state, endUsers: endUsersOf(month) }, ada)).toBe(false)
  })

  test('is made only when none is left: until then nobody is forgotten', () => {
    const charge = { amountNanoUsd: nanoUsd(1), admittedAtMs: nowMs }
    expect(chargeEndUser(stateOf(3, { idle: 3 }), ada, charge).size).toBe(4)
    expect(chargeEndUser(stateOf(endUsersMax, { idle: 3 }), ada, charge).size).toBe(endUsersMax - 2)
    expect(chargeEndUser(stateOf(endUsersMax, { idle: 3 }), hashOf(0), charge).size).toBe(endUsersMax)
  })

  test('and running calls are told by end user, and limits without a key are the account’s', () => {
    const state = stateOf(0, { holding: [ada, bob, null, ada], settings: { endUserBudgets: [day(1)] } })
    expect([...holdsOfEndUser(state.holds, ada)]).toHaveLength(2)
    expect(endUserBudgetsOf(state, undefined)).toEqual([day(1)])
  })
})
