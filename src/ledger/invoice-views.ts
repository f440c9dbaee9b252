// What is known of invoices, from rows that are kept for ever: for reading, and for telling a repeat.

import { asMillis } from '#core/clock.ts'
import { type InvoiceId, invoiceIdOf } from '#core/ids.ts'
import { maxNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { readJson } from '#core/readers.ts'
import type { InvoicePage, InvoiceState, InvoicesView, InvoiceView } from './invoice-commands.ts'
import { readInvoiceEnd, readInvoiceTerms, readIssued } from './invoice-details.ts'
import { owedOf } from './invoices-replay.ts'
import type { Lookup } from './rows.ts'
import type { State } from './state.ts'
import { suspendingInvoice } from './suspension.ts'

/** More are asked for page by page. */
export const invoicesPerPageMax = 100

type References = Pick<Lookup, 'reference'>

/** From rows that are kept for ever; undefined for one that was never cut. */
export function invoiceFrom(
  invoiceId: InvoiceId,
  lookup: References,
  nowMs: number,
): InvoiceView | undefined {
  const said = lookup.reference('invoice', invoiceId)?.said
  const terms = said === undefined ? undefined : readInvoiceTerms(readJson(said))
  if (terms === undefined) return undefined
  const issued = readIssued(readJson(lookup.reference('invoice_issue', invoiceId)?.said ?? '')) ?? null
  const creditSeq = lookup.reference('credit', invoiceId)?.seq ?? null
  const isVoid = lookup.reference('invoice_void', invoiceId) !== undefined
  const end = isVoid ? 'void' : readInvoiceEnd(lookup.reference('invoice_end', invoiceId)?.said)
  const state = creditSeq === null ? (end ?? openStateOf(issued, nowMs)) : 'paid'
  return { invoiceId, terms, issued, state, creditSeq }
}

/** One page of them, the newest first, and what is owed beside. */
export function invoicesView(
  state: State,
  lookup: References,
  { beforeNumber, limit }: InvoicePage,
  clockMs: number,
): InvoicesView {
  const { accountId, invoicing } = state
  const nowMs = asMillis(Math.max(state.nowMs, clockMs))
  const least = Math.max(0, Math.min(invoicing.count, beforeNumber - 1) - Math.min(limit, invoicesPerPageMax))
  const invoices: InvoiceView[] = []
  for (let number = Math.min(invoicing.count, beforeNumber - 1); number > least; number -= 1) {
    const invoice = invoiceFrom(invoiceIdOf(accountId, number), lookup, nowMs)
    if (invoice !== undefined) invoices.push(invoice)
  }
  return {
    invoices,
    periodStartMs: invoicing.sinceMs,
    owedNanoUsd: maxNanoUsd(zeroNanoUsd, owedOf(state)),
    suspendedBy: suspendingInvoice({ ...state, nowMs })?.invoiceId ?? null,
  }
}

function openStateOf(issued: InvoiceView['issued'], nowMs: number): InvoiceState {
  if (issued === null) return 'cut'
  return nowMs >= issued.dueAtMs ? 'overdue' : 'issued'
}
