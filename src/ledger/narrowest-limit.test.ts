// Which of several limits is named, and whose calls count under a key's.

import { expect, test } from 'vitest'

import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { BudgetWindow } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { admitOf, dollar, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { holdFor } from './spending-limits.ts'

/** $10; key 2 has a budget. */
function limited(window: BudgetWindow, dollars: number, month: number | null = null): Simulator {
  const monthlySpendLimitNanoUsd = month === null ? null : nanoUsd(month * dollar)
  const account = Simulator.opened(10, { monthlySpendLimitNanoUsd })
  const budgets = [{ window, amountNanoUsd: nanoUsd(dollars * dollar) }]
  account.ask((draft) => putKey(draft, keyOf(2, { budgets })))
  return account
}

function decided(account: Simulator, dollars: number) {
  const amount = nanoUsd(dollars * dollar)
  return holdFor(account.live, account.live.keys.get(keyNumber(2)), {
    holdNanoUsd: amount,
    floorNanoUsd: amount,
    usualNanoUsd: amount,
    isDispatched: false,
  })
}

test('a limit with just room enough is not the one that refuses', () => {
  expect(decided(limited('day', 2, 1), 2)).toMatchObject({ why: { limitSource: 'account_month' } })
})

test('a limit that never resets says nothing of a reset', () => {
  const remainingNanoUsd = dollar
  expect(decided(limited('lifetime', 1), 2)).toStrictEqual({
    ok: false,
    why: { code: 'key_limit_exceeded', limitSource: 'key_lifetime', limitNanoUsd: dollar, remainingNanoUsd },
  })
})

test('running calls of another key leave a key its budget', () => {
  const account = limited('day', 2)
  account.ask((draft) => admit(draft, admitOf(account.newCall())))
  expect(decided(account, 2)).toEqual({ ok: true, heldNanoUsd: 2 * dollar })
})
