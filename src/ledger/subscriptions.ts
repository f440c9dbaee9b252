// A plan that is paid for from period to period. The payment provider is looked at by others, who tell what they find, in any
// order and as often as they like: each paid invoice grants once, what it was paid for and for how long; nothing else does.

import type { Json } from '#core/errors.ts'
import { type Consumable, consumables } from '#core/consumables.ts'
import { maxNanoUsd, nanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { objectOf, readWhole } from '#core/readers.ts'
import { endOf, isInForce } from './allowances.ts'
import { type Draft, append, find, keepReference, mayDo, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { expireLots } from './lot-expiry.ts'
import type { PlanTerms } from './plan-commands.ts'
import { readTerms, termsDetail } from './plan-details.ts'
import { renewAllowances } from './plans.ts'
import type { ReferenceRow } from './rows.ts'
import type { State } from './state.ts'
import type {
  AskForPlan,
  AskForPlanAnswer,
  DropPage,
  PlanView,
  SubscriptionInvoice,
  TellSubscription,
  TellSubscriptionAnswer,
} from './subscription-commands.ts'
import {
  type SubscriptionStep,
  readPaidBy,
  readProviderId,
  readStep,
  toldOfGrant,
} from './subscription-details.ts'

/** Of the newest ones; a year has twelve and some changes. */
export const toldInvoicesMax = 50

export function tellSubscription(draft: Draft, command: TellSubscription): TellSubscriptionAnswer {
  if (!isSound(command)) return { ok: false, code: 'invalid_command' }
  const { state } = draft
  if (command.accountId !== state.accountId) return { ok: false, code: 'mismatch' }
  const { subscription: held } = state.allowances
  if (isInForce(held) && held.id !== command.subscriptionId) return tellOther(draft, command)
  for (const invoice of command.invoices) tellInvoice(draft, command, invoice)
  follow(draft, command)
  keepSubscription(draft)
  renewAllowances(draft)
  return { ok: true, view: planView(state) }
}

/** Before every group of commands: what is paid for has ended, and nothing more has come. */
export function keepSubscription(draft: Draft): void {
  const { subscription } = draft.state.allowances
  if (!isInForce(subscription) || draft.state.nowMs < endOf(subscription)) return
  if (mayDo(draft, 'subscription'))
    appendStep(draft, { step: 'over', about: subscription.id }, { subscriptionId: subscription.id })
}

export function askForPlan(draft: Draft, { checkoutId, planId }: AskForPlan): AskForPlanAnswer {
  if (readProviderId(checkoutId) === undefined || readProviderId(planId) === undefined)
    return { ok: false, code: 'invalid_command' }
  if (draft.state.allowances.asked?.checkoutId !== checkoutId)
    appendStep(draft, { step: 'asked', about: checkoutId }, { checkoutId, planId })
  return { ok: true, view: planView(draft.state) }
}

export function dropPage(draft: Draft, { checkoutId }: DropPage): AskForPlanAnswer {
  if (draft.state.allowances.asked?.checkoutId === checkoutId)
    appendStep(draft, { step: 'dropped', about: checkoutId }, { checkoutId })
  return { ok: true, view: planView(draft.state) }
}

export function planView({ headSeq, allowances }: State): PlanView {
  const { plan, period, subscription, asked } = allowances
  return {
    seq: headSeq,
    plan: plan === null ? null : { id: plan.terms.id, name: plan.terms.name },
    period,
    subscription: subscription && {
      id: subscription.id,
      planId: subscription.terms.id,
      period: subscription.period,
      isEnding: subscription.isEnding,
      isOver: subscription.isOver,
    },
    asked,
  }
}

// ── What is decided ──────────────────────────────────────────────────────────────────────────────────────────────────

/** An account pays for one plan. What it paid for a second one is for a human to give back. */
function tellOther(
  draft: Draft,
  { subscriptionId, state, invoices }: TellSubscription,
): TellSubscriptionAnswer {
  const paid = invoices.filter((invoice) => invoice.state === 'paid' && invoice.totalNanoUsd > 0)
  if (state === 'ended' || paid.length === 0) return { ok: true, view: planView(draft.state) }
  const invoiceIds = paid.map(({ invoiceId }) => invoiceId)
  find(draft, `second_subscription:${subscriptionId}`, {
    what: 'second_subscription',
    subscriptionId,
    invoiceIds,
  })
  return { ok: false, code: 'other_subscription' }
}

function tellInvoice(draft: Draft, command: TellSubscription, invoice: SubscriptionInvoice): void {
  const { invoiceId, totalNanoUsd } = invoice
  if (invoice.state === 'failed') return tellFailure(draft, command, invoice)
  // What has ended begins no more.
  if (totalNanoUsd <= 0 || command.state === 'ended') return
  if (referenceOf(draft, 'subscription_invoice', invoiceId) !== undefined) return
  if (invoice.kind === 'period') grantPeriod(draft, command, invoice)
  else grantChange(draft, command, invoice)
}

function grantPeriod(draft: Draft, command: TellSubscription, invoice: SubscriptionInvoice): void {
  const { startMs, endMs } = invoice
  const { subscription: held } = draft.state.allowances
  const isOld = held?.id === command.subscriptionId && held.period.startMs >= startMs
  if (isOld || endMs <= draft.state.nowMs) return
  const terms = termsOf(draft, invoice)
  if (terms === undefined) return
  const { included, monthlyCreditNanoUsd: amountNanoUsd } = terms
  const reference = `allow:${terms.id}:${startMs}`
  const granted = { startMs: ownStartOf(draft.state, startMs), endMs, included: { ...included } }
  appendGrant(draft, { command, invoice, terms }, { reference, amountNanoUsd, granted })
}

/** What is used is counted by the millisecond in which its period began: the account's own month does not share it. */
function ownStartOf({ allowances: { period, subscription } }: State, startMs: number): number {
  const taken = [period?.startMs, subscription?.base.period?.startMs]
  return taken.includes(startMs) ? startMs + 1 : startMs
}

/** For the rest of the period the difference of the two plans, by its share of the period; what was granted before stays. */
function grantChange(draft: Draft, command: TellSubscription, invoice: SubscriptionInvoice): void {
  const { subscription: held, plan } = draft.state.allowances
  if (!isInForce(held) || plan === null || held.id !== command.subscriptionId) return
  const { startMs, endMs } = held.period
  const { startMs: fromMs, invoiceId } = invoice
  if (fromMs < startMs || fromMs >= endMs) return
  const terms = termsOf(draft, invoice)
  if (terms === undefined || terms.id === held.terms.id) return
  const restOf = (amount: number) => shareRoundedDown(amount, endMs - fromMs, endMs - startMs)
  const included: { [Name in Consumable]?: number } = { ...plan.terms.included }
  for (const consumable of consumables) {
    const more = restOf((terms.included[consumable] ?? 0) - (held.terms.included[consumable] ?? 0))
    if (more > 0) included[consumable] = (included[consumable] ?? 0) + more
  }
  const credit = subtractNanoUsd(terms.monthlyCreditNanoUsd, held.terms.monthlyCreditNanoUsd)
  appendGrant(
    draft,
    { command, invoice, terms },
    {
      reference: `allow:${terms.id}:${startMs}:up:${invoiceId}`,
      amountNanoUsd: nanoUsd(restOf(maxNanoUsd(zeroNanoUsd, credit))),
      granted: { startMs, endMs, included, fromMs },
    },
  )
}

type Grounds = { command: TellSubscription; invoice: SubscriptionInvoice; terms: PlanTerms }

function appendGrant(
  draft: Draft,
  { command, invoice, terms }: Grounds,
  grant: Pick<Entry, 'reference' | 'amountNanoUsd'> & {
    granted: { startMs: number; endMs: number } & { [name: string]: Json }
  },
): void {
  const { invoiceId, kind, totalNanoUsd } = invoice
  const { subscriptionId, isLive } = command
  const { reference, amountNanoUsd, granted } = grant
  const entry = append(draft, {
    kind: 'allowance',
    reference,
    amountNanoUsd,
    keyNumber: null,
    detail: {
      plan: terms.id,
      ...granted,
      bucket: 'allowance',
      expiresAtMs: granted.endMs,
      terms: termsDetail(terms),
      paidBy: { subscriptionId, invoiceId, kind, isLive, totalNanoUsd },
    },
  })
  keepReference(draft, rowOfGrant(entry, invoiceId))
  // What the period before has left is gone now.
  expireLots(draft)
}

/** One that is not offered any more goes on as it was agreed. */
function termsOf(draft: Draft, { planId, terms, invoiceId }: SubscriptionInvoice): PlanTerms | undefined {
  const { subscription: held } = draft.state.allowances
  const known = terms ?? (held?.terms.id === planId ? held.terms : undefined)
  if (known === undefined)
    find(draft, `unknown_plan:${invoiceId}`, { what: 'unknown_plan', planId, invoiceId })
  return known
}

/** Told once per invoice, however often it is tried. */
function tellFailure(draft: Draft, { subscriptionId }: TellSubscription, invoice: SubscriptionInvoice): void {
  const { invoiceId, planId, totalNanoUsd } = invoice
  if (referenceOf(draft, 'subscription_failed', invoiceId) !== undefined) return
  const said = { subscriptionId, invoiceId, planId, amountNanoUsd: totalNanoUsd }
  const { seq } = appendStep(draft, { step: 'payment_failed', about: invoiceId }, said)
  keepReference(draft, { scope: 'subscription_failed', reference: invoiceId, seq, said: '' })
}

function follow(draft: Draft, { subscriptionId, state, isEnding }: TellSubscription): void {
  const { subscription: held } = draft.state.allowances
  if (held === null || held.id !== subscriptionId) return
  if (state === 'ended') {
    appendStep(draft, { step: 'ended', about: subscriptionId }, { subscriptionId })
    expireLots(draft)
    return
  }
  const endsNow = isEnding || state === 'unpaid'
  if (held.isEnding === endsNow) return
  const said = { subscriptionId, isEnding: endsNow }
  appendStep(draft, { step: 'followed', about: subscriptionId }, said)
}

/** `about` is in every epoch the same for the same thing: what a customer is told of goes by it. */
function appendStep(
  draft: Draft,
  { step, about }: { step: SubscriptionStep; about: string },
  said: { readonly [name: string]: Json },
): Entry {
  return append(draft, {
    kind: 'plan',
    reference: `${step}:${about}`,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: { step, ...said },
  })
}

/** In bigint: units times milliseconds pass 2^53. */
function shareRoundedDown(amount: number, part: number, whole: number): number {
  return amount <= 0 ? 0 : Number((BigInt(amount) * BigInt(part)) / BigInt(whole))
}

function isSound({ subscriptionId, invoices }: TellSubscription): boolean {
  if (readProviderId(subscriptionId) === undefined || invoices.length > toldInvoicesMax) return false
  return invoices.every(({ invoiceId, planId, terms, startMs, endMs, totalNanoUsd }) => {
    const isNamed = readProviderId(invoiceId) !== undefined && readProviderId(planId) !== undefined
    const areTimes = readWhole(startMs) !== undefined && (readWhole(endMs) ?? 0) > startMs
    const areTerms = terms === null || (readTerms(terms) !== undefined && terms.id === planId)
    return isNamed && areTimes && areTerms && Number.isSafeInteger(totalNanoUsd)
  })
}

// ── As rows, and from a closed epoch ─────────────────────────────────────────────────────────────────────────────────

/** The row that an entry about a subscription brought, for a rebuild. */
export function referenceOfSubscription(entry: Entry): ReferenceRow | undefined {
  const detail = objectOf(entry.detail)
  const paid = entry.kind === 'allowance' ? readPaidBy(detail) : undefined
  if (paid !== undefined) return rowOfGrant(entry, paid.invoiceId)
  const reference = readProviderId(detail['invoiceId'])
  if (entry.kind !== 'plan' || readStep(detail) !== 'payment_failed' || reference === undefined)
    return undefined
  return { scope: 'subscription_failed', reference, seq: entry.seq, said: '' }
}

/** A grant that its object lost: as if it were told again. What else was said of a subscription is found by looking at it. */
export function rebookGrant(draft: Draft, entry: Entry): boolean {
  const told = toldOfGrant(objectOf(entry.detail), draft.state.accountId)
  const { headSeq } = draft.state
  return told !== undefined && tellSubscription(draft, told).ok && draft.state.headSeq > headSeq
}

function rowOfGrant({ seq, reference }: Entry, invoiceId: string): ReferenceRow {
  return { scope: 'subscription_invoice', reference: invoiceId, seq, said: reference }
}
