// What may be told about a plan that is paid for: the page on which somebody subscribes, and how the subscription and its
// invoices stand at the payment provider. Whoever looks tells all that is there; what was told before changes nothing.

import type { NanoUsd } from '#core/money.ts'
import type { AskedPlan, Period } from './allowances.ts'
import type { PlanTerms } from './plan-commands.ts'

/** `period` pays for a whole one, `change` for the rest of one under a dearer plan. */
export type SubscriptionInvoice = {
  invoiceId: string
  kind: 'period' | 'change'
  /** `failed`: the provider has tried to collect it in vain. */
  state: 'paid' | 'failed'
  planId: string
  /** As the plan is offered today; null where it is not any more. */
  terms: PlanTerms | null
  /** Of what is paid for: a change begins when it was made. */
  startMs: number
  endMs: number
  /** What it asks for in all; nothing is granted for nothing. */
  totalNanoUsd: NanoUsd
}

export type TellSubscription = {
  subscriptionId: string
  /** As we wrote it on the subscription. */
  accountId: string | null
  isLive: boolean
  state: 'active' | 'unpaid' | 'ended'
  /** It was cancelled, and runs on to the end of what is paid. */
  isEnding: boolean
  /** The newest, oldest first. */
  invoices: readonly SubscriptionInvoice[]
}

type Refused<Code extends string> = { ok: false; code: Code | 'no_such_account' | 'internal' }

export type TellSubscriptionAnswer =
  | { ok: true; view: PlanView }
  /** `mismatch`: another account's. `other_subscription`: the account pays for one already; a finding tells of the second. */
  | Refused<'invalid_command' | 'mismatch' | 'other_subscription'>

/** Said before anybody is shown the page: the sweeper looks at it where no event comes. */
export type AskForPlan = { checkoutId: string; planId: string }
/** Nobody can pay on it any more. */
export type DropPage = { checkoutId: string }
export type AskForPlanAnswer = { ok: true; view: PlanView } | Refused<'invalid_command'>

export type PlanView = {
  /** The newest entry that it knows of. */
  seq: number
  plan: { id: string; name: string } | null
  period: Period | null
  subscription: {
    id: string
    planId: string
    period: Period
    isEnding: boolean
    isOver: boolean
  } | null
  asked: AskedPlan | null
}
