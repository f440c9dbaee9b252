// The nightly comparison of the books with the provider: payments, and an hour later invoices, so that no run asks too much at
// once. What is found stands with the findings of the books; nothing is mended.

import type { Json } from '#core/errors.ts'
import { compareInvoices, type InvoiceFinding } from './compare-invoices.ts'
import type { SubscriptionFinding } from './compare-subscriptions.ts'
import { type CompareParts, comparePayments, type PaymentFinding } from './compare-payments.ts'

type CutShort = {
  kind: 'comparison_cut_short'
  accountId: ''
  subject: 'payments' | 'invoices'
  detail: Json
}

export type ComparisonFinding = PaymentFinding | InvoiceFinding | SubscriptionFinding | CutShort

/** In the quiet of the night (UTC), by the hourly trigger; undefined at every other hour. */
export function comparisonAt(
  nowMs: number,
): ((parts: CompareParts) => Promise<readonly ComparisonFinding[]>) | undefined {
  const hour = new Date(nowMs).getUTCHours()
  if (hour === paymentsHour) return async (parts) => withCutShort('payments', await comparePayments(parts))
  if (hour === invoicesHour) return async (parts) => withCutShort('invoices', await compareInvoices(parts))
  return undefined
}

const paymentsHour = 4
const invoicesHour = 5

/** Both at once, for the operator. `restMs`: what is younger may still be on its way; an hour where nobody says. */
export async function compareNow(parts: CompareParts, restMs?: number) {
  const payments = await comparePayments(parts, restMs)
  const invoices = await compareInvoices(parts, restMs)
  return { payments, invoices, findings: [...payments.findings, ...invoices.findings] }
}

function withCutShort(
  subject: CutShort['subject'],
  { findings, isWhole }: { findings: readonly ComparisonFinding[]; isWhole: boolean },
): readonly ComparisonFinding[] {
  return isWhole
    ? findings
    : [...findings, { kind: 'comparison_cut_short', accountId: '', subject, detail: {} }]
}
