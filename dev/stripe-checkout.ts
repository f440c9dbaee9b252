// Checkout sessions at Stripe's stand-in: made by the product, paid on a page or through the control API, expired.

import type Stripe from 'stripe'
import { declines } from './stripe-cards.ts'
import { cardSetup, succeedSetup } from './stripe-setup.ts'
import { attach, usableMethod } from './stripe-customers.ts'
import type { Presentment } from './stripe-charges.ts'
import { refuseRequest, type StripeRefusal } from './stripe-error.ts'
import {
  booleanIn,
  type Form,
  formIn,
  formsIn,
  integerIn,
  metadataIn,
  requiredText,
  textIn,
  wordIn,
} from './stripe-form.ts'
import { authenticate, confirm, expectAmount, makeIntent, refused, save } from './stripe-payments.ts'
import { priceOf } from './stripe-prices.ts'
import { startSubscription } from './stripe-subscriptions.ts'
import { idOf, known, knownCustomer, randomText, type StripeState } from './stripe-state.ts'

const modes = ['payment', 'setup', 'subscription'] as const
const uiModes = ['hosted_page', 'embedded_page', 'elements'] as const
const daySeconds = 86_400
const soonestSeconds = 1_800

/** What its payment intent gets, kept until there is one. */
const plans = new WeakMap<Stripe.Checkout.Session, Form>()

export function planOf(session: Stripe.Checkout.Session): Form {
  return plans.get(session) ?? {}
}

export function createSession(state: StripeState, form: Form): Stripe.Checkout.Session {
  const mode = wordIn(form, 'mode', modes) ?? 'payment'
  const uiMode = wordIn(form, 'ui_mode', uiModes) ?? 'hosted_page'
  expectAddresses(form, uiMode)
  const customerId = textIn(form, 'customer')
  const customer = customerId === null ? null : knownCustomer(state, customerId, 'customer').id
  const expiresAt = readExpiry(state, form)
  const id = `cs_test_${randomText(58)}`
  const isHosted = uiMode === 'hosted_page'
  const hasTax = booleanIn(formIn(form, 'automatic_tax'), 'enabled') ?? false
  const items = mode === 'setup' ? [] : readItems(state, form, hasTax)
  const sum = (of: (item: Stripe.LineItem) => number) =>
    mode === 'setup' ? null : items.reduce((total, item) => total + of(item), 0)
  const total = sum((item) => item.amount_total)
  if (total !== null && mode === 'payment') expectAmount(total)
  const session: Stripe.Checkout.Session = {
    ...plainSession,
    id,
    adaptive_pricing: {
      enabled: booleanIn(formIn(form, 'adaptive_pricing'), 'enabled') ?? true,
    },
    amount_subtotal: sum((item) => item.amount_subtotal),
    amount_total: total,
    automatic_tax: {
      enabled: hasTax,
      liability: hasTax ? { type: 'self' } : null,
      provider: hasTax ? 'stripe' : null,
      status: hasTax ? 'requires_location_inputs' : null,
    },
    cancel_url: textIn(form, 'cancel_url'),
    client_reference_id: textIn(form, 'client_reference_id'),
    client_secret: isHosted ? null : `${id}_secret_${randomText(40)}`,
    created: state.now(),
    currency: items[0]?.currency ?? textIn(form, 'currency'),
    customer,
    customer_creation: customer === null && mode === 'payment' ? 'if_required' : null,
    customer_email: textIn(form, 'customer_email'),
    expires_at: expiresAt,
    invoice_creation:
      mode === 'payment'
        ? {
            enabled: booleanIn(formIn(form, 'invoice_creation'), 'enabled') ?? false,
            invoice_data: noInvoiceData,
          }
        : null,
    livemode: false,
    metadata: metadataIn(form),
    mode,
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    ...(isHosted ? {} : { return_url: textIn(form, 'return_url') ?? '' }),
    setup_intent:
      mode === 'setup' ? cardSetup(state, { customer, form: formIn(form, 'setup_intent_data') }).id : null,
    success_url: textIn(form, 'success_url'),
    total_details:
      mode === 'setup'
        ? null
        : { amount_discount: 0, amount_shipping: 0, amount_tax: sum((item) => item.amount_tax) ?? 0 },
    ui_mode: uiMode,
    url: isHosted ? `${state.pagesUrl}/pay/${id}` : null,
  }
  plans.set(session, form)
  state.sessions.set(id, session)
  state.lineItems.set(id, items)
  state.later((expiresAt - state.now()) * 1_000, () => {
    if (session.status === 'open') expireSession(state, id)
  })
  return session
}

