// Stripe's own pages about a customer: cards, invoices, receipts.

import type Stripe from 'stripe'

import type { Portals } from './provider.ts'
import { askStripe } from './stripe-call.ts'

export function stripePortals(sdk: Stripe): Portals {
  return {
    open: ({ key, customerId, returnUrl }) =>
      askStripe(
        'billing_portal.session',
        () =>
          sdk.billingPortal.sessions.create(
            { customer: customerId, return_url: returnUrl },
            { idempotencyKey: key },
          ),
        ({ url }) => ({ url }),
      ),
  }
}
