// Events about invoices: the document carries the account's and the invoice's names. Whatever an event says happened, the
// document is looked at as it stands now.

import { readAccountId, readInvoiceId } from '#core/ids.ts'
import { type JsonObject, objectOf, readString } from '#core/readers.ts'
import type { EventHandler } from './payment-event.ts'
import { type AskedInvoice, settleInvoice } from './settle-invoice.ts'

export const settleInvoiceOf: EventHandler = async ({ id, type, object }, parts) => {
  const named = invoiceNamedIn(object)
  // Somebody else's on the same Stripe account.
  if (named === undefined) return 'ignored'
  const settled = await settleInvoice(named, parts)
  if (settled.ok) return 'done'
  if (settled.code === 'unknown') return 'again'
  const { accountId, invoiceId } = named
  parts.log.error('foreign_invoice', { event: id, type, account: accountId, invoice: invoiceId })
  return 'ignored'
}

function invoiceNamedIn(object: JsonObject): AskedInvoice | undefined {
  const metadata = objectOf(object['metadata'])
  const accountId = readAccountId(metadata['account_id'])
  const invoiceId = readInvoiceId(metadata['invoice_id'])
  const documentId = readString(object['id'])
  if (accountId === undefined || invoiceId === undefined || documentId === undefined) return undefined
  return { accountId, invoiceId, documentId }
}