function expectAddresses(form: Form, uiMode: (typeof uiModes)[number]): void {
  const wrong = (message: string, param: string) => refuseRequest({ message, param })
  if (uiMode === 'hosted_page') {
    requiredText(form, 'success_url')
    if (textIn(form, 'return_url') !== null)
      throw wrong('`return_url` cannot be used with `ui_mode: hosted_page`.', 'return_url')
    return
  }
  for (const name of ['success_url', 'cancel_url'])
    if (textIn(form, name) !== null)
      throw wrong(`\`${name}\` cannot be used with \`ui_mode: ${uiMode}\`.`, name)
  if (textIn(form, 'redirect_on_completion') !== 'never') requiredText(form, 'return_url')
}

function readExpiry(state: StripeState, form: Form): number {
  const at = integerIn(form, 'expires_at')
  if (at === null) return state.now() + daySeconds
  // Stripe is strict here; a minute for what the request took.
  if (at >= state.now() + soonestSeconds - 60 && at <= state.now() + daySeconds) return at
  throw refuseRequest({
    message:
      'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
    param: 'expires_at',
  })
}

function readItems(state: StripeState, form: Form, hasTax: boolean): Stripe.LineItem[] {
  const items = formsIn(form, 'line_items').map((line) => readItem(state, line, hasTax))
  if (items.length > 0) return items
  throw refuseRequest({
    message: 'Missing required param: line_items.',
    param: 'line_items',
    code: 'parameter_missing',
  })
}

function readItem(state: StripeState, line: Form, hasTax: boolean): Stripe.LineItem {
  const data = formIn(line, 'price_data')
  const quantity = integerIn(line, 'quantity') ?? 1
  const priceId = textIn(line, 'price')
  const price =
    priceId === null ? priceOf(state, data) : known(state.prices, 'price', priceId, 'line_items[0][price]')
  const amount = (price.unit_amount ?? 0) * quantity
  const rate = hasTax ? state.taxBasisPoints : 0
  const isInclusive = price.tax_behavior === 'inclusive'
  const tax = isInclusive
    ? amount - Math.round((amount * 10_000) / (10_000 + rate))
    : Math.round((amount * rate) / 10_000)
  return {
    id: state.newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: tax,
    amount_total: isInclusive ? amount : amount + tax,
    currency: price.currency,
    description: textIn(formIn(data, 'product_data'), 'name'),
    metadata: metadataIn(line),
    price,
    quantity,
  }
}

/** Nobody can pay any more. */
export function expireSession(state: StripeState, id: string): Stripe.Checkout.Session {
  const session = known(state.sessions, 'checkout.session', id)
  expectOpen(session)
  session.status = 'expired'
  session.url = null
  state.emit('checkout.session.expired', session)
  return session
}

function expectOpen(session: Stripe.Checkout.Session): void {
  if (session.status === 'open') return
  throw refuseRequest({
    message: `Only Checkout Sessions with a status in ["open"] can be used here. This Checkout Session has a status of ${session.status}.`,
    param: 'session',
  })
}

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
  const how = { isOffSession: false, failsOnAction: false, presentment: payment.presentment }
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
  const form = planOf(session)
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
  const data = formIn(planOf(session), 'subscription_data')
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

const noInvoiceData: Stripe.Checkout.Session.InvoiceCreation.InvoiceData = {
  account_tax_ids: null,
  custom_fields: null,
  description: null,
  footer: null,
  issuer: null,
  metadata: {},
  rendering_options: null,
}

/** What no request of the product changes. */
const plainSession = {
  object: 'checkout.session',
  after_expiration: null,
  allow_promotion_codes: null,
  allowed_payment_method_types: null,
  billing_address_collection: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: {
    after_submit: null,
    shipping_address: null,
    submit: null,
    terms_of_service_acceptance: null,
  },
  customer_account: null,
  customer_details: null,
  discounts: [],
  integration_identifier: null,
  invoice: null,
  locale: null,
  managed_payments: null,
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_collection: 'if_required',
  payment_method_configuration_details: null,
  payment_method_options: {},
  payment_method_types: ['card', 'us_bank_account', 'paypal', 'cashapp', 'crypto'],
  permissions: null,
  recovered_from: null,
  saved_payment_method_options: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open',
  submit_type: null,
  subscription: null,
  wallet_options: null,
} as const satisfies Partial<Stripe.Checkout.Session> | { readonly [name: string]: unknown }
