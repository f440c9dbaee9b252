// Limits per end user: counted while somebody limits them, exact across keys and restarts, bounded and never forgetful.

import { describe, expect, test } from 'vitest'

import { dayMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Budget } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { endUsersOf, noEndUsers, spendingIn, withCharge } from './end-user-list.ts'
import { endUsersMax } from './end-users.ts'
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
