// What customers have sent by bank transfer and what pays for nothing yet: their cash balance at Stripe's stand-in. It is used for
// the next payment by transfer; until then the operator may send it back.

import type Stripe from 'stripe'
import type { StripeState } from './stripe-state.ts'

export function cashBalanceOf(state: StripeState, customer: string): Stripe.CashBalance {
  const cents = state.cash.get(customer)
  return {
    object: 'cash_balance',
    available: cents === undefined ? null : { usd: cents },
    customer,
    customer_account: null,
    livemode: false,
    settings: { reconciliation_mode: 'automatic', using_merchant_default: true },
  }
}

/** More has come than was asked for. */
export function addCash(state: StripeState, customer: string, cents: number): void {
  state.cash.set(customer, (state.cash.get(customer) ?? 0) + cents)
  state.emit('cash_balance.funds_available', cashBalanceOf(state, customer))
}

/** As much of it as is wanted and there. */
export function takeCash(state: StripeState, customer: string, wanted: number): number {
  const there = state.cash.get(customer) ?? 0
  const taken = Math.min(there, wanted)
  if (taken > 0) state.cash.set(customer, there - taken)
  return taken
}
