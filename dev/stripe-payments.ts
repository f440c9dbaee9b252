// Payment intents at Stripe's stand-in: made, confirmed on and off session, waiting for 3-D Secure or for the bank, ended.

import type Stripe from 'stripe'
import { addCash } from './stripe-cash.ts'
import { confirm, type Confirmation, expectStatus } from './stripe-confirm.ts'
import { expectOf, usableMethod } from './stripe-customers.ts'
import { refuseRequest } from './stripe-error.ts'
import {
  booleanIn,
  type Form,
  formIn,
  metadataIn,
  requiredInteger,
  requiredText,
  textIn,
  textsIn,
  wordIn,
} from './stripe-form.ts'
import { idOf, known, knownCustomer, randomText, type StripeState } from './stripe-state.ts'

/** Stripe's least amount in USD, and the most that its integers take there. */
const amountLimits = { min: 50, max: 99_999_999 }

export type IntentPlan = {
  amount: number
  currency: string
  customer: string | null
  metadata: { [name: string]: string }
  description?: string | null
  receiptEmail?: string | null
  statementDescriptor?: string | null
  statementDescriptorSuffix?: string | null
  setupFutureUsage?: Stripe.PaymentIntent.SetupFutureUsage | null
  types?: readonly string[]
}

export function makeIntent(state: StripeState, plan: IntentPlan): Stripe.PaymentIntent {
  const id = state.newId('pi')
  const intent: Stripe.PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: plan.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: plan.types === undefined ? { allow_redirects: 'always', enabled: true } : null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomText(24)}`,
    confirmation_method: 'automatic',
    created: state.now(),
    currency: plan.currency,
    customer: plan.customer,
    customer_account: null,
    description: plan.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: plan.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: [...(plan.types ?? ['card', 'us_bank_account', 'paypal', 'cashapp', 'crypto'])],
    payment_record: null,
    processing: null,
    receipt_email: plan.receiptEmail ?? null,
    review: null,
    setup_future_usage: plan.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: plan.statementDescriptor ?? null,
    statement_descriptor_suffix: plan.statementDescriptorSuffix ?? null,
    status: 'requires_payment_method',
    transfer_group: null,
  }
  state.paymentIntents.set(id, intent)
  state.emit('payment_intent.created', intent)
  return intent
}

export function expectAmount(amount: number): void {
  if (amount < amountLimits.min)
    throw refuseRequest({
      message: 'Amount must be at least $0.50 usd',
      param: 'amount',
      code: 'amount_too_small',
    })
  if (amount > amountLimits.max)
    throw refuseRequest({
      message: 'Amount must be no more than $999,999.99',
      param: 'amount',
      code: 'amount_too_large',
    })
}

export function createIntent(state: StripeState, form: Form): Stripe.PaymentIntent {
  const amount = requiredInteger(form, 'amount')
  expectAmount(amount)
  const currency = requiredText(form, 'currency')
  const customerId = textIn(form, 'customer')
  const customer = customerId === null ? null : knownCustomer(state, customerId, 'customer').id
  const methodId = textIn(form, 'payment_method')
  // Refused before anything is made.
  if (methodId !== null && customer !== null) expectOf(state, methodId, customer)
  const isConfirmed = booleanIn(form, 'confirm') ?? false
  const offSession = readOffSession(form)
  if (offSession && !isConfirmed)
    throw refuseRequest({
      message: 'off_session can only be set when confirm is true.',
      param: 'off_session',
    })
  const types = textsIn(form, 'payment_method_types')
  const card = formIn(formIn(form, 'payment_method_options'), 'card')
  const intent = makeIntent(state, {
    amount,
    currency,
    customer,
    metadata: metadataIn(form),
    description: textIn(form, 'description'),
    receiptEmail: textIn(form, 'receipt_email'),
    statementDescriptor: textIn(form, 'statement_descriptor'),
    statementDescriptorSuffix: textIn(form, 'statement_descriptor_suffix'),
    setupFutureUsage:
      wordIn(form, 'setup_future_usage', futureUsages) ?? wordIn(card, 'setup_future_usage', futureUsages),
    ...(types.length > 0 ? { types } : {}),
  })
  if (methodId !== null) setMethod(intent, usableMethod(state, methodId).id)
  return isConfirmed ? confirm(state, intent, confirmationIn(form)) : intent
}

const futureUsages = ['off_session', 'on_session'] as const

/** `true`, or one of the reasons that Stripe once took instead. */
function readOffSession(form: Form): boolean {
  const text = textIn(form, 'off_session')
  return text !== null && text !== 'false'
}

function setMethod(intent: Stripe.PaymentIntent, methodId: string): void {
  intent.payment_method = methodId
  intent.status = 'requires_confirmation'
}

function confirmationIn(form: Form): Confirmation {
  return {
    failsOnAction: booleanIn(form, 'error_on_requires_action') ?? false,
    returnUrl: textIn(form, 'return_url'),
  }
}

export function confirmIntent(state: StripeState, id: string, form: Form): Stripe.PaymentIntent {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  const method = textIn(form, 'payment_method')
  if (method !== null) {
    expectStatus(intent, ['requires_payment_method', 'requires_confirmation', 'requires_action'])
    const customer = idOf(intent.customer)
    const { id: methodId } =
      customer === null ? usableMethod(state, method) : expectOf(state, method, customer)
    setMethod(intent, methodId)
  }
  return confirm(state, intent, confirmationIn(form))
}

export function updateIntent(state: StripeState, id: string, form: Form): Stripe.PaymentIntent {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  const method = textIn(form, 'payment_method')
  if (method !== null) setMethod(intent, usableMethod(state, method).id)
  if ('description' in form) intent.description = textIn(form, 'description')
  if ('receipt_email' in form) intent.receipt_email = textIn(form, 'receipt_email')
  intent.metadata = metadataIn(form, intent.metadata)
  return intent
}

const cancelReasons = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const

export function cancelIntent(state: StripeState, id: string, form: Form): Stripe.PaymentIntent {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  expectStatus(
    intent,
    ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'],
    'cancel',
  )
  intent.status = 'canceled'
  intent.canceled_at = state.now()
  intent.cancellation_reason = wordIn(form, 'cancellation_reason', cancelReasons)
  giveBackCash(state, intent)
  intent.next_action = null
  state.emit('payment_intent.canceled', intent)
  return intent
}

/** What has been transferred for it is free again. */
function giveBackCash(
  state: StripeState,
  { amount, customer, next_action: action }: Stripe.PaymentIntent,
): void {
  const remaining = action?.display_bank_transfer_instructions?.amount_remaining ?? amount
  const owner = idOf(customer)
  if (owner !== null && remaining < amount) addCash(state, owner, amount - remaining)
}
