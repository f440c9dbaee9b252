// The nightly comparison of the books with the provider, whole: payments and invoices. What is found stands with the findings
// of the books; nothing is mended.

import { compareInvoices, type InvoiceFinding } from './compare-invoices.ts'
import { type CompareParts, comparePayments, type PaymentFinding } from './compare-payments.ts'

export type ComparisonReport = {
  payments: number
  credits: number
  /** Documents that were looked at. */
  invoices: number
  findings: readonly (PaymentFinding | InvoiceFinding)[]
  /** False where there was more than one run looks at. */
  isWhole: boolean
}

/** `restMs`: what is younger may still be on its way to its account; an hour where nobody says. */
export async function compareWithProvider(parts: CompareParts, restMs?: number): Promise<ComparisonReport> {
  const payments = await comparePayments(parts, restMs)
  const invoices = await compareInvoices(parts, restMs)
  return {
    payments: payments.payments,
    credits: payments.credits,
    invoices: invoices.documents,
    findings: [...payments.findings, ...invoices.findings],
    isWhole: payments.isWhole && invoices.isWhole,
  }
}

/** In the quiet of the night (UTC), by the hourly trigger. */
export function isCompareHour(nowMs: number): boolean {
  return new Date(nowMs).getUTCHours() === compareHour
}

const compareHour = 4
