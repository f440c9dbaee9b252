// Stripe's own package, pointed at the stand-in: for what a test has to ask of Stripe by itself. Whatever it changes it names an
// idempotency key for, as the product does: requests of tests are judged like all others.

import Stripe from 'stripe'
import type { WorldClient } from '../../dev/world-client.ts'

export function stripeOf({ stripe }: Pick<WorldClient, 'stripe'>): Stripe {
  const { hostname, port } = new URL(stripe.url)
  return new Stripe(stripe.secretKey, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  })
}
