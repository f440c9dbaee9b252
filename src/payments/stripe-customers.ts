// Customers at Stripe: one per account, so that cards, receipts and the portal belong together.

import type Stripe from 'stripe'

import type { Customers } from './provider.ts'
import { askStripe } from './stripe-call.ts'

export function stripeCustomers(sdk: Stripe): Customers {
  return {
    make: ({ key, accountId }) =>
      askStripe(
        'customer',
        () => sdk.customers.create({ metadata: { account_id: accountId } }, { idempotencyKey: key }),
        ({ id }) => ({ customerId: id }),
      ),
  }
}
