// What a payment at Stripe's stand-in comes to: the charge, what it adds to the balance, and what the bank does afterwards.

import type Stripe from 'stripe'
import { addBalanceTransaction } from './stripe-balance.ts'
import { type DeclineCode, declines } from './stripe-cards.ts'
import { openDispute, warnOfFraud } from './stripe-disputes.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

/** A payment in the customer's own currency, beside which the amount in ours stays (Adaptive Pricing). */
export type Presentment = { amount: number; currency: string }

/** As a US card costs: 2.9 % and 30 cents. */
const feeOf = (amount: number) => Math.round((amount * 29) / 1_000) + 30

function newCharge(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Stripe.Charge {
  const charge: Stripe.Charge = {
    id: state.newId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { ...method.billing_details },
    calculated_statement_descriptor: intent.statement_descriptor ?? statementOf(intent),
    captured: false,
    created: state.now(),
    currency: intent.currency,
    customer: idOf(intent.customer),
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { type: method.type, ...cardDetails(method) },
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'pending',
    transfer_data: null,
    transfer_group: null,
  }
  state.charges.set(charge.id, charge)
  return charge
}

/** The account's own name, shortened where something follows it. */
function statementOf({ statement_descriptor_suffix: suffix }: Stripe.PaymentIntent): string {
  return suffix === null ? 'SLUICE LOCAL' : `SLUICE* ${suffix}`
}

function cardDetails({ card }: Stripe.PaymentMethod): { card?: Stripe.Charge.PaymentMethodDetails.Card } {
  if (card === undefined) return {}
  const { brand, country, exp_month, exp_year, fingerprint = null, funding, last4 } = card
  return {
    card: {
      amount_authorized: null,
      authorization_code: null,
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country,
      electronic_commerce_indicator: null,
      exp_month,
      exp_year,
      fingerprint,
      funding,
      installments: null,
      last4,
      mandate: null,
      network: brand,
      network_transaction_id: null,
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  }
}

export function pendingCharge(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Stripe.Charge {
  const charge = newCharge(state, intent, method)
  state.emit('charge.pending', charge)
  return charge
}

/** The money is there. */
export function succeedCharge(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  given: {
    method: Stripe.PaymentMethod
    charge?: Stripe.Charge | undefined
    presentment?: Presentment | undefined
  },
): Stripe.Charge {
  const charge = given.charge ?? newCharge(state, intent, given.method)
  charge.status = 'succeeded'
  charge.paid = true
  charge.captured = true
  charge.amount_captured = charge.amount
  charge.receipt_url = `https://pay.stripe.com/receipts/${charge.id}`
  charge.outcome = {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: 'approved_by_network',
    reason: null,
    risk_level: 'normal',
    seller_message: 'Payment complete.',
    type: 'authorized',
  }
  if (given.presentment !== undefined) charge.presentment_details = presentmentDetails(given.presentment)
  charge.balance_transaction = addBalanceTransaction(state, {
    amount: charge.amount,
    currency: charge.currency,
    fee: feeOf(charge.amount),
    reporting_category: 'charge',
    type: 'charge',
    source: charge.id,
  }).id
  state.emit('charge.succeeded', charge)
  return charge
}

export function presentmentDetails({ amount, currency }: Presentment) {
  return { presentment_amount: amount, presentment_currency: currency }
}

/** The bank says no. */
export function failCharge(
  state: StripeState,
  intent: Stripe.PaymentIntent,
  given: { method: Stripe.PaymentMethod; charge?: Stripe.Charge | undefined; decline: DeclineCode },
): Stripe.Charge {
  const { code, advice, message } = declines[given.decline]
  const charge = given.charge ?? newCharge(state, intent, given.method)
  charge.status = 'failed'
  charge.failure_code = code
  charge.failure_message = message
  charge.outcome = {
    advice_code: advice,
    network_advice_code: null,
    network_decline_code: given.decline,
    network_status: 'declined_by_network',
    reason: given.decline,
    risk_level: 'normal',
    seller_message: 'The bank did not return any further details with this decline.',
    type: 'issuer_declined',
  }
  state.emit('charge.failed', charge)
  return charge
}

/** Some test cards make their bank act right after a good payment. */
export function actAfterwards(state: StripeState, charge: Stripe.Charge): void {
  const { afterwards } = known(state.cards, 'payment_method', charge.payment_method ?? '')
  if (afterwards === 'dispute') openDispute(state, charge, { reason: 'fraudulent', isInquiry: false })
  if (afterwards === 'inquiry') openDispute(state, charge, { reason: 'fraudulent', isInquiry: true })
  if (afterwards === 'fraud_warning') warnOfFraud(state, charge)
}
