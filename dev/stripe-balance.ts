// The operator's balance at Stripe's stand-in: one line per movement of money.

import type Stripe from 'stripe'
import type { StripeState } from './stripe-state.ts'

const availableAfterSeconds = 2 * 86_400

export function addBalanceTransaction(
  state: StripeState,
  given: Pick<Stripe.BalanceTransaction, 'amount' | 'currency' | 'fee' | 'reporting_category' | 'type'> & {
    source: string
  },
): Stripe.BalanceTransaction {
  const transaction: Stripe.BalanceTransaction = {
    id: state.newId('txn'),
    object: 'balance_transaction',
    available_on: state.now() + availableAfterSeconds,
    balance_type: 'payments',
    created: state.now(),
    description: null,
    exchange_rate: null,
    fee_details: [],
    net: given.amount - given.fee,
    status: 'pending',
    ...given,
  }
  state.balanceTransactions.set(transaction.id, transaction)
  return transaction
}
