// What may be spent: the key's budgets, the account's month, and the money itself. Open holds count as spent.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, maxNanoUsd, minNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { creditLineOf } from './available.ts'
import type { Budget, BudgetWindow } from './account-commands.ts'
import type { Admit, MoneySource } from './call-commands.ts'
import { spendingIn } from './end-user-list.ts'
import { endUserBudgetsOf, holdsOfEndUser } from './end-users.ts'
import { spendingOf } from './key-force.ts'
import { familyOf } from './key-rates.ts'
import type { Hold, Key, State } from './state.ts'
import type { Spending } from './windows.ts'
import { msUntilWindowEnds, spentIn, windowStart } from './windows.ts'

type MoneyWhy = {
  code:
    | 'key_limit_exceeded'
    | 'end_user_limit_exceeded'
    | 'monthly_spend_limit_reached'
    | 'insufficient_credits'
    | 'in_flight_budget_exhausted'
    | 'credit_limit_reached'
  limitSource: MoneySource
  limitNanoUsd?: NanoUsd
  remainingNanoUsd?: NanoUsd
  resetMs?: number
}

export type MoneyDecision = { ok: true; heldNanoUsd: NanoUsd } | { ok: false; why: MoneyWhy }

type Wanted = Pick<Admit, 'endUser' | 'holdNanoUsd' | 'floorNanoUsd' | 'usualNanoUsd' | 'isDispatched'>

/** What a new call may hold: all that it asks for, less where that makes sense to it, or why not. */
export function holdFor(state: State, key: Key | undefined, wanted: Wanted): MoneyDecision {
  const { holdNanoUsd, floorNanoUsd, usualNanoUsd, isDispatched, endUser = null } = wanted
  const asked = { key, endUser, atMs: state.nowMs }
  const limits = [...limitsOf(state, { ...asked, holds: state.holds })]
  const room = roomUnder(limits)
  if (room >= holdNanoUsd) return { ok: true, heldNanoUsd: holdNanoUsd }
  // What is on its way upstream cannot be lowered any more.
  if (isDispatched || floorNanoUsd >= holdNanoUsd) return refusedBy(state, limits, holdNanoUsd, holdNanoUsd)
  const roomWhenQuiet = roomUnder([...limitsOf(state, { ...asked, holds: noHolds })])
  const leastNanoUsd = roomWhenQuiet > room ? usualNanoUsd : floorNanoUsd
  if (room >= leastNanoUsd) return { ok: true, heldNanoUsd: room }
  return refusedBy(state, limits, leastNanoUsd, floorNanoUsd)
}

