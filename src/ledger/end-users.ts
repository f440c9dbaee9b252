// End users: limited by the key or the account, counted only while somebody limits them, under a keyed hash of the name that
// the customer gave. At most so many at a time; what is spent in a window that runs is never forgotten.

import { type NanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Budget } from './account-commands.ts'
import { type EndUsers, endUsersOf, hasEndUser, listOfEndUsers, withCharge } from './end-user-list.ts'
import type { Hold, Key, State } from './state.ts'
import { type Spending, spentIn } from './windows.ts'

/** Of one account at a time; a snapshot of so many is about two megabytes. */
export const endUsersMax = 10_000

/** 128 bits of a keyed hash, in hex. */
export const endUserPattern = /^[0-9a-f]{32}$/

/** The key's limits per end user, or where it has none the account's. */
export function endUserBudgetsOf(state: State, key: Key | undefined): readonly Budget[] {
  const own = key?.endUserBudgets ?? []
  return own.length > 0 ? own : state.settings.endUserBudgets
}

export function* holdsOfEndUser(holds: State['holds'], endUser: string): Generator<Hold> {
  for (const hold of holds.values()) if (hold.endUser === endUser) yield hold
}

/** Posts a charge; where there is no place for one more, those with nothing in a window that runs make it. */
export function chargeEndUser(
  state: State,
  endUser: string,
  charge: { amountNanoUsd: NanoUsd; admittedAtMs: number },
): EndUsers {
  const isFull = !hasEndUser(state.endUsers, endUser) && state.endUsers.size >= endUsersMax
  return withCharge(isFull ? withoutIdle(state) : state.endUsers, endUser, charge)
}

/** Whether one more can be counted without forgetting what another has spent in a window that runs. */
export function hasPlaceFor(state: State, endUser: string): boolean {
  const { endUsers, holds } = state
  if (hasEndUser(endUsers, endUser) || endUsers.size + holds.size < endUsersMax) return true
  const waiting = new Set<string>()
  for (const hold of holds.values())
    if (hold.endUser !== null && !hasEndUser(endUsers, hold.endUser)) waiting.add(hold.endUser)
  if (waiting.has(endUser) || endUsers.size + waiting.size < endUsersMax) return true
  return withoutIdle(state).size + waiting.size < endUsersMax
}

/** A lifetime never ends: while somebody limits one, nobody is forgotten. */
function withoutIdle(state: State): EndUsers {
  const { endUsers, nowMs, settings, keys } = state
  const budgets = [...keys.values()].flatMap((key) => key.endUserBudgets).concat(settings.endUserBudgets)
  if (budgets.some(({ window }) => window === 'lifetime')) return endUsers
  return endUsersOf(listOfEndUsers(endUsers).filter(([, spending]) => isRunning(spending, nowMs)))
}

function isRunning(spending: Spending, nowMs: number): boolean {
  const windows = ['day', 'week', 'month'] as const
  return windows.some((window) => spentIn(spending, window, nowMs) !== zeroNanoUsd)
}
