// The rows of plans that are paid for, for whoever looks over all accounts: the sweeper. SQL alone; nothing is decided by them.

import { and, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'

import type { Millis } from '#core/clock.ts'
import { minuteMs } from '#core/clock.ts'
import { type AccountId, readAccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { subscriptions } from '#db/plans-schema.ts'
import type { PlanView } from '#ledger/subscription-commands.ts'

/** As the account object knows it. A row never goes back, whoever writes last; an account that never asked has none. */
export async function writeSubscription(
  db: Db,
  { accountId, view }: { accountId: AccountId; view: PlanView },
  now: Millis,
): Promise<void> {
  const { subscription, asked, seq } = view
  const changing = {
    subscriptionId: subscription?.id ?? null,
    planId: subscription?.planId ?? asked?.planId ?? null,
    isEnding: subscription?.isEnding ?? false,
    paidUntil: subscription === null ? null : new Date(subscription.period.endMs),
    checkoutId: asked?.checkoutId ?? null,
    askedAt: asked === null ? null : new Date(asked.atMs),
    seq,
    updatedAt: new Date(now),
  }
  if (subscription === null && asked === null) {
    const isOlder = and(eq(subscriptions.accountId, accountId), lt(subscriptions.seq, seq))
    await db.update(subscriptions).set(changing).where(isOlder)
    return
  }
  await db
    .insert(subscriptions)
    .values({ accountId, ...changing })
    .onConflictDoUpdate({
      target: subscriptions.accountId,
      set: changing,
      setWhere: sql`excluded.seq >= ${subscriptions.seq}`,
    })
}

export type WaitingSubscription = {
  accountId: AccountId
  subscriptionId: string | null
  checkoutId: string | null
}

/** A person at a page takes less, and its events come meanwhile. */
const lookAfterMs = 15 * minuteMs
/** What is not paid yet is looked at no more often. */
const lookEveryMs = 30 * minuteMs

/** What should have been paid by now, longest not looked at first. */
export async function waitingSubscriptions(
  db: Db,
  { now, limit }: { now: Millis; limit: number },
): Promise<readonly WaitingSubscription[]> {
  const { subscriptionId, checkoutId, paidUntil, askedAt, lookedAt } = subscriptions
  const rows = await db
    .select()
    .from(subscriptions)
    .where(
      and(
        or(
          and(isNotNull(subscriptionId), lt(paidUntil, new Date(now))),
          and(isNotNull(checkoutId), lt(askedAt, new Date(now - lookAfterMs))),
        ),
        or(isNull(lookedAt), lt(lookedAt, new Date(now - lookEveryMs))),
      ),
    )
    .orderBy(sql`${lookedAt} asc nulls first`)
    .limit(limit)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row.accountId)
    return accountId === undefined ? [] : [{ ...row, accountId }]
  })
}

export async function markSubscriptionLookedAt(db: Db, accountId: AccountId, now: Millis): Promise<void> {
  await db
    .update(subscriptions)
    .set({ lookedAt: new Date(now) })
    .where(eq(subscriptions.accountId, accountId))
}
