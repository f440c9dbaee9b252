// Invoices at Stripe's stand-in: drafts with their lines, finalised, paid by card or outside Stripe, overdue, voided.

import Stripe from 'stripe'
import { refuseRequest } from './stripe-error.ts'
import {
  booleanIn,
  type Form,
  formIn,
  integerIn,
  metadataIn,
  requiredText,
  textIn,
  wordIn,
} from './stripe-form.ts'
import { priceOf } from './stripe-prices.ts'
import { idOf, known, knownCustomer, type StripeState } from './stripe-state.ts'

const daySeconds = 86_400

export type InvoicePlan = {
  customer: string
  currency: string
  reason: Stripe.Invoice.BillingReason
  collection: Stripe.Invoice.CollectionMethod
  dueAt: number | null
  metadata: { [name: string]: string }
  description?: string | null
  subscription?: string
  /** Of what is paid for; this moment where it does not say. */
  period?: { start: number; end: number }
}

export function makeInvoice(state: StripeState, plan: InvoicePlan): Stripe.Invoice {
  const customer = knownCustomer(state, plan.customer, 'customer')
  const id = state.newId('in')
  const now = state.now()
  const invoice: Stripe.Invoice = {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Local',
    account_tax_ids: null,
    amount_due: 0,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: false,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: plan.reason,
    collection_method: plan.collection,
    created: now,
    currency: plan.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: plan.description ?? null,
    discounts: [],
    due_date: plan.dueAt,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: 'list', data: [], has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: plan.metadata,
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent:
      plan.subscription === undefined
        ? null
        : {
            quote_details: null,
            subscription_details: { metadata: {}, subscription: plan.subscription },
            type: 'subscription_details',
          },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: plan.period?.end ?? now,
    period_start: plan.period?.start ?? now,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: 0,
    subtotal_excluding_tax: 0,
    test_clock: null,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  }
  state.invoices.set(id, invoice)
  state.emit('invoice.created', invoice)
  return invoice
}

export function createInvoice(state: StripeState, form: Form): Stripe.Invoice {
  const collection =
    wordIn(form, 'collection_method', ['charge_automatically', 'send_invoice']) ?? 'charge_automatically'
  const days = integerIn(form, 'days_until_due')
  const dueDate = integerIn(form, 'due_date')
  if (collection === 'send_invoice' && days === null && dueDate === null)
    throw refuseRequest({
      message: 'If `collection_method` is `send_invoice`, you must pass `days_until_due` or `due_date`.',
      param: 'days_until_due',
    })
  const payer = knownCustomer(state, requiredText(form, 'customer'), 'customer')
  if (collection === 'send_invoice' && payer.email === null)
    throw refuseRequest({
      message:
        'Missing email. In order to create invoices that are sent to the customer, the customer must have a valid email.',
    })
  const invoice = makeInvoice(state, {
    customer: payer.id,
    currency: textIn(form, 'currency') ?? 'usd',
    reason: 'manual',
    collection,
    dueAt: dueDate ?? (days === null ? null : state.now() + days * daySeconds),
    metadata: metadataIn(form),
    description: textIn(form, 'description'),
  })
  invoice.auto_advance = booleanIn(form, 'auto_advance') ?? false
  if (wordIn(form, 'pending_invoice_items_behavior', ['exclude', 'include']) === 'include')
    for (const item of state.invoiceItems.values())
      if (item.invoice === null && idOf(item.customer) === idOf(invoice.customer)) place(state, item, invoice)
  return invoice
}

export function updateInvoice(state: StripeState, id: string, form: Form): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  invoice.metadata = metadataIn(form, invoice.metadata ?? {})
  if ('description' in form) invoice.description = textIn(form, 'description')
  if ('auto_advance' in form) invoice.auto_advance = booleanIn(form, 'auto_advance') ?? false
  state.emit('invoice.updated', invoice)
  return invoice
}

export function createInvoiceItem(state: StripeState, form: Form): Stripe.InvoiceItem {
  const { id: customer } = knownCustomer(state, requiredText(form, 'customer'), 'customer')
  const data = formIn(form, 'price_data')
  const quantity = integerIn(form, 'quantity') ?? 1
  const stated = integerIn(form, 'amount')
  const amount = stated ?? (priceOf(state, data).unit_amount ?? 0) * quantity
  const invoiceId = textIn(form, 'invoice')
  const invoice = invoiceId === null ? null : draft(state, invoiceId)
  const period = formIn(form, 'period')
  const item: Stripe.InvoiceItem = {
    id: state.newId('ii'),
    object: 'invoiceitem',
    amount,
    currency: textIn(form, 'currency') ?? textIn(data, 'currency') ?? 'usd',
    customer,
    customer_account: null,
    date: state.now(),
    description: textIn(form, 'description'),
    discountable: true,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: metadataIn(form),
    parent: null,
    period: {
      start: integerIn(period, 'start') ?? state.now(),
      end: integerIn(period, 'end') ?? state.now(),
    },
    pricing: null,
    proration: false,
    quantity,
    quantity_decimal: Stripe.Decimal.from(quantity),
    tax_rates: [],
    test_clock: null,
  }
  state.invoiceItems.set(item.id, item)
  state.emit('invoiceitem.created', item)
  if (invoice !== null) place(state, item, invoice)
  return item
}

export function draft(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status === 'draft') return invoice
  throw refuseRequest({
    message: `Invoice ${id} is no longer editable.`,
    code: 'invoice_not_editable',
    param: 'invoice',
  })
}

function place(state: StripeState, item: Stripe.InvoiceItem, invoice: Stripe.Invoice): void {
  item.invoice = invoice.id
  addLine(state, invoice, {
    amount: item.amount,
    description: item.description,
    metadata: item.metadata ?? {},
    period: item.period,
    quantity: item.quantity,
    parent: {
      invoice_item_details: {
        invoice_item: item.id,
        proration: false,
        proration_details: null,
        subscription: null,
      },
      subscription_item_details: null,
      type: 'invoice_item_details',
    },
  })
}

export function addLine(
  state: StripeState,
  invoice: Stripe.Invoice,
  given: Pick<
    Stripe.InvoiceLineItem,
    'amount' | 'description' | 'metadata' | 'period' | 'quantity' | 'parent'
  > & {
    price?: Stripe.Price
    subscription?: string
  },
): void {
  const { price, subscription = null, ...line } = given
  invoice.lines.data.push({
    id: state.newId('il'),
    object: 'line_item',
    currency: invoice.currency,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: invoice.id,
    livemode: false,
    pretax_credit_amounts: [],
    pricing:
      price === undefined
        ? null
        : {
            price_details: { price: price.id, product: idOf(price.product) ?? '' },
            type: 'price_details',
            unit_amount_decimal: price.unit_amount_decimal,
          },
    quantity_decimal: line.quantity === null ? null : Stripe.Decimal.from(line.quantity),
    subscription,
    subtotal: line.amount,
    taxes: [],
    ...line,
  })
  addUp(invoice)
}

export function addUp(invoice: Stripe.Invoice): void {
  const total = invoice.lines.data.reduce((sum, { amount }) => sum + amount, 0)
  invoice.subtotal = total
  invoice.subtotal_excluding_tax = total
  invoice.total = total
  invoice.total_excluding_tax = total
  invoice.amount_due = Math.max(0, total)
  invoice.amount_remaining = invoice.amount_due
}
