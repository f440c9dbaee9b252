// The stand-in's routes of invoices, subscriptions, products and prices.

import type Stripe from 'stripe'
import {
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  sendInvoice,
  voidInvoice,
} from './stripe-invoice-payment.ts'
import { deleteInvoice, deleteInvoiceItem } from './stripe-invoice-removal.ts'
import { createInvoice, createInvoiceItem, updateInvoice } from './stripe-invoices.ts'
import { type Form, formIn, textIn } from './stripe-form.ts'
import { having, listOf } from './stripe-lists.ts'
import { createProduct, priceOf } from './stripe-prices.ts'
import { route, type StripeRoute } from './stripe-route.ts'
import { idOf, known } from './stripe-state.ts'
import {
  cancelSubscription,
  createSubscription,
  subscriptionsAsked,
  updateSubscription,
} from './stripe-subscriptions.ts'

export const billingRoutes: readonly StripeRoute[] = [
  route('POST', '/v1/invoices', (state, { form }) => createInvoice(state, form)),
  route('GET', '/v1/invoices', (state, { form, path }) => {
    const subscription = textIn(form, 'subscription')
    const asked = having(state.invoices.values(), form, ['customer', 'status', 'collection_method'])
    const all = asked.filter(
      ({ parent }) =>
        subscription === null || idOf(parent?.subscription_details?.subscription) === subscription,
    )
    return listOf(all, { form, url: path })
  }),
  route('GET', '/v1/invoices/:id', (state, { id }) => known(state.invoices, 'invoice', id, 'invoice')),
  route('POST', '/v1/invoices/:id', (state, { id, form }) => updateInvoice(state, id, form)),
  route('DELETE', '/v1/invoices/:id', (state, { id }) => deleteInvoice(state, id)),
  route('GET', '/v1/invoices/:id/lines', (state, { id, form, path }) =>
    // Stripe has them in the order in which they stand on the paper.
    listOf(known(state.invoices, 'invoice', id, 'invoice').lines.data.toReversed(), { form, url: path }),
  ),
  route('POST', '/v1/invoices/:id/finalize', (state, { id }) => finalizeInvoice(state, id)),
  route('POST', '/v1/invoices/:id/send', (state, { id }) => sendInvoice(state, id)),
  route('POST', '/v1/invoices/:id/pay', (state, { id, form }) => payInvoice(state, id, form)),
  route('POST', '/v1/invoices/:id/void', (state, { id }) => voidInvoice(state, id)),
  route('POST', '/v1/invoices/:id/mark_uncollectible', (state, { id }) => markUncollectible(state, id)),
  route('GET', '/v1/invoice_payments', (state, { form, path }) =>
    listOf(
      ofPayment(having(state.invoicePayments.values(), form, ['invoice', 'status']), formIn(form, 'payment')),
      { form, url: path },
    ),
  ),

  route('POST', '/v1/invoiceitems', (state, { form }) => createInvoiceItem(state, form)),
  route('GET', '/v1/invoiceitems', (state, { form, path }) =>
    listOf(having(state.invoiceItems.values(), form, ['customer', 'invoice']), { form, url: path }),
  ),
  route('DELETE', '/v1/invoiceitems/:id', (state, { id }) => deleteInvoiceItem(state, id)),

  route('POST', '/v1/subscriptions', (state, { form }) => createSubscription(state, form)),
  route('GET', '/v1/subscriptions', (state, { form, path }) =>
    listOf(subscriptionsAsked(state, form), { form, url: path }),
  ),
  route('GET', '/v1/subscriptions/:id', (state, { id }) => known(state.subscriptions, 'subscription', id)),
  route('POST', '/v1/subscriptions/:id', (state, { id, form }) => updateSubscription(state, id, form)),
  route('DELETE', '/v1/subscriptions/:id', (state, { id }) => cancelSubscription(state, id)),

  route('POST', '/v1/products', (state, { form }) => createProduct(state, form)),
  route('GET', '/v1/products/:id', (state, { id }) => known(state.products, 'product', id)),
  route('POST', '/v1/prices', (state, { form }) => priceOf(state, form)),
  route('GET', '/v1/prices', (state, { form, path }) =>
    listOf(having(state.prices.values(), form, ['product', 'lookup_key']), { form, url: path }),
  ),
  route('GET', '/v1/prices/:id', (state, { id }) => known(state.prices, 'price', id)),
]

/** Those of one payment, where one is named. */
function ofPayment(payments: readonly Stripe.InvoicePayment[], asked: Form) {
  const intent = textIn(asked, 'payment_intent')
  return payments.filter(({ payment }) => intent === null || idOf(payment.payment_intent ?? null) === intent)
}
