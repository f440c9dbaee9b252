// The table of plans that are paid for: a mirror of what the account objects said, for the sweeper.

import { boolean, index, pgTable, text } from 'drizzle-orm/pg-core'
import { time, whole } from './columns.ts'

/** One row per account that pays for a plan or was about to, for the sweeper. Written from its entries. */
export const subscriptions = pgTable(
  'subscriptions',
  {
    accountId: text('account_id').primaryKey(),
    /** The provider's name for it; null where none runs. */
    subscriptionId: text('subscription_id'),
    planId: text('plan_id'),
    isEnding: boolean('is_ending').notNull(),
    paidUntil: time('paid_until'),
    /** The page on which somebody may subscribe. */
    checkoutId: text('checkout_id'),
    askedAt: time('asked_at'),
    /** The newest entry that the row knows of: it never goes back. */
    seq: whole('seq').notNull(),
    /** When the sweeper looked at it last; null for never. */
    lookedAt: time('looked_at'),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [index('subscriptions_waiting').on(table.lookedAt.asc().nullsFirst())],
)
