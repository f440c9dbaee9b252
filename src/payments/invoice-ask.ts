// Carries out what the operator has asked of an invoice: it was paid past the provider, or it shall ask for nothing any more.
// The provider does it, under a key that follows from the invoice and the ask alone, and the account is told how it stands then.

import type { AccountId, InvoiceId } from '#core/ids.ts'
import type { InvoiceAsk } from '#ledger/invoice-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { InvoiceDocument, ProviderAnswer } from './provider.ts'
import { type SettledInvoice, settleInvoice } from './settle-invoice.ts'

type Asked = { accountId: AccountId; invoiceId: InvoiceId; ask: InvoiceAsk }

/** Throws where the account could not be told. Repeated, it finds the document as the first one left it. */
export async function carryOutAsk(
  { accountId, invoiceId, ask }: Asked,
  parts: ReadyParts,
): Promise<SettledInvoice> {
  const invoice = await parts.accounts(accountId).invoice(invoiceId)
  if (invoice === null) return { ok: false, code: 'no_such_invoice' }
  const { issued, state } = invoice
  if (issued === null || issued.isLive !== parts.provider.isLive || state === 'paid' || state === 'void')
    return { ok: true, told: 'nothing' }
  const { providerId: documentId } = issued
  const looked = await parts.provider.invoices.look(documentId)
  // Somebody may have been faster: then the account is told what is.
  const isOpen = looked.ok && (looked.value.status === 'open' || looked.value.status === 'uncollectible')
  const done = isOpen ? await doneAt({ invoiceId, documentId, ask }, parts) : looked
  if (!done.ok) {
    parts.log.error('invoice_ask_not_done', {
      account: accountId,
      invoice: invoiceId,
      ask,
      why: done.message,
    })
    if (done.code === 'unknown') return { ok: false, code: 'unknown' }
  }
  return settleInvoice({ accountId, invoiceId }, parts)
}

function doneAt(
  { invoiceId, documentId, ask }: Pick<Asked, 'invoiceId' | 'ask'> & { documentId: string },
  { provider: { invoices } }: ReadyParts,
): Promise<ProviderAnswer<InvoiceDocument>> {
  return ask === 'void'
    ? invoices.withdraw({ key: `inv:${invoiceId}:void`, documentId })
    : invoices.payOutside({ key: `inv:${invoiceId}:outside`, documentId })
}
