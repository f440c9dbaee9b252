// Refunds at Stripe's stand-in: asked for by the product or made in the dashboard, at once, pending, or failing days later.

import type Stripe from 'stripe'
import { addBalanceTransaction } from './stripe-balance.ts'
import { lookAtWarnings } from './stripe-disputes.ts'
import { refuseRequest } from './stripe-error.ts'
import { type Form, integerIn, metadataIn, textIn, wordIn } from './stripe-form.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

const reasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const

export function createRefund(state: StripeState, form: Form): Stripe.Refund {
  const charge = chargeToRefund(state, form)
  const amount = integerIn(form, 'amount')
  const reason = wordIn(form, 'reason', reasons)
  return refund(state, charge, { amount, reason, metadata: metadataIn(form) })
}

function chargeToRefund(state: StripeState, form: Form): Stripe.Charge {
  const intentId = textIn(form, 'payment_intent')
  const chargeId =
    intentId === null
      ? textIn(form, 'charge')
      : idOf(known(state.paymentIntents, 'payment_intent', intentId, 'payment_intent').latest_charge)
  if (chargeId === null)
    throw refuseRequest({
      message:
        intentId === null
          ? 'One of the following params should be provided for this request: payment_intent or charge.'
          : `This PaymentIntent (${intentId}) does not have a successful charge to refund.`,
      param: 'payment_intent',
    })
  return known(state.charges, 'charge', chargeId, 'charge')
}

export function refund(
  state: StripeState,
  charge: Stripe.Charge,
  given: {
    amount: number | null
    reason: Stripe.Refund.Reason | null
    metadata: { [name: string]: string }
  },
): Stripe.Refund {
  const rest = charge.amount_captured - charge.amount_refunded
  const amount = given.amount ?? rest
  expectRefundable(charge, amount, rest)
  const { refund: behaviour } = known(state.cards, 'payment_method', charge.payment_method ?? '')
  const made: Stripe.Refund = {
    id: state.newId('re'),
    object: 'refund',
    amount,
    balance_transaction: addBalanceTransaction(state, {
      amount: -amount,
      currency: charge.currency,
      fee: 0,
      reporting_category: 'refund',
      type: 'refund',
      source: charge.id,
    }).id,
    charge: charge.id,
    created: state.now(),
    currency: charge.currency,
    customer: idOf(charge.customer),
    customer_account: null,
    metadata: given.metadata,
    payment_intent: idOf(charge.payment_intent),
    payment_method: charge.payment_method,
    reason: given.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: behaviour === 'pend' ? 'pending' : 'succeeded',
    transfer_reversal: null,
  }
  state.refunds.set(made.id, made)
  setRefunded(charge, charge.amount_refunded + amount)
  state.emit('charge.refunded', charge)
  state.emit('refund.created', made)
  lookAtWarnings(state, charge)
  if (behaviour === 'fail_later') state.later(state.pendingMs, { do: 'fail_refund', id: made.id })
  if (behaviour === 'pend') state.later(state.pendingMs, { do: 'complete_refund', id: made.id })
  return made
}

function expectRefundable(charge: Stripe.Charge, amount: number, rest: number): void {
  const { id } = charge
  if (!charge.paid)
    throw refuseRequest({
      message: `Charge ${id} has not succeeded and cannot be refunded.`,
      param: 'charge',
    })
  if (rest <= 0)
    throw refuseRequest({
      message: `Charge ${id} has already been refunded.`,
      code: 'charge_already_refunded',
    })
  if (amount < 1)
    throw refuseRequest({
      message: 'Invalid positive integer',
      param: 'amount',
      code: 'parameter_invalid_integer',
    })
  if (amount > rest)
    throw refuseRequest({
      message: `Refund amount ($${dollars(amount)}) is greater than unrefunded amount on charge ($${dollars(rest)})`,
      param: 'amount',
    })
}

/** The bank did not take it: what was refunded is back. */
export function failRefund(state: StripeState, id: string): Stripe.Refund {
  const made = known(state.refunds, 'refund', id)
  if (made.status === 'failed' || made.status === 'canceled') return made
  const charge = known(state.charges, 'charge', idOf(made.charge) ?? '')
  const before = made.status
  made.status = 'failed'
  made.failure_reason = 'expired_or_canceled_card'
  made.failure_balance_transaction = addBalanceTransaction(state, {
    amount: made.amount,
    currency: made.currency,
    fee: 0,
    reporting_category: 'refund_failure',
    type: 'refund_failure',
    source: made.id,
  }).id
  setRefunded(charge, charge.amount_refunded - made.amount)
  state.emit('refund.updated', made, { status: before })
  state.emit('refund.failed', made)
  lookAtWarnings(state, charge)
  return made
}

export function completeRefund(state: StripeState, id: string): Stripe.Refund {
  const made = known(state.refunds, 'refund', id)
  if (made.status !== 'pending') return made
  made.status = 'succeeded'
  state.emit('refund.updated', made, { status: 'pending' })
  return made
}

function setRefunded(charge: Stripe.Charge, amount: number): void {
  charge.amount_refunded = amount
  charge.refunded = amount >= charge.amount_captured
}

function dollars(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
}
