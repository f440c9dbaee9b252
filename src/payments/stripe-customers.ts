// Customers at Stripe: one per account, so that cards, receipts and the portal belong together.

import type Stripe from 'stripe'

import { zeroNanoUsd } from '#core/money.ts'
import type { Customers } from './provider.ts'
import { askStripe } from './stripe-call.ts'
import { nanoUsdOfCents } from './stripe-checkouts.ts'

export function stripeCustomers(sdk: Stripe): Customers {
  return {
    look: async (customerId) => {
      const answer = await askStripe(
        'customer',
        () => sdk.customers.retrieve(customerId),
        (customer) =>
          customer.deleted === true
            ? undefined
            : { accountId: customer.metadata['account_id'] ?? null, email: customer.email },
      )
      if (!answer.ok) return answer
      return answer.value === undefined
        ? { ok: false, code: 'gone', message: 'The customer was deleted.' }
        : { ok: true, value: answer.value }
    },
    setEmail: ({ key, customerId, email }) =>
      askStripe(
        'customer',
        () => sdk.customers.update(customerId, { email }, { idempotencyKey: key }),
        ({ id }) => ({ customerId: id }),
      ),
    make: ({ key, accountId }) =>
      askStripe(
        'customer',
        () => sdk.customers.create({ metadata: { account_id: accountId } }, { idempotencyKey: key }),
        ({ id }) => ({ customerId: id }),
      ),
    unused: (customerId) =>
      askStripe(
        'customer',
        () => sdk.customers.retrieve(customerId, { expand: ['cash_balance'] }),
        (customer) =>
          customer.deleted === true
            ? zeroNanoUsd
            : nanoUsdOfCents(customer.cash_balance?.available?.['usd'] ?? 0),
      ),
  }
}