/** How much more a running call may hold: what it asks for, or what there is where that is of use to it. */
export function moreFor(
  state: State,
  hold: Hold,
  { moreNanoUsd, leastNanoUsd }: { moreNanoUsd: NanoUsd; leastNanoUsd: NanoUsd },
): MoneyDecision {
  const key = state.keys.get(hold.keyNumber)
  const { endUser, admittedAtMs: atMs } = hold
  const asked = { key, endUser, atMs, holds: state.holds, isExtension: true }
  const limits = [...limitsOf(state, asked)]
  const room = roomUnder(limits)
  if (room >= moreNanoUsd) return { ok: true, heldNanoUsd: moreNanoUsd }
  if (room > 0 && room >= leastNanoUsd) return { ok: true, heldNanoUsd: room }
  return refusedBy(state, limits, leastNanoUsd, leastNanoUsd)
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

function budgetsOf(key: Key | undefined): readonly { key: Key; budget: Budget }[] {
  return key === undefined ? [] : key.budgets.map((budget) => ({ key, budget }))
}

/** Of the key and of those that it was rotated from. */
export function* holdsOfKey(state: State, holds: State['holds'], key: Key): Generator<Hold> {
  for (const hold of holds.values()) if (familyOf(state, hold.keyNumber) === key.family) yield hold
}

/** What is left under one limit; it may be below zero. */
type Limit = {
  source: MoneyWhy['limitSource']
  roomNanoUsd: NanoUsd
  limitNanoUsd?: NanoUsd
  resetMs?: number
}

type Asked = {
  key: Key | undefined
  endUser: string | null
  /** The admission, whose windows count. */
  atMs: number
  holds: State['holds']
  /** Running calls may use what is kept free for them. */
  isExtension?: boolean
}

const noHolds: State['holds'] = new Map()

/** In the order in which they refuse: the narrowest first. */
function* limitsOf(state: State, asked: Asked): Generator<Limit> {
  const { atMs, holds } = asked
  for (const { key, budget } of budgetsOf(asked.key)) {
    const used = usedIn(spendingOf(state, key), holdsOfKey(state, holds, key), budget.window, atMs)
    yield windowLimit(
      `key_${budget.window}`,
      budget.amountNanoUsd,
      used,
      msUntilWindowEnds(budget.window, state.nowMs),
    )
  }
  yield* limitsOfEndUser(state, asked)
  const month = state.settings.monthlySpendLimitNanoUsd
  if (month !== null) {
    const used = usedIn(state.spending, holds.values(), 'month', atMs)
    yield windowLimit('account_month', month, used, msUntilWindowEnds('month', state.nowMs))
  }
  const funds = addNanoUsd(state.postedNanoUsd, creditLineOf(state))
  yield { source: 'balance', roomNanoUsd: subtractNanoUsd(funds, takenBy(state, asked)) }
}

function* limitsOfEndUser(state: State, { key, endUser, atMs, holds }: Asked): Generator<Limit> {
  if (endUser === null) return
  const spending = spendingIn(state.endUsers, endUser)
  for (const { window, amountNanoUsd } of endUserBudgetsOf(state, key)) {
    const used = usedIn(spending, holdsOfEndUser(holds, endUser), window, atMs)
    yield windowLimit(`end_user_${window}`, amountNanoUsd, used, msUntilWindowEnds(window, state.nowMs))
  }
}

/** What the open holds have taken from the balance, and for a new call also what they will want next. */
function takenBy(state: State, { holds, isExtension }: Asked): NanoUsd {
  if (holds.size === 0) return zeroNanoUsd
  return isExtension === true ? state.heldNanoUsd : addNanoUsd(state.heldNanoUsd, state.slicesNanoUsd)
}

function windowLimit(
  source: MoneyWhy['limitSource'],
  limitNanoUsd: NanoUsd,
  used: NanoUsd,
  resetMs: number | null,
): Limit {
  const roomNanoUsd = subtractNanoUsd(limitNanoUsd, used)
  return { source, limitNanoUsd, roomNanoUsd, ...(resetMs === null ? {} : { resetMs }) }
}

function roomUnder(limits: readonly Limit[]): NanoUsd {
  const [first = zeroNanoUsd, ...rest] = limits.map(({ roomNanoUsd }) => roomNanoUsd)
  return rest.reduce((least, room) => minNanoUsd(least, room), first)
}

/** `floorNanoUsd`: what would be enough if no other call ran. */
function refusedBy(
  state: State,
  limits: readonly Limit[],
  amountNanoUsd: NanoUsd,
  floorNanoUsd: NanoUsd,
): MoneyDecision {
  const limit = limits.find(({ roomNanoUsd }) => roomNanoUsd < amountNanoUsd)
  const { source = 'balance', limitNanoUsd, roomNanoUsd = zeroNanoUsd, resetMs } = limit ?? {}
  // Enough money that the account's own running calls hold, or not enough at all: only the first is worth a retry.
  if (source === 'balance') {
    return { ok: false, why: { code: balanceCode(state, floorNanoUsd), limitSource: source } }
  }
  const remainingNanoUsd = maxNanoUsd(zeroNanoUsd, roomNanoUsd)
  return {
    ok: false,
    why: {
      code: windowCode(source),
      limitSource: source,
      ...(limitNanoUsd === undefined ? {} : { limitNanoUsd }),
      remainingNanoUsd,
      ...(resetMs === undefined ? {} : { resetMs }),
    },
  }
}

function windowCode(source: MoneySource): MoneyWhy['code'] {
  if (source === 'account_month') return 'monthly_spend_limit_reached'
  return source.startsWith('end_user_') ? 'end_user_limit_exceeded' : 'key_limit_exceeded'
}

function balanceCode(state: State, floorNanoUsd: NanoUsd): MoneyWhy['code'] {
  const line = creditLineOf(state)
  if (addNanoUsd(state.postedNanoUsd, line) >= floorNanoUsd) return 'in_flight_budget_exhausted'
  return line > 0 ? 'credit_limit_reached' : 'insufficient_credits'
}
