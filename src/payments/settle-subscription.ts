// The one way in which an account learns of its subscription: looked at as it stands now with its newest invoices, and told
// whole. Events in any order, the page that a person returns to and the sweeper all run this; each invoice grants once.

import type { AccountId } from '#core/ids.ts'
import type { PlanView, TellSubscription } from '#ledger/subscription-commands.ts'
import { isLostAccount } from './lost-account.ts'
import type { ReadyParts } from './parts.ts'
import { tellCard } from './saved-cards.ts'
import type { PlanOffers, PlanPage, SubscriptionState } from './subscription-state.ts'

export type SettledSubscription =
  | { ok: true; view: PlanView; state: SubscriptionState }
  /** `foreign`: not this account's, or no account of ours. `unknown`: could not be looked at or told now. */
  | { ok: false; code: 'foreign' | 'unknown' }

type Named = { accountId: AccountId; subscriptionId: string }

export async function settleSubscription(named: Named, parts: ReadyParts): Promise<SettledSubscription> {
  const { accountId, subscriptionId } = named
  const looked = await parts.provider.subscriptions.look(subscriptionId)
  if (!looked.ok) {
    parts.log.error('subscription_unknown', {
      account: accountId,
      subscription: subscriptionId,
      why: looked.message,
    })
    return { ok: false, code: looked.code === 'gone' ? 'foreign' : 'unknown' }
  }
  const state = looked.value
  const told = await tell(named, state, parts)
  if (!told.ok) return told
  // The plan's card is the account's own, where it has chosen no other.
  const { cardId } = state
  if (cardId !== null && state.status === 'active') {
    const reference = `subscription:${subscriptionId}:${cardId}`
    await tellCard({ accountId, cardId, reference, isWanted: false }, parts)
  }
  return { ok: true, view: told.view, state }
}

type Told = { ok: true; view: PlanView } | { ok: false; code: 'foreign' | 'unknown' }

async function tell(named: Named, state: SubscriptionState, parts: ReadyParts): Promise<Told> {
  const { accountId, subscriptionId } = named
  const account = parts.accounts(accountId)
  const command = commandOf(state, parts.plans)
  let answer = await account.tellSubscription(command)
  if (!answer.ok && answer.code === 'other_subscription') {
    // The one that it has may have ended without a word.
    const held = (await account.plan())?.subscription
    if (held && held.id !== subscriptionId)
      await settleSubscription({ accountId, subscriptionId: held.id }, parts)
    answer = await account.tellSubscription(command)
  }
  if (answer.ok) return answer
  parts.log.error('subscription_refused', {
    account: accountId,
    subscription: subscriptionId,
    code: answer.code,
  })
  switch (answer.code) {
    case 'no_such_account':
      return { ok: false, code: (await isLostAccount(accountId, parts)) ? 'unknown' : 'foreign' }
    case 'other_subscription':
      return endSecond(subscriptionId, parts)
    case 'internal':
      return { ok: false, code: 'unknown' }
    case 'mismatch':
    case 'invalid_command':
      return { ok: false, code: 'foreign' }
  }
}

/** It must not be charged again; what was paid is a finding, for a human to give back. */
async function endSecond(subscriptionId: string, { provider }: ReadyParts): Promise<Told> {
  const key = `end:${subscriptionId}`
  const ended = await provider.subscriptions.end({ key, subscriptionId })
  return { ok: false, code: ended.ok || ended.code !== 'unknown' ? 'foreign' : 'unknown' }
}

export function commandOf(state: SubscriptionState, plans: PlanOffers): TellSubscription {
  const { subscriptionId, accountId, isLive, status, endsAtMs, invoices } = state
  return {
    subscriptionId,
    accountId,
    isLive,
    state: status,
    isEnding: endsAtMs !== null,
    invoices: invoices.map((invoice) => ({
      ...invoice,
      terms: plans.get(invoice.planId)?.terms ?? null,
    })),
  }
}

export type SettledPage =
  | { ok: true; page: PlanPage; view: PlanView | null }
  | { ok: false; code: 'foreign' | 'unknown' }

/** A page on which somebody may have subscribed. */
export async function settlePlanPage(
  { accountId, checkoutId }: { accountId: AccountId; checkoutId: string },
  parts: ReadyParts,
): Promise<SettledPage> {
  const looked = await parts.provider.subscriptions.lookAtPage(checkoutId)
  const account = parts.accounts(accountId)
  if (!looked.ok) {
    parts.log.error('checkout_unknown', { account: accountId, checkout: checkoutId, why: looked.message })
    if (looked.code !== 'gone') return { ok: false, code: 'unknown' }
    await account.dropPage({ checkoutId })
    return { ok: false, code: 'foreign' }
  }
  const page = looked.value
  if (page.accountId !== accountId) return { ok: false, code: 'foreign' }
  if (page.subscriptionId !== null) {
    const { subscriptionId } = page
    const settled = await settleSubscription({ accountId, subscriptionId }, parts)
    if (!settled.ok && settled.code === 'unknown') return { ok: false, code: 'unknown' }
  }
  // Paid or expired: it waits for nobody any more.
  const dropped = page.status === 'open' ? undefined : await account.dropPage({ checkoutId: page.checkoutId })
  if (dropped?.ok === false && dropped.code === 'internal') return { ok: false, code: 'unknown' }
  return { ok: true, page, view: await account.plan() }
}
