// Whether an account's calls are refused because it has not paid: an invoice is unpaid beyond its days of grace. Pure.

import { dayMs } from '#core/clock.ts'
import type { UnpaidInvoice } from './call-commands.ts'
import type { State } from './state.ts'

/** The oldest such invoice, as whoever is refused is told of it. */
export function suspendingInvoice({
  invoicing,
  settings,
  nowMs,
}: Pick<State, 'invoicing' | 'settings' | 'nowMs'>): UnpaidInvoice | undefined {
  const graceMs = settings.invoiceGraceDays * dayMs
  const found = invoicing.open.find(({ dueAtMs }) => dueAtMs !== null && nowMs >= dueAtMs + graceMs)
  if (found === undefined) return undefined
  const { invoiceId, amountNanoUsd, url } = found
  return { invoiceId, amountNanoUsd, url }
}
