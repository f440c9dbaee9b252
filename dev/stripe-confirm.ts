// One attempt at a payment at Stripe's stand-in and what comes of it: paid, declined, waiting for the customer or for the bank.

import type Stripe from 'stripe'
import { type DeclineCode, declines } from './stripe-cards.ts'
import {
  actAfterwards,
  failCharge,
  pendingCharge,
  type Presentment,
  presentmentDetails,
  succeedCharge,
} from './stripe-charges.ts'
import { addCash, takeCash } from './stripe-cash.ts'
import { attach, usableMethod } from './stripe-customers.ts'
import { refuseRequest, StripeRefusal } from './stripe-error.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

export type Confirmation = {
  /** Fail rather than wait for the customer. */
  failsOnAction: boolean
  /** The customer has just passed 3-D Secure. */
  isAuthenticated?: boolean
  returnUrl?: string | null
  presentment?: Presentment | undefined
}

export function expectStatus(
  intent: Stripe.PaymentIntent,
  statuses: readonly Stripe.PaymentIntent.Status[],
  verb = 'confirm',
): void {
  if (statuses.includes(intent.status)) return
  throw refuseRequest({
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be used: ${statuses.join(', ')}.`,
    code: 'payment_intent_unexpected_state',
    payment_intent: intent,
  })
}

/** One attempt at a payment with the method that it names; throws Stripe's 402 where it is declined. */
export function confirm(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  how: Confirmation,
): Stripe.PaymentIntent {
  expectStatus(intent, ['requires_confirmation', 'requires_action', 'requires_payment_method'])
  const methodId = idOf(intent.payment_method)
  if (methodId === null)
    throw refuseRequest({
      message:
        'You cannot confirm this PaymentIntent because it is missing a payment method. Update the PaymentIntent with a payment method and then confirm it again.',
      code: 'payment_intent_unexpected_state',
      payment_intent: intent,
    })
  const method = usableMethod(state, methodId)
  const card = known(state.cards, 'payment_method', methodId)
  intent.next_action = null
  const { behaviour } = card
  switch (behaviour.does) {
    case 'decline':
      return decline(state, intent, { method, decline: behaviour.decline })
    case 'authenticate': {
      const isFree = how.isAuthenticated === true || (behaviour.unless === 'set_up' && card.isSetUp)
      if (isFree) return succeed(state, intent, { method, presentment: how.presentment })
      return how.failsOnAction
        ? decline(state, intent, { method, decline: 'authentication_required' })
        : waitForCustomer(state, intent, how)
    }
    case 'process':
      return waitForBank(state, intent, { method, end: behaviour.end })
    case 'transfer':
      return askForTransfer(state, intent, method)
    case 'succeed':
      return succeed(state, intent, { method, presentment: how.presentment })
  }
}

/** The money has come. */
export function succeed(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  given: { method: Stripe.PaymentMethod; presentment?: Presentment | undefined },
): Stripe.PaymentIntent {
  const { method, presentment } = given
  const pending = state.charges.get(idOf(intent.latest_charge) ?? '')
  const charge = succeedCharge(state, intent, {
    method,
    charge: pending?.status === 'pending' ? pending : undefined,
    presentment,
  })
  intent.latest_charge = charge.id
  intent.amount_received = intent.amount
  intent.status = 'succeeded'
  intent.last_payment_error = null
  intent.next_action = null
  intent.processing = null
  if (presentment !== undefined) intent.presentment_details = presentmentDetails(presentment)
  const customer = idOf(intent.customer)
  if (intent.setup_future_usage !== null && customer !== null && method.type === 'card')
    save(state, method, { customer, usage: intent.setup_future_usage })
  state.emit('payment_intent.succeeded', intent)
  actAfterwards(state, charge)
  return intent
}

/** Keeps a payment method for later payments. */
export function save(
  state: StripeState,
  method: Stripe.PaymentMethod,
  { customer, usage }: { customer: string; usage: string },
): void {
  attach(state, method, customer)
  method.allow_redisplay = 'limited'
  if (usage === 'off_session') known(state.cards, 'payment_method', method.id).isSetUp = true
}

/** The bank says no: the intent waits for another method, the request gets a 402. */
export function decline(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  given: { method: Stripe.PaymentMethod; decline: DeclineCode },
): never {
  const { method } = given
  const { code, advice, message } = declines[given.decline]
  const pending = state.charges.get(idOf(intent.latest_charge) ?? '')
  const charge = failCharge(state, intent, {
    ...given,
    charge: pending?.status === 'pending' ? pending : undefined,
  })
  intent.latest_charge = charge.id
  intent.status = 'requires_payment_method'
  intent.payment_method = null
  intent.processing = null
  intent.next_action = null
  const error = {
    charge: charge.id,
    code,
    decline_code: given.decline,
    advice_code: advice,
    doc_url: `https://docs.stripe.com/error-codes/${code.replaceAll('_', '-')}`,
    message,
    payment_method: method,
    type: 'card_error' as const,
  }
  intent.last_payment_error = error
  state.emit('payment_intent.payment_failed', intent)
  throw new StripeRefusal(402, { ...error, payment_intent: intent })
}

function waitForCustomer(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  how: Confirmation,
): Stripe.PaymentIntent {
  intent.status = 'requires_action'
  const url = `${state.pagesUrl}/authenticate/${intent.id}?client_secret=${intent.client_secret}`
  intent.next_action =
    how.returnUrl === undefined || how.returnUrl === null
      ? { type: 'use_stripe_sdk', use_stripe_sdk: {} }
      : { type: 'redirect_to_url', redirect_to_url: { url, return_url: how.returnUrl } }
  state.emit('payment_intent.requires_action', intent)
  return intent
}

function waitForBank(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  { method, end }: { method: Stripe.PaymentMethod; end: 'succeeded' | 'failed' },
): Stripe.PaymentIntent {
  intent.status = 'processing'
  intent.latest_charge = pendingCharge(state, intent, method).id
  state.emit('payment_intent.processing', intent)
  state.later(state.pendingMs, {
    do: end === 'succeeded' ? 'settle_succeeded' : 'settle_failed',
    id: intent.id,
  })
  return intent
}

/** What the customer has sent too much of before is used first. */
function askForTransfer(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Stripe.PaymentIntent {
  const customer = idOf(intent.customer)
  if (customer === null)
    throw refuseRequest({ message: 'Bank transfers need a customer.', param: 'customer' })
  const funded = takeCash(state, customer, intent.amount)
  if (funded === intent.amount) return succeed(state, intent, { method })
  intent.status = 'requires_action'
  intent.next_action = {
    type: 'display_bank_transfer_instructions',
    display_bank_transfer_instructions: {
      amount_remaining: intent.amount - funded,
      currency: intent.currency,
      hosted_instructions_url: state.pagesUrl,
      reference: intent.id.slice(-8).toUpperCase(),
      type: 'us_bank_transfer',
    },
  }
  state.emit('payment_intent.requires_action', intent)
  if (funded > 0) state.emit('payment_intent.partially_funded', intent)
  return intent
}

/** Money arrives; answers with what is over, which stays in the customer's balance at Stripe. */
export function receiveTransfer(
  state: StripeState,
  id: string,
  amount: number,
): { status: Stripe.PaymentIntent.Status; excess: number } {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  const asked = intent.next_action?.display_bank_transfer_instructions
  const customer = idOf(intent.customer)
  if (asked === undefined || asked.amount_remaining === null || customer === null) {
    // Sent once more, though nothing asks for it any more.
    expectStatus(intent, customer === null ? [] : ['succeeded', 'canceled'], 'transfer money to')
    if (customer !== null) addCash(state, customer, amount)
    return { status: intent.status, excess: amount }
  }
  const remaining = asked.amount_remaining - amount
  if (remaining > 0) {
    asked.amount_remaining = remaining
    state.emit('payment_intent.partially_funded', intent)
    return { status: intent.status, excess: 0 }
  }
  const method = known(state.paymentMethods, 'PaymentMethod', idOf(intent.payment_method) ?? '')
  succeed(state, intent, { method })
  state.onIntentEnd(intent, 'succeeded')
  if (remaining < 0) addCash(state, customer, -remaining)
  return { status: intent.status, excess: -remaining }
}

/** A payment that is processing ends. */
export function settle(state: StripeState, id: string, end: 'succeeded' | 'failed'): Stripe.PaymentIntent {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  expectStatus(intent, ['processing'], 'settle')
  const method = known(state.paymentMethods, 'PaymentMethod', idOf(intent.payment_method) ?? '')
  if (end === 'succeeded') succeed(state, intent, { method })
  else refused(() => decline(state, intent, { method, decline: 'generic_decline' }))
  state.onIntentEnd(intent, end)
  return intent
}

/** The customer answers the question of 3-D Secure, or fails at it. */
export function authenticate(
  state: StripeState,
  id: string,
  given: { isPassed: boolean; presentment?: Presentment },
): Stripe.PaymentIntent {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  expectStatus(intent, ['requires_action'], 'authenticate')
  if (intent.next_action?.type === 'display_bank_transfer_instructions')
    throw refuseRequest({ message: 'A bank transfer asks nothing.', param: 'intent' })
  const { isPassed, presentment } = given
  const method = usableMethod(state, idOf(intent.payment_method) ?? '')
  if (isPassed)
    return confirm(state, intent, {
      failsOnAction: false,
      isAuthenticated: true,
      presentment,
    })
  refused(() => decline(state, intent, { method, decline: 'authentication_required' }))
  const { last_payment_error: error } = intent
  if (error !== null) {
    error.code = 'payment_intent_authentication_failure'
    error.message = 'We are unable to authenticate your payment method.'
  }
  return intent
}

/** Runs what ends in a decline, and answers with it; anything else goes on. */
export function refused(run: () => unknown): StripeRefusal | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof StripeRefusal && error.status === 402) return error
    throw error
  }
}
