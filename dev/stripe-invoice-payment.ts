// An invoice of Stripe's stand-in after its draft: final, sent, paid by card or past Stripe, overdue, void.

import type Stripe from 'stripe'
import { confirm } from './stripe-confirm.ts'
import { usableMethod } from './stripe-customers.ts'
import { refuseRequest } from './stripe-error.ts'
import { booleanIn, type Form, textIn } from './stripe-form.ts'
import { makeIntent } from './stripe-payments.ts'
import { idOf, known, knownCustomer, type StripeState } from './stripe-state.ts'

/** Less than this Stripe does not collect: the invoice counts as paid, and the customer's balance at Stripe carries it. */
const leastCents = 50

export function finalizeInvoice(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status !== 'draft')
    throw refuseRequest({
      message: 'This invoice is already finalized, you can’t re-finalize a non-draft invoice.',
      code: 'invoice_not_editable',
    })
  invoice.status = 'open'
  invoice.number = `LOCAL-${String(state.invoices.size).padStart(4, '0')}`
  invoice.effective_at = state.now()
  invoice.status_transitions.finalized_at = state.now()
  invoice.hosted_invoice_url = `${state.pagesUrl}/invoice/${id}`
  invoice.invoice_pdf = `${state.pagesUrl}/invoice/${id}`
  invoice.ending_balance = 0
  state.emit('invoice.finalized', invoice)
  if (invoice.amount_due < leastCents) {
    carry(state, invoice)
    return invoice
  }
  if (invoice.due_date !== null) state.later((invoice.due_date - state.now()) * 1_000, { do: 'overdue', id })
  return invoice
}

/** Too little to collect, or nothing. */
function carry(state: StripeState, invoice: Stripe.Invoice): void {
  const customer = knownCustomer(state, idOf(invoice.customer) ?? '')
  customer.balance += invoice.total
  invoice.ending_balance = customer.balance
  invoice.amount_due = 0
  invoice.amount_remaining = 0
  settleInvoice(state, invoice)
}

function settleInvoice(state: StripeState, invoice: Stripe.Invoice): void {
  invoice.status = 'paid'
  invoice.attempted = true
  invoice.status_transitions.paid_at = state.now()
  state.emit('invoice.paid', invoice)
  const subscription = state.subscriptions.get(idOf(invoice.parent?.subscription_details?.subscription) ?? '')
  if (subscription?.status !== 'past_due' || idOf(subscription.latest_invoice) !== invoice.id) return
  subscription.status = 'active'
  state.emit('customer.subscription.updated', subscription, { status: 'past_due' })
}

export function sendInvoice(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status === 'draft') finalizeInvoice(state, id)
  state.emit('invoice.sent', invoice)
  return invoice
}

export function payInvoice(state: StripeState, id: string, form: Form): Stripe.Invoice {
  if (booleanIn(form, 'paid_out_of_band') === true) return payOutside(state, id)
  return payByMethod(state, id, textIn(form, 'payment_method'))
}

function payable(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status === 'draft') finalizeInvoice(state, id)
  if (invoice.status === 'open' || invoice.status === 'uncollectible') return invoice
  throw refuseRequest({ message: `Invoice is already ${invoice.status}`, code: 'invoice_already_paid' })
}

/** A cheque, a transfer past Stripe: the operator says so. */
export function payOutside(state: StripeState, id: string): Stripe.Invoice {
  return settled(state, payable(state, id))
}

export function payByMethod(state: StripeState, id: string, methodId: string | null): Stripe.Invoice {
  const invoice = payable(state, id)
  const customer = knownCustomer(state, idOf(invoice.customer) ?? '')
  const chosen =
    methodId ?? idOf(invoice.default_payment_method) ?? idOf(customer.invoice_settings.default_payment_method)
  if (chosen === null)
    throw refuseRequest({
      message: 'There is no `default_payment_method` set on this Customer or Invoice.',
      code: 'resource_missing',
    })
  const method = usableMethod(state, chosen)
  const intent = makeIntent(state, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: customer.id,
    metadata: {},
    description: `Payment for Invoice ${invoice.number}`,
    receiptEmail: customer.email,
  })
  intent.payment_method = method.id
  intent.status = 'requires_confirmation'
  invoice.attempted = true
  invoice.attempt_count += 1
  try {
    confirm(state, intent, { failsOnAction: true })
  } catch (error) {
    state.emit('invoice.payment_failed', invoice)
    throw error
  }
  addPayment(state, invoice, intent)
  return settled(state, invoice)
}

function settled(state: StripeState, invoice: Stripe.Invoice): Stripe.Invoice {
  invoice.amount_paid = invoice.amount_due
  invoice.amount_remaining = 0
  settleInvoice(state, invoice)
  return invoice
}

function addPayment(state: StripeState, invoice: Stripe.Invoice, intent: Stripe.PaymentIntent): void {
  const payment: Stripe.InvoicePayment = {
    id: state.newId('inpay'),
    object: 'invoice_payment',
    amount_paid: intent.amount_received,
    amount_requested: intent.amount,
    created: state.now(),
    currency: intent.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: state.now() },
  }
  state.invoicePayments.set(payment.id, payment)
  state.emit('invoice_payment.paid', payment)
}

export function voidInvoice(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw refuseRequest({ message: `You can only void an open invoice; this one is ${invoice.status}.` })
  invoice.status = 'void'
  invoice.status_transitions.voided_at = state.now()
  state.emit('invoice.voided', invoice)
  return invoice
}

export function markUncollectible(state: StripeState, id: string): Stripe.Invoice {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (invoice.status !== 'open')
    throw refuseRequest({ message: `You can only mark an open invoice; this one is ${invoice.status}.` })
  invoice.status = 'uncollectible'
  invoice.status_transitions.marked_uncollectible_at = state.now()
  state.emit('invoice.marked_uncollectible', invoice)
  return invoice
}
