// Payments by a saved card without its owner. A decline is an answer, not a failure: it comes as an error of the SDK's that
// carries the payment.

import Stripe from 'stripe'

import type { Charge, NewCharge } from './charge.ts'
import type { PaymentConfig } from './config.ts'
import type { Charges } from './provider.ts'
import { askStripe, askStripeList } from './stripe-call.ts'
import { centsOf, nanoUsdOfCents } from './stripe-checkouts.ts'
import { namesOf } from './stripe-payments.ts'

/** Among so many of the customer's newest payments an attempt is looked for: at most ten a day are made. */
const lookedThroughMax = 100

const attemptKind = 'auto_top_up'

export function stripeCharges(sdk: Stripe, config: PaymentConfig): Charges {
  return {
    make: (asked) =>
      askStripe(
        'payment_intent',
        () =>
          declinedToo(() =>
            sdk.paymentIntents.create(intentOf(asked, config), { idempotencyKey: asked.key }),
          ),
        chargeOf,
      ),
    look: (paymentId) => askStripe('payment_intent', () => sdk.paymentIntents.retrieve(paymentId), chargeOf),
    find: ({ customerId, orderId }) =>
      askStripeList(
        () => sdk.paymentIntents.list({ customer: customerId, limit: lookedThroughMax }),
        ({ data }) => data.map(chargeOf).find((charge) => charge.orderId === orderId) ?? null,
      ),
  }
}

/** Everything that Stripe is told; the same for the same attempt, since it goes under the same key. */
function intentOf(asked: NewCharge, { statementSuffix }: PaymentConfig): Stripe.PaymentIntentCreateParams {
  return {
    amount: centsOf(asked.netNanoUsd),
    currency: 'usd',
    customer: asked.customerId,
    payment_method: asked.cardId,
    allowed_payment_method_types: ['card'],
    confirm: true,
    off_session: true,
    // Without it a bank that asks for the owner would leave the payment waiting for ever.
    error_on_requires_action: true,
    metadata: { account_id: asked.accountId, order_id: asked.orderId, kind: attemptKind },
    ...(statementSuffix !== undefined && { statement_descriptor_suffix: statementSuffix }),
  }
}

export function chargeOf(intent: Stripe.PaymentIntent): Charge {
  const { amount, amount_received: received, client_secret: secret, last_payment_error: error } = intent
  return {
    ...namesOf(intent),
    amountNanoUsd: nanoUsdOfCents(amount),
    receivedNanoUsd: nanoUsdOfCents(received),
    status: statusOf(intent),
    declineCode: error?.decline_code ?? error?.code ?? null,
    adviceCode: error?.advice_code ?? null,
    clientSecret: secret,
  }
}

function statusOf({ status, last_payment_error: error }: Stripe.PaymentIntent): Charge['status'] {
  switch (status) {
    case 'succeeded':
      return 'succeeded'
    case 'processing':
      return 'processing'
    case 'canceled':
      return 'canceled'
    case 'requires_action':
      return 'needs_action'
    default:
      if (error === null) return 'open'
      return error.code === 'authentication_required' || error.decline_code === 'authentication_required'
        ? 'needs_action'
        : 'declined'
  }
}

/** A decline of the card carries the payment as it then is. */
async function declinedToo(ask: () => Promise<Stripe.PaymentIntent>): Promise<Stripe.PaymentIntent> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Stripe.errors.StripeCardError && error.payment_intent !== undefined)
      return error.payment_intent
    throw error
  }
}
