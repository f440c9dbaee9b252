// The routes of Stripe's API that the stand-in answers, each with the function that does it.

import type Stripe from 'stripe'
import { billingRoutes } from './stripe-billing-routes.ts'
import { createSession, expireSession } from './stripe-checkout.ts'
import {
  attachMethod,
  createCustomer,
  createPaymentMethod,
  deleteCustomer,
  detach,
  methodsOf,
  updateCustomer,
} from './stripe-customers.ts'
import { refuseRequest } from './stripe-error.ts'
import { booleanIn, type Form, metadataIn, requiredText, textIn, textsIn } from './stripe-form.ts'
import { having, listOf } from './stripe-lists.ts'
import { cancelIntent, confirmIntent, createIntent, updateIntent } from './stripe-payments.ts'
import { createRefund } from './stripe-refunds.ts'
import { route, type StripeRoute } from './stripe-route.ts'
import { cancelSetup, confirmSetup, createSetup } from './stripe-setup.ts'
import { known, knownCustomer, type StripeEvent, type StripeState } from './stripe-state.ts'

export const stripeRoutes: readonly StripeRoute[] = [
  route('POST', '/v1/customers', (state, { form }) => createCustomer(state, form)),
  route('GET', '/v1/customers', (state, { form, path }) => {
    const email = textIn(form, 'email')
    const all = [...state.customers.values()].flatMap((one) => (one.deleted === true ? [] : [one]))
    return listOf(email === null ? all : all.filter((one) => one.email === email), { form, url: path })
  }),
  route('GET', '/v1/customers/:id', (state, { id }) => known(state.customers, 'customer', id)),
  route('POST', '/v1/customers/:id', (state, { id, form }) => updateCustomer(state, id, form)),
  route('DELETE', '/v1/customers/:id', (state, { id }) => deleteCustomer(state, id)),
  route('GET', '/v1/customers/:id/payment_methods', (state, { id, form, path }) => {
    knownCustomer(state, id)
    return listOf(ofType(methodsOf(state, id), form), { form, url: path })
  }),

  route('POST', '/v1/payment_methods', (state, { form }) => createPaymentMethod(state, form)),
  route('GET', '/v1/payment_methods', (state, { form, path }) => {
    const customer = textIn(form, 'customer')
    const all = customer === null ? [] : methodsOf(state, knownCustomer(state, customer, 'customer').id)
    return listOf(ofType(all, form), { form, url: path })
  }),
  route('GET', '/v1/payment_methods/:id', (state, { id }) =>
    known(state.paymentMethods, 'PaymentMethod', id, 'payment_method'),
  ),
  route('POST', '/v1/payment_methods/:id', (state, { id, form }) => {
    const method = known(state.paymentMethods, 'PaymentMethod', id, 'payment_method')
    method.metadata = metadataIn(form, method.metadata ?? {})
    return method
  }),
  route('POST', '/v1/payment_methods/:id/attach', (state, { id, form }) => attachMethod(state, id, form)),
  route('POST', '/v1/payment_methods/:id/detach', (state, { id }) => detach(state, id)),

  route('POST', '/v1/setup_intents', (state, { form }) => createSetup(state, form)),
  route('GET', '/v1/setup_intents', (state, { form, path }) =>
    listOf(having(state.setupIntents.values(), form, ['customer', 'payment_method']), { form, url: path }),
  ),
  route('GET', '/v1/setup_intents/:id', (state, { id }) => known(state.setupIntents, 'setup_intent', id)),
  route('POST', '/v1/setup_intents/:id/confirm', (state, { id, form }) => confirmSetup(state, id, form)),
  route('POST', '/v1/setup_intents/:id/cancel', (state, { id }) => cancelSetup(state, id)),

  route('POST', '/v1/checkout/sessions', (state, { form }) => createSession(state, form)),
  route('GET', '/v1/checkout/sessions', (state, { form, path }) => {
    const all = having(state.sessions.values(), form, [
      'customer',
      'payment_intent',
      'status',
      'subscription',
    ])
    return listOf(all, { form, url: path })
  }),
  route('GET', '/v1/checkout/sessions/:id', (state, { id }) => known(state.sessions, 'checkout.session', id)),
  route('GET', '/v1/checkout/sessions/:id/line_items', (state, { id, form, path }) => {
    known(state.sessions, 'checkout.session', id)
    return listOf(state.lineItems.get(id) ?? [], { form, url: path })
  }),
  route('POST', '/v1/checkout/sessions/:id/expire', (state, { id }) => expireSession(state, id)),

  route('POST', '/v1/payment_intents', (state, { form }) => createIntent(state, form)),
  route('GET', '/v1/payment_intents', (state, { form, path }) =>
    listOf(having(state.paymentIntents.values(), form, ['customer']), { form, url: path }),
  ),
  route('GET', '/v1/payment_intents/:id', (state, { id }) =>
    known(state.paymentIntents, 'payment_intent', id, 'intent'),
  ),
  route('POST', '/v1/payment_intents/:id', (state, { id, form }) => updateIntent(state, id, form)),
  route('POST', '/v1/payment_intents/:id/confirm', (state, { id, form }) => confirmIntent(state, id, form)),
  route('POST', '/v1/payment_intents/:id/cancel', (state, { id, form }) => cancelIntent(state, id, form)),

  route('POST', '/v1/refunds', (state, { form }) => createRefund(state, form)),
  route('GET', '/v1/refunds', (state, { form, path }) =>
    listOf(having(state.refunds.values(), form, ['charge', 'payment_intent']), { form, url: path }),
  ),
  route('GET', '/v1/refunds/:id', (state, { id }) => known(state.refunds, 'refund', id)),

  route('GET', '/v1/disputes', (state, { form, path }) =>
    listOf(having(state.disputes.values(), form, ['charge', 'payment_intent']), { form, url: path }),
  ),
  route('GET', '/v1/disputes/:id', (state, { id }) => known(state.disputes, 'dispute', id)),

  route('GET', '/v1/charges', (state, { form, path }) =>
    listOf(having(state.charges.values(), form, ['customer', 'payment_intent']), { form, url: path }),
  ),
  route('GET', '/v1/charges/:id', (state, { id }) => known(state.charges, 'charge', id)),
  route('GET', '/v1/balance_transactions', (state, { form, path }) =>
    listOf(having(state.balanceTransactions.values(), form, ['source', 'type']), { form, url: path }),
  ),
  route('GET', '/v1/balance_transactions/:id', (state, { id }) =>
    known(state.balanceTransactions, 'balance_transaction', id),
  ),
  route('GET', '/v1/radar/early_fraud_warnings', (state, { form, path }) =>
    listOf(having(state.warnings.values(), form, ['charge', 'payment_intent']), { form, url: path }),
  ),
  route('GET', '/v1/radar/early_fraud_warnings/:id', (state, { id }) =>
    known(state.warnings, 'early_fraud_warning', id),
  ),

  ...billingRoutes,

  route('POST', '/v1/billing_portal/sessions', (state, { form }) => createPortal(state, form)),

  route('GET', '/v1/events', (state, { form, path }) =>
    listOf(eventsAsked(state, form), { form, url: path }),
  ),
  route('GET', '/v1/events/:id', (state, { id }) => known(state.events, 'event', id)),
]

