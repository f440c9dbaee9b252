// The one way in which an issued invoice comes to its end: looked up at the provider as it stands now, and told to the account.
// The webhook, the sweeper and the account's own "overdue" all run this; whoever is first, it is booked once.

import type { AccountId, InvoiceId } from '#core/ids.ts'
import type { ReadyParts } from './parts.ts'
import { type Told, tellDocument } from './tell-document.ts'

export type AskedInvoice = {
  accountId: AccountId
  invoiceId: InvoiceId
  /** A document that claims to be the invoice's, where the account knows of none yet. */
  documentId?: string
}

export type SettledInvoice =
  | { ok: true; told: Told | 'nothing' }
  /** `unknown`: could not be looked at now. */
  | { ok: false; code: 'no_such_invoice' | 'unknown' }

/** Throws where the account could not be told. */
export async function settleInvoice(asked: AskedInvoice, parts: ReadyParts): Promise<SettledInvoice> {
  const { accountId, invoiceId } = asked
  const invoice = await parts.accounts(accountId).invoice(invoiceId)
  if (invoice === null) return { ok: false, code: 'no_such_invoice' }
  const documentId = invoice.issued?.providerId ?? asked.documentId
  const isOfThisMode = invoice.issued === null || invoice.issued.isLive === parts.provider.isLive
  if (invoice.state === 'paid' || documentId === undefined || !isOfThisMode)
    return { ok: true, told: 'nothing' }
  const looked = await parts.provider.invoices.look(documentId)
  if (!looked.ok) {
    parts.log.error('invoice_unknown', { account: accountId, invoice: invoiceId, why: looked.message })
    return { ok: false, code: 'unknown' }
  }
  // A document of another invoice that is held out as this one's.
  if (looked.value.invoiceId !== invoiceId) return { ok: false, code: 'no_such_invoice' }
  return { ok: true, told: await tellDocument({ accountId, invoice, document: looked.value }, parts) }
}
