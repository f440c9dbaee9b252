// Checkout sessions at Stripe's stand-in: made by the product, paid on a page or through the control API, expired.

import type Stripe from 'stripe'
import { refuseRequest } from './stripe-error.ts'
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
import { expectAmount } from './stripe-payments.ts'
import { priceOf } from './stripe-prices.ts'
import { cardSetup } from './stripe-setup.ts'
import { known, knownCustomer, randomText, type StripeState } from './stripe-state.ts'

const modes = ['payment', 'setup', 'subscription'] as const

const uiModes = ['hosted_page', 'embedded_page', 'elements'] as const

const daySeconds = 86_400

const soonestSeconds = 1_800

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
  state.sessionForms.set(id, form)
  state.sessions.set(id, session)
  state.lineItems.set(id, items)
  state.later((expiresAt - state.now()) * 1_000, { do: 'expire_session', id })
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

export function expectOpen(session: Stripe.Checkout.Session): void {
  if (session.status === 'open') return
  throw refuseRequest({
    message: `Only Checkout Sessions with a status in ["open"] can be used here. This Checkout Session has a status of ${session.status}.`,
    param: 'session',
  })
}

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