/** By type, by several, and by whether every endpoint has taken them. */
function eventsAsked(state: StripeState, form: Form): readonly StripeEvent[] {
  const type = textIn(form, 'type')
  const types = type === null ? textsIn(form, 'types') : [type]
  const isDelivered = booleanIn(form, 'delivery_success')
  return [...state.events.values()].filter((event) => {
    if (types.length > 0 && !types.some((one) => matches(event.type, one))) return false
    return isDelivered === null || (event.pending_webhooks === 0) === isDelivered
  })
}

/** A type, or a whole family of them: `charge.*`. */
function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted
}

function ofType(methods: readonly Stripe.PaymentMethod[], form: Form): readonly Stripe.PaymentMethod[] {
  const type = textIn(form, 'type')
  return type === null ? methods : methods.filter((method) => method.type === type)
}

function createPortal(state: StripeState, form: Form): Stripe.BillingPortal.Session {
  const { id: customer } = knownCustomer(state, requiredText(form, 'customer'), 'customer')
  const flow = form['flow_data']
  if (flow !== undefined && typeof flow === 'string')
    throw refuseRequest({ message: 'Invalid object', param: 'flow_data' })
  const id = state.newId('bps')
  const returnUrl = textIn(form, 'return_url')
  const query = returnUrl === null ? '' : `?return_url=${encodeURIComponent(returnUrl)}`
  return {
    id,
    object: 'billing_portal.session',
    configuration: 'bpc_local',
    created: state.now(),
    customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: returnUrl,
    url: `${state.pagesUrl}/portal/${customer}${query}`,
  }
}
