// What may be spent: the key's budgets, the account's month, and the money itself. Open holds count as spent.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, maxNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { BudgetWindow } from './account-commands.ts'
import type { Hold, Key, State } from './state.ts'
import type { Spending } from './windows.ts'
import { msUntilWindowEnds, spentIn, windowStart } from './windows.ts'

type MoneyWhy = {
  code:
    | 'key_limit_exceeded'
    | 'monthly_spend_limit_reached'
    | 'insufficient_credits'
    | 'in_flight_budget_exhausted'
  limitSource: 'balance' | `key_${BudgetWindow}` | 'account_month'
  limitNanoUsd?: NanoUsd
  remainingNanoUsd?: NanoUsd
  resetMs?: number
}

/** Whether `amount` more may be held for a call admitted at `admittedAtMs`, and what refuses it. */
export function moneyRefusal(
  state: State,
  key: Key | undefined,
  amount: NanoUsd,
  admittedAtMs: number,
): MoneyWhy | undefined {
  return (
    keyRefusal(state, key, amount, admittedAtMs) ??
    monthRefusal(state, amount, admittedAtMs) ??
    balanceRefusal(state, amount)
  )
}

/** Spent and held in the window that a call admitted at `atMs` belongs to. */
export function usedIn(
  spending: Spending,
  holds: Iterable<Hold>,
  window: BudgetWindow,
  atMs: number,
): NanoUsd {
  const start = windowStart(window, atMs)
  let used = spentIn(spending, window, atMs)
  for (const hold of holds) {
    if (windowStart(window, hold.admittedAtMs) === start) used = addNanoUsd(used, hold.heldNanoUsd)
  }
  return used
}

export function* holdsOfKey(state: State, key: Key): Generator<Hold> {
  for (const hold of state.holds.values()) if (hold.keyNumber === key.keyNumber) yield hold
}

function keyRefusal(
  state: State,
  key: Key | undefined,
  amount: NanoUsd,
  admittedAtMs: number,
): MoneyWhy | undefined {
  if (key === undefined) return undefined
  for (const budget of key.budgets) {
    const used = usedIn(key.spending, holdsOfKey(state, key), budget.window, admittedAtMs)
    if (addNanoUsd(used, amount) <= budget.amountNanoUsd) continue
    return {
      code: 'key_limit_exceeded',
      limitSource: `key_${budget.window}`,
      ...limitFigures(budget.amountNanoUsd, used, msUntilWindowEnds(budget.window, state.nowMs)),
    }
  }
  return undefined
}

function monthRefusal(state: State, amount: NanoUsd, admittedAtMs: number): MoneyWhy | undefined {
  const limit = state.settings.monthlySpendLimitNanoUsd
  if (limit === null) return undefined
  const used = usedIn(state.spending, state.holds.values(), 'month', admittedAtMs)
  if (addNanoUsd(used, amount) <= limit) return undefined
  return {
    code: 'monthly_spend_limit_reached',
    limitSource: 'account_month',
    ...limitFigures(limit, used, msUntilWindowEnds('month', state.nowMs)),
  }
}

/** Enough money that the account's own running calls hold, or not enough at all: only the first is worth a retry. */
function balanceRefusal(state: State, amount: NanoUsd): MoneyWhy | undefined {
  const available = subtractNanoUsd(state.postedNanoUsd, state.heldNanoUsd)
  if (available >= amount) return undefined
  const isHeldByItself = state.postedNanoUsd >= amount
  return {
    code: isHeldByItself ? 'in_flight_budget_exhausted' : 'insufficient_credits',
    limitSource: 'balance',
  }
}

function limitFigures(limitNanoUsd: NanoUsd, used: NanoUsd, resetMs: number | null) {
  const remainingNanoUsd = maxNanoUsd(zeroNanoUsd, subtractNanoUsd(limitNanoUsd, used))
  return { limitNanoUsd, remainingNanoUsd, ...(resetMs === null ? {} : { resetMs }) }
}
