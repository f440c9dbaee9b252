// Setup intents at Stripe's stand-in: a card saved for payments without the customer, with nothing paid.

import type Stripe from 'stripe'
import { declines } from './stripe-cards.ts'
import { attach, usableMethod } from './stripe-customers.ts'
import { refuseRequest, StripeRefusal } from './stripe-error.ts'
import { booleanIn, type Form, metadataIn, textIn, wordIn } from './stripe-form.ts'
import { idOf, known, knownCustomer, randomText, type StripeState } from './stripe-state.ts'

export function cardSetup(
  state: StripeState,
  { customer, form }: { customer: string | null; form: Form },
): Stripe.SetupIntent {
  const id = state.newId('seti')
  const setup: Stripe.SetupIntent = {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(24)}`,
    created: state.now(),
    customer,
    customer_account: null,
    description: textIn(form, 'description'),
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: metadataIn(form),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: wordIn(form, 'usage', ['off_session', 'on_session']) ?? 'off_session',
  }
  state.setupIntents.set(id, setup)
  state.emit('setup_intent.created', setup)
  return setup
}

export function createSetup(state: StripeState, form: Form): Stripe.SetupIntent {
  const customerId = textIn(form, 'customer')
  const customer = customerId === null ? null : knownCustomer(state, customerId, 'customer').id
  const setup = cardSetup(state, { customer, form })
  const method = textIn(form, 'payment_method')
  if (method !== null) {
    setup.payment_method = usableMethod(state, method).id
    setup.status = 'requires_confirmation'
  }
  return booleanIn(form, 'confirm') === true ? confirmSetup(state, setup.id, {}) : setup
}

export function confirmSetup(state: StripeState, id: string, form: Form): Stripe.SetupIntent {
  const setup = known(state.setupIntents, 'setup_intent', id)
  if (setup.status === 'succeeded' || setup.status === 'canceled')
    throw refuseRequest({
      message: `You cannot confirm this SetupIntent because it has a status of ${setup.status}.`,
      code: 'setup_intent_unexpected_state',
      setup_intent: setup,
    })
  const method = usableMethod(state, textIn(form, 'payment_method') ?? idOf(setup.payment_method) ?? '')
  const { behaviour, isDeclinedAtOnce } = known(state.cards, 'payment_method', method.id)
  if (behaviour.does === 'decline' && isDeclinedAtOnce) {
    const { code, advice, message } = declines[behaviour.decline]
    const error = {
      type: 'card_error' as const,
      code,
      decline_code: behaviour.decline,
      advice_code: advice,
      message,
    }
    setup.status = 'requires_payment_method'
    setup.payment_method = null
    setup.last_setup_error = error
    state.emit('setup_intent.setup_failed', setup)
    throw new StripeRefusal(402, { ...error, setup_intent: setup })
  }
  return succeedSetup(state, setup, method)
}

export function succeedSetup(
  state: StripeState,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
): Stripe.SetupIntent {
  const customer = idOf(setup.customer)
  if (customer !== null) attach(state, method, customer)
  known(state.cards, 'payment_method', method.id).isSetUp = true
  setup.payment_method = method.id
  setup.status = 'succeeded'
  state.emit('setup_intent.succeeded', setup)
  return setup
}

export function cancelSetup(state: StripeState, id: string): Stripe.SetupIntent {
  const setup = known(state.setupIntents, 'setup_intent', id)
  setup.status = 'canceled'
  state.emit('setup_intent.canceled', setup)
  return setup
}
