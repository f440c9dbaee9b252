// What came in by purchases, calendar month by month (UTC): the history of an account that no invoices exist of.

import { addNanoUsd, type NanoUsd } from '#core/money.ts'
import type { BilledMonth } from './suggested-credit-limit.ts'
import { windowStart } from './windows.ts'

/** Newest last. */
export type PaidMonths = readonly { readonly startMs: number; readonly amountNanoUsd: NanoUsd }[]

/** A year: an older month says nothing about the next one. */
export const paidMonthsMax = 12

/** What goes back is taken from the month in which it goes back: the ledger never changes what a month was. */
export function afterPayment(months: PaidMonths, amountNanoUsd: NanoUsd, atMs: number): PaidMonths {
  const startMs = windowStart('month', atMs)
  const last = months.at(-1)
  if (last === undefined || last.startMs < startMs)
    return [...months, { startMs, amountNanoUsd }].slice(-paidMonthsMax)
  return [...months.slice(0, -1), { ...last, amountNanoUsd: addNanoUsd(last.amountNanoUsd, amountNanoUsd) }]
}

/** Months that are over and brought something; the running one is not billed yet. */
export function billedMonths(months: PaidMonths, nowMs: number): readonly BilledMonth[] {
  return months
    .filter(({ startMs, amountNanoUsd }) => startMs < windowStart('month', nowMs) && amountNanoUsd > 0)
    .map((month) => ({ ...month, state: 'paid' as const }))
}
