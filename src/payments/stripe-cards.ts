// Saved cards at Stripe. What is no card (a bank account, a wallet that cannot be charged later) is not listed: only cards are
// charged without their owner.

import type Stripe from 'stripe'

import type { Card, Cards, NewCardPage, ProviderAnswer } from './provider.ts'
import { askStripe, askStripeList } from './stripe-call.ts'
import { openCheckoutOf } from './stripe-checkouts.ts'

/** A person has a handful. */
const cardsMax = 100

export function stripeCards(sdk: Stripe): Cards {
  return {
    list: (customerId) =>
      askStripeList(
        () => sdk.customers.listPaymentMethods(customerId, { type: 'card', limit: cardsMax }),
        ({ data }) => data.map(cardOf),
      ),
    look: (cardId) => askStripe('payment_method', () => sdk.paymentMethods.retrieve(cardId), cardOf),
    confirmed: (customerId) => confirmedCards(sdk, customerId),
    openPage: (asked) =>
      askStripe(
        'checkout.session',
        () => sdk.checkout.sessions.create(cardPageOf(asked), { idempotencyKey: asked.key }),
        openCheckoutOf,
      ),
    remove: ({ key, cardId }) =>
      askStripe(
        'payment_method',
        () => sdk.paymentMethods.detach(cardId, undefined, { idempotencyKey: key }),
        cardOf,
      ),
  }
}

/** By the intents that have succeeded: a card that is merely there may have been charged and never confirmed. */
function confirmedCards(sdk: Stripe, customerId: string): Promise<ProviderAnswer<readonly Card[]>> {
  const asked = { customer: customerId, limit: cardsMax, expand: ['data.payment_method'] }
  return askStripeList(
    () => sdk.setupIntents.list(asked),
    ({ data }) =>
      data.flatMap(({ status, payment_method: method }) =>
        status === 'succeeded' && method !== null && typeof method === 'object' && method.type === 'card'
          ? [cardOf(method)]
          : [],
      ),
  )
}

/** Cards alone: the page asks for a mandate to charge them later. */
function cardPageOf(asked: NewCardPage): Stripe.Checkout.SessionCreateParams {
  const metadata = { account_id: asked.accountId, saves: 'card' }
  const back = `${asked.origin}/billing`
  return {
    mode: 'setup',
    currency: 'usd',
    customer: asked.customerId,
    client_reference_id: asked.accountId,
    metadata,
    allowed_payment_method_types: ['card'],
    setup_intent_data: { metadata },
    ...(asked.page === 'embedded'
      ? { ui_mode: 'embedded_page' as const, return_url: back }
      : { ui_mode: 'hosted_page' as const, success_url: back, cancel_url: back }),
  }
}

function cardOf({ id, customer, card }: Stripe.PaymentMethod): Card {
  return {
    cardId: id,
    customerId: typeof customer === 'string' ? customer : (customer?.id ?? null),
    fingerprint: card?.fingerprint ?? null,
    isPrepaid: card?.funding === 'prepaid',
    brand: card?.brand ?? 'unknown',
    last4: card?.last4 ?? '',
    expiresMonth: card?.exp_month ?? 0,
    expiresYear: card?.exp_year ?? 0,
  }
}
