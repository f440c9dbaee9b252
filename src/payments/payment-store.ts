// The rows of payments and of Stripe's events. SQL alone; no credit waits for any of it.

import { and, asc, desc, eq, gt, isNotNull, lt, not, or, sql } from 'drizzle-orm'

import { asMillis, dayMs, isoTime, type Millis } from '#core/clock.ts'
import { type AccountId, type OrderId, readAccountId, readOrderId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Db } from '#db/client.ts'
import { payments, stripeEvents } from '#db/payments-schema.ts'
import type { PaymentDetail } from '#ledger/order-details.ts'
import type { OrderKind, OrderView } from '#ledger/order-commands.ts'

export type PaymentRow = typeof payments.$inferSelect

/** How a payment's row may stand. */
export type PaymentRowState = OrderView['state']

const ranks: { readonly [State in PaymentRowState]: number } = {
  placed: 1,
  open: 2,
  expired: 3,
  failed: 3,
  abandoned: 3,
  mismatch: 3,
  paid: 4,
}

export type PaymentFigures = {
  readonly accountId: AccountId
  readonly orderId: OrderId
  readonly kind: OrderKind
  readonly state: PaymentRowState
  readonly netNanoUsd: NanoUsd
  readonly bonusNanoUsd: NanoUsd
  readonly isLive: boolean
  readonly checkoutId: string | null
  readonly paymentId: string | null
  /** Why it was turned down. */
  readonly failure: string | null
  /** Of a paid one. */
  readonly payment: PaymentDetail | null
  readonly creditSeq: number | null
  readonly placedAtMs: number
}

export function figuresOfOrder(
  accountId: AccountId,
  { orderId, terms, state, checkoutId, creditSeq, placedAtMs }: OrderView,
  payment: PaymentDetail | null,
): PaymentFigures {
  const { kind, netNanoUsd, bonusNanoUsd, isLive } = terms
  const agreed = { accountId, orderId, kind, netNanoUsd, bonusNanoUsd, isLive, placedAtMs }
  const paymentId = payment?.paymentId ?? null
  return { ...agreed, state, checkoutId, creditSeq, payment, paymentId, failure: null }
}

/** A row never goes back, whoever writes last; what comes late may still say when it began. */
export async function writePayment(db: Db, figures: PaymentFigures, now: Millis): Promise<void> {
  const { state, payment, netNanoUsd, bonusNanoUsd, placedAtMs, ...named } = figures
  const row = {
    ...named,
    state,
    rank: ranks[state],
    netNanoUsd: BigInt(netNanoUsd),
    bonusNanoUsd: BigInt(bonusNanoUsd),
    taxNanoUsd: payment === null ? null : BigInt(payment.taxNanoUsd),
    receivedNanoUsd: payment === null ? null : BigInt(payment.receivedNanoUsd),
    placedAt: new Date(placedAtMs),
    updatedAt: new Date(now),
  }
  const isNewer = sql`excluded.rank >= ${payments.rank}`
  await db
    .insert(payments)
    .values(row)
    .onConflictDoUpdate({
      target: payments.orderId,
      set: {
        state: sql`case when ${isNewer} then excluded.state else ${payments.state} end`,
        failure: sql`case when ${isNewer} then excluded.failure else ${payments.failure} end`,
        rank: sql`greatest(excluded.rank, ${payments.rank})`,
        placedAt: sql`least(excluded.placed_at, ${payments.placedAt})`,
        updatedAt: row.updatedAt,
        // What an earlier one said of the payment stays where this one says nothing of it.
        checkoutId: sql`coalesce(excluded.checkout_id, ${payments.checkoutId})`,
        taxNanoUsd: sql`coalesce(excluded.tax_nano_usd, ${payments.taxNanoUsd})`,
        receivedNanoUsd: sql`coalesce(excluded.received_nano_usd, ${payments.receivedNanoUsd})`,
        paymentId: sql`coalesce(excluded.payment_id, ${payments.paymentId})`,
        creditSeq: sql`coalesce(excluded.credit_seq, ${payments.creditSeq})`,
      },
    })
}

/** `paymentId`: of an attempt of automatic top-up, which has no page; null for an order. */
export type WaitingPayment = { accountId: AccountId; orderId: OrderId; paymentId: string | null }

/**
 * What waits for longer than a page usually takes, longest not looked at first. Attempts ask for themselves while they run; one
 * that waits for its owner may be paid past us, and is looked at until `attemptsSince`.
 */
export async function waitingPayments(
  db: Db,
  { placedBefore, attemptsSince, limit }: { placedBefore: Millis; attemptsSince: Millis; limit: number },
): Promise<readonly WaitingPayment[]> {
  const isAttempt = eq(payments.kind, 'auto_top_up')
  const isLookedFor = or(
    not(isAttempt),
    and(isNotNull(payments.paymentId), gt(payments.placedAt, new Date(attemptsSince))),
  )
  const rows = await db
    .select()
    .from(payments)
    .where(and(lt(payments.rank, 3), lt(payments.placedAt, new Date(placedBefore)), isLookedFor))
    .orderBy(sql`${payments.lookedAt} asc nulls first`, asc(payments.placedAt))
    .limit(limit)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row.accountId)
    const orderId = readOrderId(row.orderId)
    if (accountId === undefined || orderId === undefined) return []
    return { accountId, orderId, paymentId: row.kind === 'auto_top_up' ? row.paymentId : null }
  })
}

export async function markLookedAt(db: Db, orderId: OrderId, now: Millis): Promise<void> {
  await db
    .update(payments)
    .set({ lookedAt: new Date(now) })
    .where(eq(payments.orderId, orderId))
}

/** One of the account's own; undefined where there is none (yet). */
export async function paymentRowOf(
  db: Db,
  accountId: AccountId,
  orderId: OrderId,
): Promise<PaymentRow | undefined> {
  const isIt = and(eq(payments.accountId, accountId), eq(payments.orderId, orderId))
  const [row] = await db.select().from(payments).where(isIt).limit(1)
  return row
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

/** The provider forgets its events after 30 days, and with them what could be looked after again. */
const eventsKeptMs = 90 * dayMs
/** At once: the next hour goes on. */
const eventsAtOnce = 10_000

export async function forgetEvents(db: Db, now: Millis): Promise<void> {
  const before = isoTime(asMillis(now - eventsKeptMs))
  await db.execute(sql`delete from stripe_events where id in (select id from stripe_events
    where first_seen_at < ${before}::timestamptz order by first_seen_at limit ${eventsAtOnce})`)
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
