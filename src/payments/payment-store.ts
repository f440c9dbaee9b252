// The rows of payments and of Stripe's events. SQL alone; no credit waits for any of it.

import { and, asc, desc, eq, lt, or, sql } from 'drizzle-orm'

import { asMillis, isoTime, type Millis } from '#core/clock.ts'
import { type AccountId, type OrderId, readAccountId, readOrderId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { payments, stripeEvents } from '#db/schema.ts'
import type { PaymentDetail } from '#ledger/order-details.ts'
import type { OrderView } from '#ledger/order-commands.ts'

export type PaymentRow = typeof payments.$inferSelect

const ranks: { readonly [State in OrderView['state']]: number } = {
  placed: 1,
  open: 2,
  expired: 3,
  failed: 3,
  abandoned: 3,
  mismatch: 3,
  paid: 4,
}

/** As the account object knows it. A row never goes back, whoever writes last. */
export async function writePayment(
  db: Db,
  order: OrderView & { accountId: AccountId; payment: PaymentDetail | null },
  now: Millis,
): Promise<void> {
  const { accountId, orderId, terms, state, checkoutId, creditSeq, placedAtMs, payment } = order
  const row = {
    orderId,
    accountId,
    kind: terms.kind,
    state,
    rank: ranks[state],
    netNanoUsd: BigInt(terms.netNanoUsd),
    bonusNanoUsd: BigInt(terms.bonusNanoUsd),
    taxNanoUsd: payment === null ? null : BigInt(payment.taxNanoUsd),
    receivedNanoUsd: payment === null ? null : BigInt(payment.receivedNanoUsd),
    isLive: terms.isLive,
    checkoutId,
    paymentId: payment?.paymentId ?? null,
    creditSeq,
    placedAt: new Date(placedAtMs),
    updatedAt: new Date(now),
  }
  // What an earlier one said of the payment stays where this one says nothing of it.
  const kept = {
    taxNanoUsd: sql`coalesce(excluded.tax_nano_usd, ${payments.taxNanoUsd})`,
    receivedNanoUsd: sql`coalesce(excluded.received_nano_usd, ${payments.receivedNanoUsd})`,
    paymentId: sql`coalesce(excluded.payment_id, ${payments.paymentId})`,
  }
  await db
    .insert(payments)
    .values(row)
    .onConflictDoUpdate({
      target: payments.orderId,
      set: { state, rank: row.rank, checkoutId, creditSeq, updatedAt: row.updatedAt, ...kept },
      setWhere: sql`excluded.rank >= ${payments.rank}`,
    })
}

/** What waits for longer than a page usually takes, longest not looked at first. */
export async function waitingPayments(
  db: Db,
  { placedBefore, limit }: { placedBefore: Millis; limit: number },
): Promise<readonly { accountId: AccountId; orderId: OrderId }[]> {
  const rows = await db
    .select({ accountId: payments.accountId, orderId: payments.orderId })
    .from(payments)
    .where(and(lt(payments.rank, 3), lt(payments.placedAt, new Date(placedBefore))))
    .orderBy(sql`${payments.lookedAt} asc nulls first`, asc(payments.placedAt))
    .limit(limit)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row.accountId)
    const orderId = readOrderId(row.orderId)
    return accountId === undefined || orderId === undefined ? [] : { accountId, orderId }
  })
}

export async function markLookedAt(db: Db, orderId: OrderId, now: Millis): Promise<void> {
  await db
    .update(payments)
    .set({ lookedAt: new Date(now) })
    .where(eq(payments.orderId, orderId))
}

/** Where a page of a list ended: the next one goes on below it. */
export type PaymentCursor = { placedAtMs: number; orderId: string }

/** Of one account, newest first. */
export async function paymentsOf(
  db: Db,
  accountId: AccountId,
  { before, limit }: { before: PaymentCursor | null; limit: number },
): Promise<readonly PaymentRow[]> {
  const placedAt = new Date(before?.placedAtMs ?? 0)
  const isBelow =
    before === null
      ? undefined
      : or(
          lt(payments.placedAt, placedAt),
          and(eq(payments.placedAt, placedAt), lt(payments.orderId, before.orderId)),
        )
  return db
    .select()
    .from(payments)
    .where(and(eq(payments.accountId, accountId), isBelow))
    .orderBy(desc(payments.placedAt), desc(payments.orderId))
    .limit(limit)
}

export type SeenEvent = {
  id: string
  type: string
  objectId: string | null
  accountId: string | null
  isLive: boolean
  outcome: string
}

export async function writeSeenEvent(db: Db, event: SeenEvent, now: Millis): Promise<void> {
  const seenAt = isoTime(asMillis(now))
  const at = new Date(seenAt)
  await db
    .insert(stripeEvents)
    .values({ ...event, seenCount: 1, firstSeenAt: at, lastSeenAt: at })
    .onConflictDoUpdate({
      target: stripeEvents.id,
      set: {
        outcome: event.outcome,
        seenCount: sql`${stripeEvents.seenCount} + 1`,
        lastSeenAt: at,
      },
    })
}
