// Stripe behind our port: the only place that knows the SDK. Built once per isolate; its version of the API is the one that
// the SDK was generated for, whatever the account's default is.

import Stripe from 'stripe'

import type { PaymentConfig } from './config.ts'
import type { PaymentProvider } from './provider.ts'
import { stripeCards } from './stripe-cards.ts'
import { stripeCharges } from './stripe-charges.ts'
import { stripeCheckouts } from './stripe-checkouts.ts'
import { stripeCustomers } from './stripe-customers.ts'
import { stripePortals } from './stripe-portals.ts'
import { stripeEvents } from './stripe-events.ts'
import { stripePayments } from './stripe-payments.ts'
import { stripeInvoices } from './stripe-invoices.ts'
import { stripeSubscriptions } from './stripe-subscriptions.ts'

/** A webhook, a page and the sweeper wait for it: shorter than Stripe's own patience, longer than its slowest answers. */
const timeoutMs = 20_000
/** Under the same idempotency key, which we name for everything that changes something. */
const networkRetriesMax = 2

export function stripeProvider(config: PaymentConfig): PaymentProvider {
  const sdk = stripeSdk(config)
  return {
    isLive: config.isLive,
    customers: stripeCustomers(sdk),
    checkouts: stripeCheckouts(sdk, config),
    cards: stripeCards(sdk),
    charges: stripeCharges(sdk, config),
    portals: stripePortals(sdk),
    payments: stripePayments(sdk),
    invoices: stripeInvoices(sdk, config),
    subscriptions: stripeSubscriptions(sdk, config),
    events: stripeEvents(sdk),
  }
}

export function stripeSdk({ secretKey, baseUrl }: PaymentConfig): Stripe {
  return new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(),
    timeout: timeoutMs,
    maxNetworkRetries: networkRetriesMax,
    telemetry: false,
    ...(baseUrl && {
      host: baseUrl.hostname,
      port: baseUrl.port === '' ? (baseUrl.protocol === 'https:' ? 443 : 80) : Number(baseUrl.port),
      protocol: baseUrl.protocol === 'https:' ? 'https' : 'http',
    }),
  })
}
