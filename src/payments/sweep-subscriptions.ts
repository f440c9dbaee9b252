// Plans whose events never came: a page on which somebody may have subscribed, a period that should have been paid. Looked at
// as they stand now and told to their account; skipped or doubled, a run changes nothing.

import { driverErrorOf, type Db } from '#db/client.ts'
import type { PaymentParts, ReadyParts } from './parts.ts'
import { settlePlanPage, settleSubscription } from './settle-subscription.ts'
import {
  markSubscriptionLookedAt,
  type WaitingSubscription,
  waitingSubscriptions,
  writeSubscription,
} from './subscription-store.ts'

/** One run asks the provider no more often: what is left is first in the next one. */
const subscriptionsPerSweepMax = 100

export async function sweepSubscriptions(parts: PaymentParts): Promise<void> {
  const { db, clock, log } = parts
  const provider = await parts.provider()
  if (db === undefined || provider === undefined) return
  const due = await waitingSubscriptions(db, { now: clock.now(), limit: subscriptionsPerSweepMax })
  for (const waiting of due) {
    try {
      await sweepOne(waiting, { ...parts, provider }, db)
    } catch (error) {
      log.error('subscription_not_swept', { account: waiting.accountId }, driverErrorOf(error))
    }
  }
}

async function sweepOne(waiting: WaitingSubscription, parts: ReadyParts, db: Db): Promise<void> {
  const { accountId, checkoutId, subscriptionId } = waiting
  // First, so that one that always fails does not keep the others waiting.
  await markSubscriptionLookedAt(db, accountId, parts.clock.now())
  if (checkoutId !== null) await settlePlanPage({ accountId, checkoutId }, parts)
  if (subscriptionId !== null) await settleSubscription({ accountId, subscriptionId }, parts)
  const view = await parts.accounts(accountId).plan()
  // The row may have missed what the account has known for long.
  if (view !== null) await writeSubscription(db, { accountId, view }, parts.clock.now())
}
