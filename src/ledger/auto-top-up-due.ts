// When automatic top-up has something to do by itself (pure): for the object's one alarm, and for the chore that does it.

import { addNanoUsd } from '#core/money.ts'
import {
  type AutoTopUp,
  attemptDayMs,
  attemptEveryMs,
  attemptsPerDayMax,
  chargedInMonthOf,
  remindAtMs,
} from './auto-top-up-state.ts'
import { isPaymentInDoubt, isSuspended } from './payment-risk.ts'
import type { State } from './state.ts'
import { msUntilWindowEnds } from './windows.ts'

/** Undefined where nothing is due before somebody does something. */
export function topUpDueAt(state: State): number | undefined {
  const { phase } = state.autoTopUp
  return phase.state === 'charging' ? remindAtMs(phase.attempt) : attemptDueAt(state)
}

/** The earliest time of the next attempt; in the past where it is due. */
export function attemptDueAt(state: State): number | undefined {
  const { autoTopUp: auto, nowMs } = state
  if (!mayAttempt(state)) return undefined
  const [oldest = 0] = auto.startsMs.slice(-attemptsPerDayMax)
  const newest = auto.startsMs.at(-1)
  const afterLast = newest === undefined ? 0 : newest + attemptEveryMs
  const afterDay = auto.startsMs.length < attemptsPerDayMax ? 0 : oldest + attemptDayMs
  const dueAtMs = Math.max(auto.retryAtMs, afterLast, afterDay)
  const atMs = Math.max(dueAtMs, nowMs)
  // A new month has its whole cap: no amount is above it.
  return isCapped(auto, atMs) ? atMs + (msUntilWindowEnds('month', atMs) ?? 0) : dueAtMs
}

/** The amount does not fit into what is left of its month. */
export function isCapped(auto: AutoTopUp, atMs: number): boolean {
  const { monthlyCapNanoUsd: cap, amountNanoUsd } = auto.terms
  return cap !== null && addNanoUsd(chargedInMonthOf(auto, atMs), amountNanoUsd) > cap
}

/** Whether an attempt may be made at all, whenever that is. */
export function mayAttempt(state: State): boolean {
  const { autoTopUp: auto } = state
  return auto.isWanted && auto.phase.state === 'idle' && isOpenToAttempts(state)
}

/** Nothing stands against charging the card: neither its owner nor the operator nor the books. */
export function isOpenToAttempts({ autoTopUp: auto, settings, risk, isDamaged }: State): boolean {
  return (
    auto.terms.isEnabled &&
    auto.method !== null &&
    !isSuspended({ settings, risk }) &&
    !isPaymentInDoubt(risk) &&
    // What a postpaid account owes stands on its invoice.
    settings.mode !== 'postpaid' &&
    !isDamaged
  )
}
