// Budget windows: what a key (or the account) has spent this day, week, month and ever. UTC; weeks start on Monday.
// A call belongs to the windows of its admission: a charge that arrives after they closed does not touch the next ones.

import { dayMs } from '#core/clock.ts'
import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { BudgetWindow } from './account-commands.ts'

export const budgetWindows = ['day', 'week', 'month', 'lifetime'] as const satisfies readonly BudgetWindow[]

export type Spent = { readonly startMs: number; readonly spentNanoUsd: NanoUsd }
export type Spending = { readonly [Window in BudgetWindow]: Spent }

const daysPerWeek = 7
/** 1970-01-01 was a Thursday: three days after a Monday. */
const epochDaysAfterMonday = 3

const nothing: Spent = { startMs: 0, spentNanoUsd: zeroNanoUsd }
export const noSpending: Spending = { day: nothing, week: nothing, month: nothing, lifetime: nothing }

export function windowStart(window: BudgetWindow, atMs: number): number {
  return startOf[window](atMs)
}

const startOf: { readonly [Window in BudgetWindow]: (atMs: number) => number } = {
  day: (atMs) => Math.floor(atMs / dayMs) * dayMs,
  week: (atMs) => {
    const day = Math.floor(atMs / dayMs)
    return (day - ((day + epochDaysAfterMonday) % daysPerWeek)) * dayMs
  },
  month: (atMs) => monthStart(atMs, 0),
  lifetime: () => 0,
}

/** Until the window that `nowMs` lies in is over; null for one that never ends. */
export function msUntilWindowEnds(window: BudgetWindow, nowMs: number): number | null {
  return untilEndOf[window](nowMs)
}

const untilEndOf: { readonly [Window in BudgetWindow]: (nowMs: number) => number | null } = {
  day: (nowMs) => startOf.day(nowMs) + dayMs - nowMs,
  week: (nowMs) => startOf.week(nowMs) + daysPerWeek * dayMs - nowMs,
  month: (nowMs) => monthStart(nowMs, 1) - nowMs,
  lifetime: () => null,
}

/** Posts a charge (or, negative, a refund) to the windows that were open when the call was admitted. */
export function spend(spending: Spending, amount: NanoUsd, admittedAtMs: number): Spending {
  const post = (window: BudgetWindow): Spent => {
    const startMs = windowStart(window, admittedAtMs)
    const spent = spending[window]
    if (startMs < spent.startMs) return spent
    if (startMs > spent.startMs) return { startMs, spentNanoUsd: amount }
    return { startMs, spentNanoUsd: addNanoUsd(spent.spentNanoUsd, amount) }
  }
  return { day: post('day'), week: post('week'), month: post('month'), lifetime: post('lifetime') }
}

export function spentIn(spending: Spending, window: BudgetWindow, nowMs: number): NanoUsd {
  const spent = spending[window]
  return spent.startMs === windowStart(window, nowMs) ? spent.spentNanoUsd : zeroNanoUsd
}

function monthStart(atMs: number, monthsLater: number): number {
  const date = new Date(atMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1)
}
