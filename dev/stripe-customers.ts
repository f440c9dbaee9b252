// Customers and their payment methods at Stripe's stand-in: magic cards become saved ones here.

import type Stripe from 'stripe'
import { type Card, declines, magicCard, otherMethods } from './stripe-cards.ts'
import { refuseRequest, StripeRefusal } from './stripe-error.ts'
import { type Form, formIn, metadataIn, requiredText, textIn, wordIn } from './stripe-form.ts'
import { idOf, known, knownCustomer, type StripeState } from './stripe-state.ts'

export function createCustomer(state: StripeState, form: Form): Stripe.Customer {
  const customer: Stripe.Customer = {
    id: state.newId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: state.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: textIn(form, 'description'),
    discount: null,
    email: textIn(form, 'email'),
    invoice_prefix: 'LOCAL',
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: metadataIn(form),
    name: textIn(form, 'name'),
    phone: textIn(form, 'phone'),
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
  state.customers.set(customer.id, customer)
  state.emit('customer.created', customer)
  const method = textIn(form, 'payment_method')
  if (method !== null) attach(state, usableMethod(state, method), customer.id)
  return customer
}

export function updateCustomer(state: StripeState, id: string, form: Form): Stripe.Customer {
  const customer = knownCustomer(state, id)
  if ('email' in form) customer.email = textIn(form, 'email')
  if ('name' in form) customer.name = textIn(form, 'name')
  if ('description' in form) customer.description = textIn(form, 'description')
  customer.metadata = metadataIn(form, customer.metadata)
  const settings = formIn(form, 'invoice_settings')
  if ('default_payment_method' in settings) {
    const method = textIn(settings, 'default_payment_method')
    if (method !== null) expectOf(state, method, id)
    customer.invoice_settings.default_payment_method = method
  }
  state.emit('customer.updated', customer)
  return customer
}

export function deleteCustomer(state: StripeState, id: string): Stripe.DeletedCustomer {
  const customer = knownCustomer(state, id)
  for (const method of methodsOf(state, id)) detach(state, method.id)
  for (const one of state.subscriptions.values()) {
    if (idOf(one.customer) !== id || one.status === 'canceled') continue
    Object.assign(one, { status: 'canceled', canceled_at: state.now(), ended_at: state.now() })
    state.emit('customer.subscription.deleted', one)
  }
  const deleted: Stripe.DeletedCustomer = { id, object: 'customer', deleted: true }
  state.customers.set(id, deleted)
  state.emit('customer.deleted', customer)
  return deleted
}

export function createPaymentMethod(state: StripeState, form: Form): Stripe.PaymentMethod {
  // Numbers of cards never come here: Stripe takes them from test tokens as well.
  const token = textIn(formIn(form, 'card'), 'token')
  const type = wordIn(form, 'type', ['card'])
  if (token === null || type === null)
    throw refuseRequest({ message: 'Use a test token (tok_visa) or a test payment method.', param: 'card' })
  const method = usableMethod(state, token.replace(/^tok_/, 'pm_card_'))
  method.metadata = metadataIn(form)
  return method
}

/** A saved payment method; a magic name becomes a new one of its kind. */
export function usableMethod(state: StripeState, id: string, param = 'payment_method'): Stripe.PaymentMethod {
  const saved = state.paymentMethods.get(id)
  if (saved !== undefined) {
    if (!state.detached.has(id)) return saved
    throw refuseRequest({
      message:
        'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again.',
      param,
    })
  }
  const card = magicCard(id)
  if (card !== undefined) return newCard(state, card)
  const other = Object.entries(otherMethods).find(([name]) => name === id)?.[1]
  if (other === undefined)
    throw refuseRequest({
      message: `No such PaymentMethod: '${id}'`,
      code: 'resource_missing',
      param,
    })
  return newOther(state, other)
}

function newMethod(state: StripeState, type: Stripe.PaymentMethod.Type): Stripe.PaymentMethod {
  return {
    id: state.newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    created: state.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type,
  }
}

/** Far enough away for every test, and the same whenever it runs. */
const expiry = { month: 12, year: 2034 }

function newCard(state: StripeState, card: Card): Stripe.PaymentMethod {
  const method = newMethod(state, 'card')
  method.card = {
    brand: card.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: card.brand,
    exp_month: expiry.month,
    exp_year: expiry.year,
    fingerprint: card.fingerprint,
    funding: 'credit',
    generated_from: null,
    last4: card.last4,
    networks: { available: [card.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  }
  state.paymentMethods.set(method.id, method)
  state.cards.set(method.id, { ...card, isSetUp: false })
  return method
}

function newOther(
  state: StripeState,
  { type, behaviour }: (typeof otherMethods)[keyof typeof otherMethods],
): Stripe.PaymentMethod {
  const method = newMethod(state, type)
  state.paymentMethods.set(method.id, method)
  state.cards.set(method.id, {
    brand: 'visa',
    last4: '6789',
    fingerprint: `fp${type}local`,
    behaviour,
    refund: 'succeed',
    isDeclinedAtOnce: false,
    afterwards: 'nothing',
    isSetUp: false,
  })
  return method
}

export function attachMethod(state: StripeState, id: string, form: Form): Stripe.PaymentMethod {
  const { id: customer } = knownCustomer(state, requiredText(form, 'customer'), 'customer')
  return attach(state, usableMethod(state, id), customer)
}

export function attach(
  state: StripeState,
  method: Stripe.PaymentMethod,
  customer: string,
): Stripe.PaymentMethod {
  const card = known(state.cards, 'payment_method', method.id)
  const owner = idOf(method.customer)
  if (owner === customer) return method
  if (owner !== null)
    throw refuseRequest({
      message: 'The payment method you provided has already been attached to a customer.',
      param: 'payment_method',
      code: 'payment_method_customer_mismatch',
    })
  if (card.isDeclinedAtOnce && card.behaviour.does === 'decline') {
    const { decline } = card.behaviour
    const { code, advice, message } = declines[decline]
    throw new StripeRefusal(402, {
      type: 'card_error',
      code,
      decline_code: decline,
      advice_code: advice,
      message,
    })
  }
  method.customer = customer
  state.emit('payment_method.attached', method)
  return method
}

export function detach(state: StripeState, id: string): Stripe.PaymentMethod {
  const method = known(state.paymentMethods, 'PaymentMethod', id, 'payment_method')
  const owner = idOf(method.customer)
  if (owner === null)
    throw refuseRequest({
      message: 'The payment method you provided is not attached to a customer so detachment is impossible.',
      param: 'payment_method',
    })
  method.customer = null
  state.detached.add(id)
  const customer = state.customers.get(owner)
  if (customer !== undefined && customer.deleted !== true) {
    if (customer.invoice_settings.default_payment_method === id)
      customer.invoice_settings.default_payment_method = null
  }
  state.emit('payment_method.detached', method, { customer: owner })
  return method
}

export function methodsOf(state: StripeState, customer: string): Stripe.PaymentMethod[] {
  return [...state.paymentMethods.values()].filter((method) => idOf(method.customer) === customer)
}

/** The payment method, where it belongs to this customer. */
export function expectOf(state: StripeState, id: string, customer: string): Stripe.PaymentMethod {
  const method = usableMethod(state, id)
  const owner = idOf(method.customer)
  if (owner === null || owner === customer) return method
  throw refuseRequest({
    message:
      'The provided PaymentMethod does not belong to the customer of this payment. Please include the Customer that it belongs to.',
    param: 'payment_method',
    code: 'payment_method_customer_mismatch',
  })
}
