// What happens at Stripe's stand-in by itself, when its clock has got there.

import { expireSession } from './stripe-checkout.ts'
import { settle } from './stripe-confirm.ts'
import { StripeRefusal } from './stripe-error.ts'
import { completeRefund, failRefund } from './stripe-refunds.ts'
import type { Due, StripeState } from './stripe-state.ts'
import { renewIfDue } from './stripe-subscriptions.ts'

/** What is no longer possible (paid meanwhile, its customer gone) does not happen. */
export function happen(state: StripeState, due: Due): void {
  try {
    carryOut(state, due)
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error
  }
}

function carryOut(state: StripeState, { do: what, id }: Due): void {
  switch (what) {
    case 'expire_session':
      return void expireSession(state, id)
    case 'settle_succeeded':
      return void settle(state, id, 'succeeded')
    case 'settle_failed':
      return void settle(state, id, 'failed')
    case 'overdue': {
      const invoice = state.invoices.get(id)
      if (invoice?.status === 'open') state.emit('invoice.overdue', invoice)
      return
    }
    case 'fail_refund':
      return void failRefund(state, id)
    case 'complete_refund':
      return void completeRefund(state, id)
    case 'renew':
      return renewIfDue(state, id)
  }
}
