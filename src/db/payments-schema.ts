// The tables of money that comes in: orders, the provider's events, invoices. A mirror for those who look over all accounts; no
// credit waits for any of it.

import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { nanoUsd, time, whole } from './columns.ts'

/** One row per order of an account, for those who look over all accounts: the sweeper, the reconciler, lists. Written from its entries. */
export const payments = pgTable(
  'payments',
  {
    orderId: text('order_id').primaryKey(),
    accountId: text('account_id').notNull(),
    kind: text('kind').notNull(),
    state: text('state').notNull(),
    /** 1 placed, 2 open, 3 ended, 4 paid: a row never goes back. */
    rank: integer('rank').notNull(),
    netNanoUsd: nanoUsd('net_nano_usd').notNull(),
    bonusNanoUsd: nanoUsd('bonus_nano_usd').notNull(),
    /** Of a paid one. */
    taxNanoUsd: nanoUsd('tax_nano_usd'),
    receivedNanoUsd: nanoUsd('received_nano_usd'),
    isLive: boolean('is_live').notNull(),
    /** The provider's names of its page and its payment. */
    checkoutId: text('checkout_id'),
    paymentId: text('payment_id'),
    /** Why a bank has turned it down, or what it asks of the card's owner; null where none did. */
    failure: text('failure'),
    creditSeq: whole('credit_seq'),
    placedAt: time('placed_at').notNull(),
    /** When the sweeper looked at it last; null for never. */
    lookedAt: time('looked_at'),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [
    index('payments_of_account').on(table.accountId, table.placedAt, table.orderId),
    index('payments_by_time').on(table.placedAt, table.orderId),
    index('payments_by_payment').on(table.paymentId),
    index('payments_waiting')
      .on(table.lookedAt.asc().nullsFirst(), table.placedAt)
      .where(sql`rank < 3`),
  ],
)

/** Every event that Stripe signed, with what became of it. */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    id: text('id').primaryKey(),
    type: text('type').notNull(),
    /** What it is about: enough to look at it again. */
    objectId: text('object_id'),
    accountId: text('account_id'),
    isLive: boolean('is_live').notNull(),
    outcome: text('outcome').notNull(),
    seenCount: integer('seen_count').notNull(),
    firstSeenAt: time('first_seen_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
  },
  (table) => [index('stripe_events_by_time').on(table.firstSeenAt)],
)

/** One row per invoice of a postpaid account, for those who look over all accounts. Written from its entries. */
export const invoices = pgTable(
  'invoices',
  {
    invoiceId: text('invoice_id').primaryKey(),
    accountId: text('account_id').notNull(),
    number: integer('number').notNull(),
    state: text('state').notNull(),
    /** 1 cut, 2 issued, 3 given up, 4 void, 5 paid: a row never goes back. */
    rank: integer('rank').notNull(),
    amountNanoUsd: nanoUsd('amount_nano_usd').notNull(),
    periodStart: time('period_start').notNull(),
    periodEnd: time('period_end').notNull(),
    cutAt: time('cut_at').notNull(),
    dueAt: time('due_at'),
    /** The provider's name of its document, and where it can be paid. */
    documentId: text('document_id'),
    url: text('url'),
    creditSeq: whole('credit_seq'),
    /** When the sweeper looked at it last; null for never. */
    lookedAt: time('looked_at'),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [
    index('invoices_of_account').on(table.accountId, table.number),
    index('invoices_by_time').on(table.cutAt, table.invoiceId),
    index('invoices_waiting')
      .on(table.lookedAt.asc().nullsFirst(), table.cutAt)
      .where(sql`rank < 4`),
  ],
)
