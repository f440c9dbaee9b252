// The tables of free credit: who has had it, over all accounts, by hashes alone. And the secrets that a deployment makes for itself.

import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { nanoUsd, time, whole } from './columns.ts'

/** One row per account, mailbox and card: each has had it once. No address and no number stands here, and an erasure leaves it. */
export const welcomeCredits = pgTable(
  'welcome_credits',
  {
    accountId: text('account_id').primaryKey(),
    /** Keyed hashes, under a secret that is not in this database as it is. */
    mailboxHash: text('mailbox_hash').notNull().unique(),
    cardHash: text('card_hash').notNull().unique(),
    /** As it was promised. */
    amountNanoUsd: nanoUsd('amount_nano_usd').notNull(),
    creditDays: integer('credit_days').notNull(),
    claimedAt: time('claimed_at').notNull(),
    /** The number of the entry that brought the credit; null until then. */
    creditedSeq: whole('credited_seq'),
  },
  (table) => [
    index('welcome_credits_by_time').on(table.claimedAt),
    index('welcome_credits_open')
      .on(table.claimedAt)
      .where(sql`credited_seq is null`),
  ],
)

/** Made once, and sealed under the operator's key: what is hashed by it outlives every roll of that key. */
export const keptSecrets = pgTable('kept_secrets', {
  name: text('name').primaryKey(),
  sealed: text('sealed').notNull(),
  createdAt: time('created_at').notNull(),
})
