// Tells an account how the document of one of its invoices stands: sent out, paid, void, given up, or not what was cut.

import type { AccountId } from '#core/ids.ts'
import { addNanoUsd, formatUsd } from '#core/money.ts'
import type { InvoiceView, IssuedTerms } from '#ledger/invoice-commands.ts'
import type { PaymentFacts } from '#ledger/order-commands.ts'
import type { InvoiceDocument } from './provider.ts'
import type { ReadyParts } from './parts.ts'

/** `issued`: it asks for what was cut, and the account knows. `ended`: it asks for nothing any more. */
export type Told = 'draft' | 'issued' | 'ended' | 'mismatch'

type About = { accountId: AccountId; invoice: InvoiceView; document: InvoiceDocument }

/** Throws where the account could not be told now. */
export async function tellDocument(about: About, parts: ReadyParts): Promise<Told> {
  const { invoice, document, accountId } = about
  const { invoiceId } = invoice
  switch (document.status) {
    case 'draft':
      return 'draft'
    case 'open':
      return told(about, parts)
    case 'void':
    case 'uncollectible': {
      if (document.status === 'uncollectible') await tellIssued(about, parts)
      const ended = await parts.accounts(accountId).endInvoice({ invoiceId, end: document.status })
      if (!ended.ok) throw new Error(`endInvoice: ${ended.code}`)
      return 'ended'
    }
    case 'paid':
      await tellIssued(about, parts)
      return paid(about, parts)
  }
}

/** What was sent and settled before anybody could say so: the account learns which document it was. */
async function tellIssued({ accountId, invoice, document }: About, parts: ReadyParts): Promise<void> {
  const issued = issuedBy(document, invoice)
  if (invoice.state !== 'cut' || issued === undefined) return
  const answer = await parts.accounts(accountId).issueInvoice({ invoiceId: invoice.invoiceId, issued })
  // Somebody has ended it meanwhile: that stands.
  if (!answer.ok && answer.code !== 'invoice_closed') throw new Error(`issueInvoice: ${answer.code}`)
}

/** Undefined where the document does not ask for just what was cut. */
function issuedBy(
  { documentId, isLive, netNanoUsd, currency, dueAtMs, url }: InvoiceDocument,
  { terms }: InvoiceView,
): IssuedTerms | undefined {
  const isRight = netNanoUsd === terms.amountNanoUsd && currency === 'usd' && dueAtMs !== null
  return isRight ? { providerId: documentId, isLive, dueAtMs, url } : undefined
}

async function told({ accountId, invoice, document }: About, parts: ReadyParts): Promise<Told> {
  const { invoiceId, terms } = invoice
  const { documentId, netNanoUsd, currency } = document
  const account = parts.accounts(accountId)
  // What the account holds for void must not be paid.
  const isVoid = invoice.state === 'void'
  const issued = issuedBy(document, invoice)
  if (isVoid || issued === undefined) {
    // First the finding: who dies now is followed by the document's own event, which withdraws it.
    const wrong = { total: formatUsd(netNanoUsd), cut: formatUsd(terms.amountNanoUsd), currency, documentId }
    const ended = isVoid ? { ok: true } : await account.endInvoice({ invoiceId, end: 'void', wrong })
    if (!ended.ok) throw new Error('The account could not be told that its invoice is wrong.')
    const withdrawn = await parts.provider.invoices.withdraw({ key: `inv:${invoiceId}:void`, documentId })
    if (!withdrawn.ok) throw new Error(`${withdrawn.code}: ${withdrawn.message}`)
    return 'ended'
  }
  const answer = await account.issueInvoice({ invoiceId, issued })
  if (!answer.ok) throw new Error(`issueInvoice: ${answer.code}`)
  if (answer.invoice.issued?.providerId === documentId) return 'issued'
  // The first document stands: a second one must not be paid beside it.
  const key = `inv:${invoiceId}:void:${documentId}`
  const withdrawn = await parts.provider.invoices.withdraw({ key, documentId })
  if (!withdrawn.ok) throw new Error(`${withdrawn.code}: ${withdrawn.message}`)
  return 'ended'
}

async function paid({ accountId, invoice, document }: About, parts: ReadyParts): Promise<Told> {
  const { invoiceId } = invoice
  const answer = await parts.accounts(accountId).payInvoice({ invoiceId, facts: factsOf(document) })
  if (answer.ok) return 'ended'
  if (answer.code !== 'mismatch') throw new Error(`payInvoice: ${answer.code}`)
  parts.log.error('invoice_mismatch', { account: accountId, invoice: invoiceId })
  return 'mismatch'
}

/** Paid is paid in full, whether the money came through the provider, past it, or from what the provider kept. */
function factsOf(document: InvoiceDocument): PaymentFacts {
  const { accountId, isLive, currency, netNanoUsd, taxNanoUsd, paymentId } = document
  const receivedNanoUsd = addNanoUsd(netNanoUsd, taxNanoUsd)
  return { accountId, isLive, currency, netNanoUsd, taxNanoUsd, receivedNanoUsd, paymentId }
}
