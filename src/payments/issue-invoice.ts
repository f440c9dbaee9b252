// Makes the document of an invoice that was cut: draft, lines, final; then it is sent. Every step goes under a key that follows from the
// invoice alone, so whoever dies in between is followed by somebody who comes to the same document.

import { hourMs } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import type { Customer } from '#ledger/order-commands.ts'
import type { InvoiceView } from '#ledger/invoice-commands.ts'
import { billingAddressOf, giveAddress, noAddress } from './billing-address.ts'
import { asCustomer, knownCustomer } from './customer.ts'
import { invoiceLines } from './invoice-lines.ts'
import type { InvoiceDocument } from './provider.ts'
import { sumsPerModel } from './invoice-sums.ts'
import type { ReadyParts } from './parts.ts'
import type { ProviderAnswer } from './provider.ts'
import { centsOf } from './stripe-checkouts.ts'
import { tellDocument } from './tell-document.ts'

/** The provider forgets a key after a day: from then on a document is looked for and never made again. */
const makeWithinMs = 23 * hourMs

export type Cut = { accountId: AccountId; invoice: InvoiceView; cutAtMs: number }

/** Throws where it has to be tried again: what cannot be done now (Postgres behind, the provider away) comes again whole. */
export async function issueInvoice(cut: Cut, parts: ReadyParts): Promise<void> {
  const { accountId, invoice } = cut
  const isOld = parts.clock.now() - cut.cutAtMs > makeWithinMs
  const document = isOld ? await foundAgain(cut, parts) : await made(cut, parts)
  if (document === undefined) return
  // That it is issued is an entry of its own, by whose task it is sent.
  await tellDocument({ accountId, invoice, document }, parts)
}

/** Mailed by the provider, once: throws where nobody can say. It can be paid at its address all the same; our own notice tells of it. */
export async function sendInvoice(
  { accountId, invoice }: Omit<Cut, 'cutAtMs'>,
  parts: ReadyParts,
): Promise<void> {
  const { invoiceId, issued, state } = invoice
  if (issued === null || issued.isLive !== parts.provider.isLive) return
  if (state !== 'issued' && state !== 'overdue') return
  const sent = await parts.provider.invoices.send({
    key: `inv:${invoiceId}:send`,
    documentId: issued.providerId,
  })
  if (sent.ok) return
  parts.log.error('invoice_not_sent', { account: accountId, invoice: invoiceId, why: sent.message })
  if (sent.code === 'unknown') throw new Error(`${sent.code}: ${sent.message}`)
}

async function made({ accountId, invoice }: Cut, parts: ReadyParts): Promise<InvoiceDocument> {
  const { db } = parts
  if (db === undefined) throw new Error('Without a database no invoice can be explained.')
  const lines = await linesOf(db, accountId, invoice, parts)
  const { draft, payer } = valueOf(await draftFor({ accountId, invoice }, parts))
  const { documentId } = draft
  const name = nameOf(invoice, payer)
  const { invoiceId } = invoice
  for (const [index, { text, cents }] of lines.entries()) {
    const key = `${name}:l${index + 1}`
    const line = { key, accountId, invoiceId, documentId, customerId: payer.customerId, text, cents }
    valueOf(await parts.provider.invoices.addLine(line))
  }
  return valueOf(await parts.provider.invoices.finalise({ key: `${name}:finalise`, documentId }))
}

/** Waits until Postgres has confirmed all that the invoice is about: what arrives later cannot be one of its lines. */
async function linesOf(db: Db, accountId: AccountId, { terms }: InvoiceView, { accounts }: ReadyParts) {
  const confirmed = (await accounts(accountId).view())?.marks.confirmed ?? 0
  if (confirmed < terms.throughSeq)
    throw new Error(`Postgres has confirmed ${confirmed} of ${terms.throughSeq} entries.`)
  return invoiceLines(await sumsPerModel(db, accountId, terms), centsOf(terms.amountNanoUsd))
}

type Draft = { draft: InvoiceDocument; payer: Customer }

function draftFor(
  { accountId, invoice }: Pick<Cut, 'accountId' | 'invoice'>,
  parts: ReadyParts,
): Promise<ProviderAnswer<Draft>> {
  const { dueDays, periodStartMs, periodEndMs } = invoice.terms
  const { invoiceId } = invoice
  return asCustomer(accountId, parts, async (payer) => {
    const { customerId } = payer
    const addressed = await giveAddress({ accountId, customerId }, parts)
    if (!addressed.ok) return addressed
    const asked = { accountId, invoiceId, customerId, dueDays, periodStartMs, periodEndMs }
    const made = await parts.provider.invoices.draft({ ...asked, key: nameOf(invoice, payer) })
    return made.ok ? { ok: true, value: { draft: made.value, payer } } : made
  })
}

/** Another customer is another request, which must not go under the same key. */
function nameOf({ invoiceId }: InvoiceView, { number }: Customer): string {
  return number === 1 ? `inv:${invoiceId}` : `inv:${invoiceId}:c${number}`
}

/** Nothing of it, or only a draft whose lines nobody can vouch for: withdrawn, and what it asked for is owed again. */
async function foundAgain(
  { accountId, invoice }: Cut,
  parts: ReadyParts,
): Promise<InvoiceDocument | undefined> {
  const { invoiceId } = invoice
  const { invoices } = parts.provider
  const customer = await knownCustomer(accountId, parts)
  const found =
    customer === undefined
      ? null
      : valueOf(await invoices.find({ customerId: customer.customerId, invoiceId }))
  if (found !== null && found.status !== 'draft') return found
  if (found !== null)
    valueOf(await invoices.withdraw({ key: `inv:${invoiceId}:void`, documentId: found.documentId }))
  const isAddressed = parts.db !== undefined && (await billingAddressOf(parts.db, accountId)) !== undefined
  const why = isAddressed ? 'It could not be made within a day.' : noAddress
  const wrong = { why, documentId: found?.documentId ?? '' }
  const ended = await parts.accounts(accountId).endInvoice({ invoiceId, end: 'void', wrong })
  if (!ended.ok) throw new Error(`endInvoice: ${ended.code}`)
  return undefined
}

function valueOf<Value>(answer: ProviderAnswer<Value>): Value {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.value
}
