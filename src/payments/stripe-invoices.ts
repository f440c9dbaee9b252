// Documents of what postpaid accounts owe, as Stripe's invoices: sent, not collected, and never finalised by Stripe itself.

import type Stripe from 'stripe'

import { objectOf, readString } from '#core/readers.ts'
import { nanoUsdOfCents } from './stripe-checkouts.ts'
import type { PaymentConfig } from './config.ts'
import type { InvoiceChange, InvoiceDocument, Invoices, NewInvoice, NewInvoiceLine } from './provider.ts'
import { askStripe, askStripeList } from './stripe-call.ts'

/** Of one customer, newest first: an account has one a month. */
const listedMax = 100
const secondMs = 1_000
const expand = ['payments']

export function stripeInvoices(sdk: Stripe, config: PaymentConfig): Invoices {
  const { invoices, invoiceItems } = sdk
  const look = (documentId: string) =>
    askStripe('invoice', () => invoices.retrieve(documentId, { expand }), documentOf)
  return {
    look,
    draft: (asked) =>
      askStripe(
        'invoice',
        () => invoices.create(invoiceOf(asked, config), { idempotencyKey: asked.key }),
        documentOf,
      ),
    addLine: (asked) =>
      askStripe(
        'invoiceitem',
        () => invoiceItems.create(itemOf(asked, config), { idempotencyKey: asked.key }),
        ({ id }) => ({ lineId: id }),
      ),
    finalise: ({ key, documentId }) =>
      askStripe(
        'invoice',
        () => invoices.finalizeInvoice(documentId, { auto_advance: false }, { idempotencyKey: key }),
        documentOf,
      ),
    send: ({ key, documentId }) =>
      askStripe('invoice', () => invoices.sendInvoice(documentId, {}, { idempotencyKey: key }), documentOf),
    payOutside: ({ key, documentId }) =>
      askStripe(
        'invoice',
        () => invoices.pay(documentId, { paid_out_of_band: true }, { idempotencyKey: key }),
        documentOf,
      ),
    withdraw: async ({ key, documentId }) => {
      const looked = await look(documentId)
      if (!looked.ok || looked.value.status === 'void') return looked
      const { value } = looked
      if (value.status !== 'draft')
        return askStripe(
          'invoice',
          () => invoices.voidInvoice(documentId, {}, { idempotencyKey: key }),
          documentOf,
        )
      const deleted = await askStripe(
        'invoice',
        () => invoices.del(documentId),
        () => value,
      )
      return deleted.ok ? { ok: true, value: { ...value, status: 'void' } } : deleted
    },
    find: (asked) => find(sdk, asked),
    changedSince: (asked) => changedSince(sdk, asked),
  }
}

const find = (sdk: Stripe, { customerId, invoiceId }: Parameters<Invoices['find']>[0]) =>
  askStripeList(
    () =>
      sdk.invoices.list({
        customer: customerId,
        limit: listedMax,
        expand: expand.map((name) => `data.${name}`),
      }),
    ({ data }) => {
      const found = data.find(({ metadata }) => metadata?.['invoice_id'] === invoiceId)
      return found === undefined ? null : documentOf(found)
    },
  )

/** By its events: an invoice is paid long after it was made, and lists know only when that was. */
const changedSince = (sdk: Stripe, { fromMs, after }: Parameters<Invoices['changedSince']>[0]) =>
  askStripeList(
    () =>
      sdk.events.list({
        types: [...changes],
        created: { gte: Math.floor(fromMs / secondMs) },
        limit: listedMax,
        ...(after !== null && { starting_after: after }),
      }),
    ({ data, has_more: hasMore }) => ({
      changes: data.flatMap(changeOf),
      next: hasMore ? (data.at(-1)?.id ?? null) : null,
    }),
  )

const changes = [
  'invoice.finalized',
  'invoice.paid',
  'invoice.voided',
  'invoice.marked_uncollectible',
] as const

function changeOf({ data, created }: Stripe.Event): readonly InvoiceChange[] {
  const documentId = readString(objectOf(data.object)['id'])
  return documentId === undefined ? [] : [{ documentId, atMs: created * secondMs }]
}

/** Everything that Stripe is told; the same for the same invoice, since it goes under the same key. */
export function invoiceOf(asked: NewInvoice, { hasAutomaticTax }: PaymentConfig): Stripe.InvoiceCreateParams {
  const { accountId, invoiceId, customerId, dueDays, periodStartMs, periodEndMs } = asked
  return {
    customer: customerId,
    currency: 'usd',
    collection_method: 'send_invoice',
    days_until_due: dueDays,
    auto_advance: false,
    // What somebody else has put on the customer is no part of it.
    pending_invoice_items_behavior: 'exclude',
    description: `Usage from ${dayOf(periodStartMs)} to ${dayOf(periodEndMs - 1)} (UTC).`,
    metadata: { account_id: accountId, invoice_id: invoiceId },
    ...(hasAutomaticTax && { automatic_tax: { enabled: true } }),
  }
}

function itemOf(asked: NewInvoiceLine, { hasAutomaticTax }: PaymentConfig): Stripe.InvoiceItemCreateParams {
  const { accountId, invoiceId, documentId, customerId, text, cents } = asked
  return {
    customer: customerId,
    invoice: documentId,
    currency: 'usd',
    amount: cents,
    description: text,
    metadata: { account_id: accountId, invoice_id: invoiceId },
    // Tax comes on top, so that what is credited is what was owed.
    ...(hasAutomaticTax && { tax_behavior: 'exclusive' }),
  }
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 'YYYY-MM-DD'.length)
}

function documentOf(invoice: Stripe.Invoice): InvoiceDocument {
  const { id, metadata, livemode, currency, total, total_excluding_tax: net, due_date: due } = invoice
  const withoutTax = net ?? total
  const { customer, parent } = invoice
  return {
    documentId: id,
    customerId: typeof customer === 'string' ? customer : (customer?.id ?? null),
    isOfSubscription: parent?.type === 'subscription_details',
    status: statusOf(invoice),
    // Of a subscription it stands on that.
    accountId: metadata?.['account_id'] ?? parent?.subscription_details?.metadata?.['account_id'] ?? null,
    invoiceId: metadata?.['invoice_id'] ?? null,
    isLive: livemode,
    currency,
    netNanoUsd: nanoUsdOfCents(withoutTax),
    taxNanoUsd: nanoUsdOfCents(total - withoutTax),
    dueAtMs: due === null ? null : due * secondMs,
    url: invoice.hosted_invoice_url ?? null,
    paymentId: paymentIn(invoice),
  }
}

function statusOf({ status }: Stripe.Invoice): InvoiceDocument['status'] {
  const known = ['open', 'paid', 'void', 'uncollectible'] as const
  return known.find((name) => name === status) ?? 'draft'
}

/** `payments` is where they stand since `invoice.payment_intent` is gone. */
function paymentIn({ payments }: Stripe.Invoice): string | null {
  const paid = payments?.data.find(({ status }) => status === 'paid')
  const intent = paid?.payment.payment_intent
  return typeof intent === 'string' ? intent : (intent?.id ?? null)
}
