// The stand-in's routes of invoices, subscriptions, products and prices.

import {
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  sendInvoice,
  voidInvoice,
} from './stripe-invoice-payment.ts'
import {
  createInvoice,
  createInvoiceItem,
  deleteInvoice,
  deleteInvoiceItem,
  updateInvoice,
} from './stripe-invoices.ts'
import { having, listOf } from './stripe-lists.ts'
import { createProduct, priceOf } from './stripe-prices.ts'
import { route, type StripeRoute } from './stripe-route.ts'
import { known } from './stripe-state.ts'
import { cancelSubscription, createSubscription, updateSubscription } from './stripe-subscriptions.ts'

export const billingRoutes: readonly StripeRoute[] = [
  route('POST', '/v1/invoices', (state, { form }) => createInvoice(state, form)),
  route('GET', '/v1/invoices', (state, { form, path }) =>
    listOf(having(state.invoices.values(), form, ['customer', 'status', 'collection_method']), {
      form,
      url: path,
    }),
  ),
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
    listOf(having(state.invoicePayments.values(), form, ['invoice', 'status']), { form, url: path }),
  ),

  route('POST', '/v1/invoiceitems', (state, { form }) => createInvoiceItem(state, form)),
  route('GET', '/v1/invoiceitems', (state, { form, path }) =>
    listOf(having(state.invoiceItems.values(), form, ['customer', 'invoice']), { form, url: path }),
  ),
  route('DELETE', '/v1/invoiceitems/:id', (state, { id }) => deleteInvoiceItem(state, id)),

  route('POST', '/v1/subscriptions', (state, { form }) => createSubscription(state, form)),
  route('GET', '/v1/subscriptions', (state, { form, path }) =>
    listOf(having(state.subscriptions.values(), form, ['customer', 'status']), { form, url: path }),
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
