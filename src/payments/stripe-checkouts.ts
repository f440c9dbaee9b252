// A top-up as a Checkout Session. The methods of payment are those that Stripe's dashboard enables; the amount is ours.

import type Stripe from 'stripe'

import { type NanoUsd, nanoUsd } from '#core/money.ts'
import { assert } from '#core/assert.ts'
import type { PaymentConfig } from './config.ts'
import type { Checkout, Checkouts, NewCheckout, OpenCheckout } from './provider.ts'
import { askStripe } from './stripe-call.ts'

/** One cent. */
const centNanoUsd = 10_000_000

export function centsOf(amount: NanoUsd): number {
  assert(amount % centNanoUsd === 0, 'what a card is charged is whole cents')
  return amount / centNanoUsd
}

export function nanoUsdOfCents(cents: number): NanoUsd {
  return nanoUsd(cents * centNanoUsd)
}

export function stripeCheckouts(sdk: Stripe, config: PaymentConfig): Checkouts {
  return {
    open: (asked) =>
      askStripe(
        'checkout.session',
        () => sdk.checkout.sessions.create(sessionOf(asked, config), { idempotencyKey: asked.key }),
        openCheckoutOf,
      ),
    look: (checkoutId) =>
      askStripe(
        'checkout.session',
        () => sdk.checkout.sessions.retrieve(checkoutId, { expand: ['payment_intent'] }),
        checkoutOf,
      ),
  }
}

/** Everything that Stripe is told; the same for the same order, since it goes under the same key. */
export function sessionOf(asked: NewCheckout, config: PaymentConfig): Stripe.Checkout.SessionCreateParams {
  // On both: events and refunds name the one or the other.
  const metadata = { account_id: asked.accountId, order_id: asked.orderId }
  return {
    mode: 'payment',
    customer: asked.customerId,
    client_reference_id: asked.accountId,
    metadata,
    line_items: [{ quantity: 1, price_data: priceOf(asked, config) }],
    payment_intent_data: {
      metadata,
      ...(config.statementSuffix !== undefined && { statement_descriptor_suffix: config.statementSuffix }),
    },
    // On the card alone: for the whole session it would hide the methods that cannot be saved.
    ...(asked.savesCard && { payment_method_options: { card: { setup_future_usage: 'off_session' } } }),
    ...(config.hasAutomaticTax && {
      automatic_tax: { enabled: true },
      customer_update: { address: 'auto', name: 'auto' },
      billing_address_collection: 'required',
      tax_id_collection: { enabled: true },
    }),
    ...pageOf(asked),
  }
}

function priceOf({ netNanoUsd }: NewCheckout, { hasAutomaticTax }: PaymentConfig) {
  return {
    currency: 'usd',
    unit_amount: centsOf(netNanoUsd),
    product_data: { name: 'Prepaid credit' },
    // Tax comes on top, so that the credit is what was chosen.
    ...(hasAutomaticTax && { tax_behavior: 'exclusive' as const }),
  }
}

function pageOf({ page, origin, orderId }: NewCheckout): Partial<Stripe.Checkout.SessionCreateParams> {
  const back = `${origin}/top-ups/${orderId}`
  return page === 'embedded'
    ? { ui_mode: 'embedded_page', return_url: back }
    : { ui_mode: 'hosted_page', success_url: back, cancel_url: back }
}

export function openCheckoutOf({
  id,
  client_secret: clientSecret,
  url,
}: Stripe.Checkout.Session): OpenCheckout {
  return { checkoutId: id, clientSecret: clientSecret ?? null, url: url ?? null }
}

function checkoutOf(session: Stripe.Checkout.Session): Checkout {
  const tax = session.total_details?.amount_tax ?? 0
  const total = session.amount_total ?? 0
  const payment = typeof session.payment_intent === 'object' ? session.payment_intent : null
  return {
    ...openCheckoutOf(session),
    status: statusOf(session, payment),
    accountId: session.client_reference_id ?? session.metadata?.['account_id'] ?? null,
    orderId: session.metadata?.['order_id'] ?? null,
    isLive: session.livemode,
    // Of what has arrived: what the page asked for is not always what was paid.
    currency: payment?.currency ?? session.currency ?? '',
    netNanoUsd: nanoUsdOfCents(total - tax),
    taxNanoUsd: nanoUsdOfCents(tax),
    totalNanoUsd: nanoUsdOfCents(receivedOf(payment) ?? total),
    paymentId: payment?.id ?? null,
    ...transferOf(payment),
  }
}

/** Nothing that was sent is lost while some is missing: it counts for this payment. */
function transferOf(payment: Stripe.PaymentIntent | null): Pick<Checkout, 'transfer'> {
  const asked = payment?.next_action?.display_bank_transfer_instructions
  if (payment === null || asked === undefined) return {}
  const missing = asked.amount_remaining ?? payment.amount
  return {
    transfer: {
      missingNanoUsd: nanoUsdOfCents(missing),
      receivedNanoUsd: nanoUsdOfCents(payment.amount - missing),
      url: asked.hosted_instructions_url,
    },
  }
}

/** Complete means that the person is done; paid alone means that there is money. */
export function statusOf(
  { status, payment_status: paid }: Pick<Stripe.Checkout.Session, 'status' | 'payment_status'>,
  payment: Pick<Stripe.PaymentIntent, 'status'> | null,
): Checkout['status'] {
  // An expired page may have a payment that arrived in its last moment.
  if (paid === 'paid' || payment?.status === 'succeeded') return 'paid'
  if (status === 'expired') return 'expired'
  if (status !== 'complete') return 'open'
  return payment?.status === 'canceled' || payment?.status === 'requires_payment_method'
    ? 'failed'
    : 'pending'
}

function receivedOf(payment: Stripe.PaymentIntent | null): number | undefined {
  return payment?.status === 'succeeded' ? payment.amount_received : undefined
}
