// Customers at Stripe: one per account, so that cards, receipts and the portal belong together.

import type Stripe from 'stripe'

import type { Customers } from './provider.ts'
import { askStripe } from './stripe-call.ts'

export function stripeCustomers(sdk: Stripe): Customers {
  return {
    look: async (customerId) => {
      const answer = await askStripe(
        'customer',
        () => sdk.customers.retrieve(customerId),
        (customer) => (customer.deleted === true ? undefined : (customer.metadata['account_id'] ?? null)),
      )
      if (!answer.ok) return answer
      return answer.value === undefined
        ? { ok: false, code: 'gone', message: 'The customer was deleted.' }
        : { ok: true, value: { accountId: answer.value } }
    },
    make: ({ key, accountId }) =>
      askStripe(
        'customer',
        () => sdk.customers.create({ metadata: { account_id: accountId } }, { idempotencyKey: key }),
        ({ id }) => ({ customerId: id }),
      ),
  }
}
