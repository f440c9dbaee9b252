// Plans as they are sold, and subscriptions as they stand at the payment provider, in our own words.

import type { AccountId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { PlanTerms } from '#ledger/plan-commands.ts'

/** A plan that can be paid for; the price is ours, in whole cents a month, without tax. */
export type OfferedPlan = { terms: PlanTerms; priceNanoUsd: NanoUsd }

/** The plans of this deployment, as the root has them. */
export type PlanOffers = {
  get(planId: string): OfferedPlan | undefined
  list(): readonly OfferedPlan[]
}

export type NewPlanPage = {
  key: string
  accountId: AccountId
  customerId: string
  plan: OfferedPlan
  page: 'embedded' | 'hosted'
  /** Where the person comes back to; a path of ours under this origin. */
  origin: string
}

/** A page on which a person subscribes. */
export type PlanPage = {
  checkoutId: string
  /** For an embedded page. */
  clientSecret: string | null
  /** For a hosted one. */
  url: string | null
  status: 'open' | 'complete' | 'expired'
  /** As we wrote it on it. */
  accountId: string | null
  subscriptionId: string | null
}

export type SubscriptionState = {
  subscriptionId: string
  /** As we wrote it on it. */
  accountId: string | null
  isLive: boolean
  /** `unpaid`: its newest invoice could not be collected. `ended`: nothing more will come of it. */
  status: 'active' | 'unpaid' | 'ended'
  /** What the next invoice will be for; a plan's id, where it is one of ours. */
  planId: string
  priceNanoUsd: NanoUsd
  /** Names its one line for a change. */
  itemId: string
  /** When it ends by itself; null where it goes on. */
  endsAtMs: number | null
  /** What is charged; null for the customer's usual one. */
  cardId: string | null
  /** The newest, oldest first. */
  invoices: readonly BilledPeriod[]
}

/** A paid invoice of a subscription, or one that was tried in vain. */
export type BilledPeriod = {
  invoiceId: string
  kind: 'period' | 'change'
  state: 'paid' | 'failed'
  planId: string
  /** Of what is paid for, as the invoice's line says it: the invoice's own period is another. */
  startMs: number
  endMs: number
  totalNanoUsd: NanoUsd
}

export type PlanChange = {
  key: string
  subscriptionId: string
  itemId: string
  plan: OfferedPlan
  /** The rest of the period is charged now, and without the money nothing changes; else it is the next period's plan. */
  isInvoiced: boolean
}
