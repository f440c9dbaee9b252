// The tables of notices: what customers are told, and the mails and webhooks that follow. Nothing here moves money.

import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import type { Json } from '#core/errors.ts'
import { time } from './columns.ts'

/** What a customer is told: one row per cause, from which mail and webhooks are sent. Figures only, nothing personal. */
export const notices = pgTable(
  'notices',
  {
    /** Follows from account and cause, so that whoever is told twice can know it. */
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    /** The entry that it follows from, by what names it in every epoch. */
    cause: text('cause').notNull(),
    type: text('type').notNull(),
    figures: jsonb('figures').$type<Json>().notNull(),
    /** When it happened. */
    createdAt: time('created_at').notNull(),
    /** `none` (nobody to write to), `waiting`, `claimed`, `sent`, `failed`, `unknown` (perhaps sent: never again). */
    mailState: text('mail_state').notNull(),
    mailAttempts: integer('mail_attempts').notNull().default(0),
    mailDueAt: time('mail_due_at').notNull(),
    /** A mailer forgets an idempotency key a day after its first use. */
    mailFirstClaimedAt: time('mail_first_claimed_at'),
    mailClaimedAt: time('mail_claimed_at'),
    mailSentAt: time('mail_sent_at'),
    /** What the mailer said last, without addresses. */
    mailError: text('mail_error'),
  },
  (table) => [
    unique('notices_cause').on(table.accountId, table.cause),
    index('notices_by_time').on(table.accountId, table.createdAt),
    index('notices_to_mail')
      .on(table.mailDueAt)
      .where(sql`mail_state in ('waiting', 'claimed')`),
  ],
)

/** Where an account's mail goes. Personal, so in no entry; an erasure deletes them. */
export const billingEmails = pgTable(
  'billing_emails',
  {
    accountId: text('account_id').notNull(),
    email: text('email').notNull(),
    addedAt: time('added_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.email] })],
)

/** Where a customer wants to be told by a webhook. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    url: text('url').notNull(),
    description: text('description').notNull(),
    /** Null for all types. */
    types: jsonb('types').$type<readonly string[]>(),
    /** Sealed (core/sealing.ts); as it was made in rows from before there was a key. */
    secret: text('secret').notNull(),
    /** The one before, valid beside it until then. */
    previousSecret: text('previous_secret'),
    previousUntil: time('previous_until'),
    isEnabled: boolean('is_enabled').notNull(),
    /** `gone` (it answered 410), `failing` (for days), `customer`; null while it is enabled. */
    disabledReason: text('disabled_reason'),
    /** Since when nothing has been taken; null after a success. */
    failingSince: time('failing_since'),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [index('webhook_endpoints_of_account').on(table.accountId, table.createdAt)],
)

/** One message to one endpoint, with the same id at every try. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    endpointId: text('endpoint_id').notNull(),
    type: text('type').notNull(),
    body: text('body').notNull(),
    createdAt: time('created_at').notNull(),
    /** `waiting`, `claimed`, `delivered`, `failed`. */
    state: text('state').notNull(),
    attempts: integer('attempts').notNull().default(0),
    dueAt: time('due_at').notNull(),
    claimedAt: time('claimed_at'),
    deliveredAt: time('delivered_at'),
    lastStatus: integer('last_status'),
    lastError: text('last_error'),
    /** The beginning of what the endpoint answered. */
    lastAnswer: text('last_answer'),
  },
  (table) => [
    index('webhook_deliveries_of_endpoint').on(table.endpointId, table.createdAt, table.id),
    index('webhook_deliveries_due')
      .on(table.dueAt)
      .where(sql`state in ('waiting', 'claimed')`),
  ],
)
