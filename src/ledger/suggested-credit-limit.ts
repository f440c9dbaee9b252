// How much credit a customer's history would justify: a rule for the operator's eyes. Nothing applies it by itself.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'

/** A month that was billed: paid, not due yet, or not paid when it was due. */
export type BilledMonth = {
  readonly startMs: number
  readonly amountNanoUsd: NanoUsd
  readonly state: 'paid' | 'open' | 'overdue'
}

/** Fewer paid months say nothing about a customer. */
export const paidMonthsMin = 3

/** Half the mean of the last three paid months, rounded down; 0 before there are three, and 0 while any month is overdue. */
export function suggestedCreditLimit(history: readonly BilledMonth[]): NanoUsd {
  const paid = history.filter(({ state }) => state === 'paid')
  const isOverdue = history.some(({ state }) => state === 'overdue')
  if (isOverdue || paid.length < paidMonthsMin) return zeroNanoUsd
  const last = paid.toSorted((a, b) => b.startMs - a.startMs).slice(0, paidMonthsMin)
  const sum = addNanoUsd(...last.map(({ amountNanoUsd }) => amountNanoUsd))
  return nanoUsd(Math.max(0, Math.floor(sum / (2 * paidMonthsMin))))
}
