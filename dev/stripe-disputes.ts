// Disputes and early fraud warnings at Stripe's stand-in: opened by a test card or through the control API, moved step by step.

import type Stripe from 'stripe'
import { addBalanceTransaction } from './stripe-balance.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

/** What Stripe takes for a dispute; the operator's cost. */
const disputeFee = 1_500
const evidenceDays = 7

export type DisputeOpening = {
  reason?: string
  amount?: number
  /** Questions of the bank, where no money moves. */
  isInquiry?: boolean
  /** Off where a test wants the money to move later or never. */
  isWithdrawn?: boolean
}

export function openDispute(
  state: StripeState,
  charge: Stripe.Charge,
  given: DisputeOpening = {},
): Stripe.Dispute {
  const { reason = 'fraudulent', isInquiry = false, isWithdrawn = !isInquiry } = given
  const dispute: Stripe.Dispute = {
    id: state.newId('du'),
    object: 'dispute',
    amount: given.amount ?? charge.amount - charge.amount_refunded,
    balance_transactions: [],
    charge: charge.id,
    created: state.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: state.now() + evidenceDays * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'manual',
    },
    intended_submission_method: null,
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    payment_intent: idOf(charge.payment_intent),
    reason,
    status: isInquiry ? 'warning_needs_response' : 'needs_response',
  }
  state.disputes.set(dispute.id, dispute)
  charge.disputed = true
  state.emit('charge.dispute.created', dispute)
  lookAtWarnings(state, charge)
  if (isWithdrawn) moveDispute(state, dispute.id, 'withdraw')
  return dispute
}

/** Steps of a dispute; what is no move of money changes its status. */
export const disputeMoves = [
  'withdraw',
  'reinstate',
  'under_review',
  'win',
  'lose',
  'close_warning',
  'prevent',
] as const
export type DisputeMove = (typeof disputeMoves)[number]

const statusAfter = {
  under_review: 'under_review',
  win: 'won',
  lose: 'lost',
  close_warning: 'warning_closed',
  prevent: 'prevented',
} as const satisfies { readonly [move: string]: Stripe.Dispute.Status }

export function moveDispute(state: StripeState, id: string, move: DisputeMove): Stripe.Dispute {
  const dispute = known(state.disputes, 'dispute', id)
  if (move === 'withdraw' || move === 'reinstate') {
    const isOut = move === 'withdraw'
    dispute.balance_transactions.push(
      addBalanceTransaction(state, {
        amount: isOut ? -dispute.amount : dispute.amount,
        currency: dispute.currency,
        fee: isOut ? disputeFee : -disputeFee,
        reporting_category: isOut ? 'dispute' : 'dispute_reversal',
        type: 'adjustment',
        source: dispute.id,
      }),
    )
    state.emit(isOut ? 'charge.dispute.funds_withdrawn' : 'charge.dispute.funds_reinstated', dispute)
    return dispute
  }
  const before = dispute.status
  dispute.status = statusAfter[move]
  dispute.is_charge_refundable = move === 'close_warning' || move === 'win'
  state.emit(move === 'under_review' ? 'charge.dispute.updated' : 'charge.dispute.closed', dispute, {
    status: before,
  })
  return dispute
}

export function warnOfFraud(state: StripeState, charge: Stripe.Charge): Stripe.Radar.EarlyFraudWarning {
  const warning: Stripe.Radar.EarlyFraudWarning = {
    id: state.newId('issfr'),
    object: 'radar.early_fraud_warning',
    actionable: isActionable(charge),
    charge: charge.id,
    created: state.now(),
    fraud_type: 'misc',
    livemode: false,
    ...(charge.payment_intent === null ? {} : { payment_intent: idOf(charge.payment_intent) ?? '' }),
  }
  state.warnings.set(warning.id, warning)
  state.emit('radar.early_fraud_warning.created', warning)
  return warning
}

/** Something can be done about a warning as long as the payment was neither disputed nor refunded whole. */
export function lookAtWarnings(state: StripeState, charge: Stripe.Charge): void {
  for (const warning of state.warnings.values()) {
    const { actionable } = warning
    if (warning.charge !== charge.id || actionable === isActionable(charge)) continue
    warning.actionable = !actionable
    state.emit('radar.early_fraud_warning.updated', warning, { actionable })
  }
}

function isActionable({ refunded, disputed }: Stripe.Charge): boolean {
  return !refunded && !disputed
}

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
}
