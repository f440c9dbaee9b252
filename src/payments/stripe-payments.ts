// A payment with all that has happened to it since, and refunds, at Stripe. Statuses and movements of money become facts with
// versions that only grow (ledger/payment-facts.ts), so that an answer that was overtaken changes nothing.

import type Stripe from 'stripe'

import { asMillis } from '#core/clock.ts'
import { addNanoUsd, maxNanoUsd, negateNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { objectOf, readString } from '#core/readers.ts'
import { type Fact, refundVersions } from '#ledger/payment-facts.ts'
import type { PaidBy, PaymentState, Payments, ProviderAnswer } from './provider.ts'
import { askStripe, askStripeList } from './stripe-call.ts'
import { centsOf, nanoUsdOfCents } from './stripe-checkouts.ts'

/** More than any payment may have: what is beyond them is refused as too many facts. */
const pageMax = 100
/** Our name of a refund, on Stripe's. */
const refundName = 'refund_reference'

export function stripePayments(sdk: Stripe): Payments {
  return {
    look: (paymentId) => look(sdk, paymentId),
    paymentOfCharge: (chargeId) =>
      askStripe(
        'charge',
        () => sdk.charges.retrieve(chargeId),
        ({ payment_intent: payment }) => idOf(payment),
      ),
    paysInvoice: (paymentId) =>
      askStripeList(
        () =>
          sdk.invoicePayments.list({
            payment: { type: 'payment_intent', payment_intent: paymentId },
            limit: 1,
          }),
        ({ data }) => data.length > 0,
      ),
    describe: (paymentId) =>
      askStripe(
        'payment_intent',
        () => sdk.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] }),
        paidByOf,
      ),
    refund: ({ key, paymentId, amountNanoUsd, reference }) =>
      askStripe(
        'refund',
        () =>
          sdk.refunds.create(
            {
              payment_intent: paymentId,
              amount: centsOf(amountNanoUsd),
              metadata: { [refundName]: reference },
            },
            { idempotencyKey: key },
          ),
        ({ id }) => ({ refundId: id }),
      ),
    madeBetween: ({ fromMs, toMs, after }) =>
      askStripeList(
        () =>
          sdk.paymentIntents.list({
            created: { gte: Math.floor(fromMs / 1_000), lt: Math.floor(toMs / 1_000) },
            limit: pageMax,
            ...(after !== null && { starting_after: after }),
          }),
        ({ data, has_more: hasMore }) => ({
          payments: data.map(summaryOf),
          next: hasMore ? (data.at(-1)?.id ?? null) : null,
        }),
      ),
  }
}

function paidByOf({ latest_charge: charge }: Stripe.PaymentIntent): PaidBy {
  if (charge === null || typeof charge === 'string') return { method: null, last4: null, statement: null }
  const { payment_method_details: details, calculated_statement_descriptor: statement } = charge
  const type = details?.type ?? null
  // Each method describes itself under its own name: cards and debits by their last figures.
  const own =
    type === null ? {} : objectOf(Object.entries(details ?? {}).find(([name]) => name === type)?.[1])
  return {
    method: readString(own['brand']) ?? type,
    last4: readString(own['last4']) ?? null,
    statement,
  }
}

async function look(sdk: Stripe, paymentId: string): Promise<ProviderAnswer<PaymentState>> {
  const of = { payment_intent: paymentId, limit: pageMax }
  const [payment, refunds, disputes, warnings] = await Promise.all([
    askStripe('payment_intent', () => sdk.paymentIntents.retrieve(paymentId), summaryOf),
    askStripeList(
      () => sdk.refunds.list(of),
      ({ data }) => data.map(refundFact),
    ),
    askStripeList(
      () => sdk.disputes.list(of),
      ({ data }) => data.map(disputeFact),
    ),
    askStripeList(
      () => sdk.radar.earlyFraudWarnings.list(of),
      ({ data }) => data.map(warningFact),
    ),
  ])
  if (!payment.ok) return payment
  const lists = [refunds, disputes, warnings]
  for (const list of lists) if (!list.ok) return list
  const facts = lists.flatMap((list) => (list.ok ? list.value : []))
  return { ok: true, value: { ...payment.value, facts } }
}

function summaryOf(payment: Stripe.PaymentIntent): Omit<PaymentState, 'facts'> {
  const { status, amount_received: received, created } = payment
  return {
    ...namesOf(payment),
    isPaid: status === 'succeeded',
    receivedNanoUsd: nanoUsdOfCents(received),
    madeAtMs: asMillis(created * 1_000),
  }
}

/** Which payment it is, in whose name, and of which money. */
export function namesOf({ id, metadata, livemode, currency }: Stripe.PaymentIntent) {
  return {
    paymentId: id,
    accountId: metadata['account_id'] ?? null,
    orderId: metadata['order_id'] ?? null,
    isLive: livemode,
    currency,
  }
}

/** One that we asked for holds its money from the start; what the dashboard makes counts once it has succeeded. */
export function refundFact({ id, metadata, status, amount }: Stripe.Refund): Fact {
  const ours = metadata?.[refundName]
  const said = refundStatuses[status ?? ''] ?? 'pending'
  const isTaken = said === 'succeeded' || (said === 'pending' && ours !== undefined)
  return {
    id: ours ?? id,
    kind: 'refund',
    version: refundVersions[said],
    takenNanoUsd: isTaken ? nanoUsdOfCents(amount) : zeroNanoUsd,
    isOpen: false,
  }
}

const refundStatuses: { readonly [status: string]: keyof typeof refundVersions } = {
  pending: 'pending',
  requires_action: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
}

/** Money moves by balance transactions alone; the fee is the operator's cost. */
export function disputeFact({ id, status, balance_transactions: movements }: Stripe.Dispute): Fact {
  const moved = addNanoUsd(...movements.map(({ amount }) => nanoUsdOfCents(amount)))
  const { rank, isOpen } = disputeStatuses[status] ?? undecided
  return {
    id,
    kind: 'dispute',
    version: movements.length * versionsPerMovement + rank,
    takenNanoUsd: maxNanoUsd(zeroNanoUsd, negateNanoUsd(moved)),
    isOpen,
  }
}

const versionsPerMovement = 100
const undecided = { rank: 3, isOpen: true }

/** Inquiries move no money and mark nobody. An appeal begins where a dispute was lost, and what it brings is a movement. */
const disputeStatuses: { readonly [status: string]: { rank: number; isOpen: boolean } } = {
  warning_needs_response: { rank: 0, isOpen: false },
  warning_under_review: { rank: 1, isOpen: false },
  needs_response: { rank: 2, isOpen: true },
  under_review: undecided,
  warning_closed: { rank: 4, isOpen: false },
  prevented: { rank: 4, isOpen: false },
  lost: { rank: 5, isOpen: false },
  appeal_needs_response: { rank: 5, isOpen: false },
  appeal_under_review: { rank: 5, isOpen: false },
  won: { rank: 6, isOpen: false },
}

/** Settled by a dispute or a refund of the whole: then there is nothing left to do about it. */
export function warningFact({ id, actionable }: Stripe.Radar.EarlyFraudWarning): Fact {
  return {
    id,
    kind: 'fraud_warning',
    version: actionable ? 1 : 2,
    takenNanoUsd: zeroNanoUsd,
    isOpen: actionable,
  }
}

function idOf(thing: string | { id: string } | null): string | null {
  return typeof thing === 'string' ? thing : (thing?.id ?? null)
}
