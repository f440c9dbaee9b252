// What a person does at a checkout of Stripe's stand-in: pays, is declined, is asked by the bank, saves a card, subscribes.

import type Stripe from 'stripe'
import { declines } from './stripe-cards.ts'
import type { Presentment } from './stripe-charges.ts'
import { expectOpen } from './stripe-checkout.ts'
import { authenticate, confirm, refused, save } from './stripe-confirm.ts'
import { attach, usableMethod } from './stripe-customers.ts'
import type { StripeRefusal } from './stripe-error.ts'
import { formIn, metadataIn, textIn, wordIn } from './stripe-form.ts'
import { makeIntent } from './stripe-payments.ts'
import { succeedSetup } from './stripe-setup.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'
import { startSubscription } from './stripe-subscriptions.ts'

/** How a person pays: with a payment method of stripe-cards.ts, and perhaps in the money of home. */
export type PagePayment = {
  method: string
  presentment?: Presentment
  /** What no honest Stripe does: the payment is of another amount or currency than the session says. */
  tampered?: { amount?: number; currency?: string }
}

export type PageOutcome =
  | { is: 'done' }
  | { is: 'declined'; message: string }
  /** The question of 3-D Secure comes next. */
  | { is: 'asked'; paymentIntentId: string }

export function paySession(state: StripeState, id: string, payment: PagePayment): PageOutcome {
  const session = known(state.sessions, 'checkout.session', id)
  expectOpen(session)
  const method = usableMethod(state, payment.method)
  if (session.mode === 'setup') return setUp(state, session, method)
  if (session.mode === 'subscription') return subscribe(state, session, method)
  const intent = intentOf(state, session, payment)
  intent.payment_method = method.id
  intent.status = 'requires_confirmation'
  const how = { failsOnAction: false, presentment: payment.presentment }
  const refusal = refused(() => confirm(state, intent, how))
  return refusal === undefined ? afterAttempt(state, session, intent) : declined(refusal)
}

function declined(refusal: StripeRefusal): PageOutcome {
  return { is: 'declined', message: refusal.message }
}

/** One for the session, whatever was tried on its page before. */
function intentOf(
  state: StripeState,
  session: Stripe.Checkout.Session,
  { tampered = {} }: PagePayment,
): Stripe.PaymentIntent {
  const known = state.paymentIntents.get(idOf(session.payment_intent) ?? '')
  if (known !== undefined) return known
  const form = state.sessionForms.get(session.id) ?? {}
  const data = formIn(form, 'payment_intent_data')
  const card = formIn(formIn(form, 'payment_method_options'), 'card')
  const usages = ['off_session', 'on_session'] as const
  const intent = makeIntent(state, {
    amount: tampered.amount ?? session.amount_total ?? 0,
    currency: tampered.currency ?? session.currency ?? 'usd',
    customer: idOf(session.customer),
    metadata: metadataIn(data),
    description: textIn(data, 'description'),
    receiptEmail: textIn(data, 'receipt_email'),
    statementDescriptor: textIn(data, 'statement_descriptor'),
    statementDescriptorSuffix: textIn(data, 'statement_descriptor_suffix'),
    setupFutureUsage:
      wordIn(data, 'setup_future_usage', usages) ?? wordIn(card, 'setup_future_usage', usages),
  })
  session.payment_intent = intent.id
  return intent
}

function afterAttempt(
  state: StripeState,
  session: Stripe.Checkout.Session,
  intent: Stripe.PaymentIntent,
): PageOutcome {
  const isTransfer = intent.next_action?.type === 'display_bank_transfer_instructions'
  if (intent.status === 'requires_action' && !isTransfer) return { is: 'asked', paymentIntentId: intent.id }
  completeSession(state, session, intent.status === 'succeeded' ? 'paid' : 'unpaid')
  return { is: 'done' }
}

export function completeSession(
  state: StripeState,
  session: Stripe.Checkout.Session,
  paymentStatus: Stripe.Checkout.Session.PaymentStatus,
): void {
  session.status = 'complete'
  session.payment_status = paymentStatus
  session.url = null
  const intent = state.paymentIntents.get(idOf(session.payment_intent) ?? '')
  if (intent?.presentment_details !== undefined) session.presentment_details = intent.presentment_details
  if (session.automatic_tax.enabled) session.automatic_tax.status = 'complete'
  const customer = state.customers.get(idOf(session.customer) ?? '')
  const email = session.customer_email ?? (customer?.deleted === true ? null : customer?.email) ?? null
  session.customer_details = {
    address: noAddress,
    business_name: null,
    email: email ?? 'buyer@example.com',
    individual_name: null,
    name: 'Local Buyer',
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  }
  state.emit('checkout.session.completed', session)
}

/** 3-D Secure of a session's payment. */
export function answerAuthentication(
  state: StripeState,
  paymentIntentId: string,
  isPassed: boolean,
): PageOutcome {
  const session = [...state.sessions.values()].find(
    (one) => one.status === 'open' && idOf(one.payment_intent) === paymentIntentId,
  )
  const intent = authenticate(state, paymentIntentId, { isPassed })
  if (intent.status === 'requires_payment_method')
    return { is: 'declined', message: intent.last_payment_error?.message ?? '' }
  return session === undefined ? { is: 'done' } : afterAttempt(state, session, intent)
}

/** What was processing has come, or has not. */
export function endSessionOf(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  end: 'succeeded' | 'failed',
): void {
  const session = [...state.sessions.values()].find((one) => idOf(one.payment_intent) === intent.id)
  if (session?.status !== 'complete') return
  if (end === 'succeeded') {
    session.payment_status = 'paid'
    state.emit('checkout.session.async_payment_succeeded', session)
  } else {
    state.emit('checkout.session.async_payment_failed', session)
  }
}

function setUp(
  state: StripeState,
  session: Stripe.Checkout.Session,
  method: Stripe.PaymentMethod,
): PageOutcome {
  const setup = known(state.setupIntents, 'setup_intent', idOf(session.setup_intent) ?? '')
  const refusal = refused(() => {
    const customer = idOf(session.customer)
    if (customer !== null) attach(state, method, customer)
  })
  if (refusal !== undefined) return declined(refusal)
  succeedSetup(state, setup, method)
  completeSession(state, session, 'no_payment_required')
  return { is: 'done' }
}

/** A decline leaves no subscription behind. */
function subscribe(
  state: StripeState,
  session: Stripe.Checkout.Session,
  method: Stripe.PaymentMethod,
): PageOutcome {
  const customer = idOf(session.customer)
  if (customer === null) throw new Error('the stand-in subscribes customers that it knows')
  const card = known(state.cards, 'payment_method', method.id)
  if (card.behaviour.does === 'decline')
    return { is: 'declined', message: declines[card.behaviour.decline].message }
  save(state, method, { customer, usage: 'off_session' })
  const data = formIn(state.sessionForms.get(session.id) ?? {}, 'subscription_data')
  const items = state.lineItems.get(session.id) ?? []
  const subscription = startSubscription(state, {
    customer,
    prices: items.flatMap(({ price, quantity }) =>
      price === null ? [] : [{ price, quantity: quantity ?? 1 }],
    ),
    metadata: metadataIn(data),
    method: method.id,
  })
  session.subscription = subscription.id
  session.invoice = idOf(subscription.latest_invoice)
  completeSession(state, session, 'paid')
  return { is: 'done' }
}

const noAddress = { city: null, country: 'US', line1: null, line2: null, postal_code: null, state: null }
