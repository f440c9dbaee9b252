// The tables of Postgres: a mirror of what the account objects said, for reading. Nothing here is on the path of a request.

import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import type { Json } from '#core/errors.ts'
import { nanoUsd, time, whole } from './columns.ts'

/** One row per account, from its `create` entry; `last_entry_at` tells the hourly sweep who was active. */
export const accounts = pgTable(
  'accounts',
  {
    id: text('id').primaryKey(),
    /** Empty until the `create` entry has arrived: messages come in any order. */
    name: text('name').notNull().default(''),
    region: text('region').notNull(),
    createdAt: time('created_at').notNull(),
    lastEntryAt: time('last_entry_at').notNull(),
    /** The number of its newest `erasure` entry: lines before it have no texts; null for none. */
    erasedSeq: whole('erased_seq'),
    /** When the hourly sweep compared it last: the longest ago is next, and before them who never was. */
    sweptAt: time('swept_at'),
  },
  (table) => [
    index('accounts_last_entry_at').on(table.lastEntryAt),
    index('accounts_swept_at').on(table.sweptAt.asc().nullsFirst(), table.id),
  ],
)

/** The mirror of the keys, without their hashes: only the object decides whether a key is good. */
export const apiKeys = pgTable(
  'api_keys',
  {
    accountId: text('account_id').notNull(),
    keyNumber: whole('key_number').notNull(),
    name: text('name').notNull(),
    isDisabled: boolean('is_disabled').notNull(),
    createdAt: time('created_at').notNull(),
    /** The newest `key` entry applied here; an older one changes nothing. */
    epoch: integer('epoch').notNull(),
    lastSeq: whole('last_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.keyNumber] })],
)

/** The ledger, line by line, as the objects hashed it. Never updated. */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    accountId: text('account_id').notNull(),
    epoch: integer('epoch').notNull(),
    seq: whole('seq').notNull(),
    kind: text('kind').notNull(),
    reference: text('reference').notNull(),
    amountNanoUsd: nanoUsd('amount_nano_usd').notNull(),
    balanceAfterNanoUsd: nanoUsd('balance_after_nano_usd').notNull(),
    keyNumber: whole('key_number'),
    detail: jsonb('detail').$type<Json>(),
    hash: text('hash').notNull(),
    createdAt: time('created_at').notNull(),
    receivedAt: time('received_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.epoch, table.seq] }),
    // A call's total is the sum of its entries, looked up by the call's id whenever one of them arrives.
    index('ledger_entries_of_call')
      .on(table.accountId, table.reference)
      .where(sql`kind in ('usage', 'late')`),
    // The credits that payments brought, compared with the provider's every night.
    index('ledger_entries_paid')
      .on(table.reference)
      .where(sql`kind in ('purchase', 'auto_top_up')`),
    index('ledger_entries_paid_by_time')
      .on(table.createdAt)
      .where(sql`kind in ('purchase', 'auto_top_up')`),
    // Few among many: the periods of plans.
    index('ledger_entries_periods')
      .on(table.accountId, table.createdAt)
      .where(sql`kind = 'allowance'`),
    // What was told of payments after they were made, over all accounts.
    index('ledger_entries_back')
      .on(table.createdAt, table.accountId, table.seq)
      .where(sql`kind in ('refund', 'dispute', 'fraud_warning')`),
    index('ledger_entries_reversals')
      .on(table.accountId, table.reference)
      .where(sql`kind = 'reversal'`),
  ],
)

/** How far each account's rows are contiguous: entries 1..seq are here, with this sum and this hash. */
export const ledgerMarks = pgTable(
  'ledger_marks',
  {
    accountId: text('account_id').notNull(),
    epoch: integer('epoch').notNull(),
    seq: whole('seq').notNull(),
    sumNanoUsd: nanoUsd('sum_nano_usd').notNull(),
    hash: text('hash').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.epoch] })],
)

/** The epochs that ended because their object was lost or restored; one row carries a rebuild through its steps. */
export const accountEpochs = pgTable(
  'account_epochs',
  {
    accountId: text('account_id').notNull(),
    epoch: integer('epoch').notNull(),
    /** Where it ended: what came later is no part of it. */
    closedSeq: whole('closed_seq').notNull(),
    closedSumNanoUsd: nanoUsd('closed_sum_nano_usd').notNull(),
    closedHash: text('closed_hash').notNull(),
    closedAt: time('closed_at').notNull(),
    reason: text('reason').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    isDiscarding: boolean('is_discarding').notNull(),
    /** `closed`, then `filled`, `opened`, `done`. */
    step: text('step').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.epoch] })],
)

/** One row per call with its absolute totals; explained by its newest entry. */
export const charges = pgTable(
  'charges',
  {
    accountId: text('account_id').notNull(),
    callId: text('call_id').notNull(),
    requestId: text('request_id').notNull(),
    keyNumber: whole('key_number'),
    model: text('model').notNull(),
    provider: text('provider').notNull(),
    /** The provider's own name of the model. */
    executedModel: text('executed_model'),
    endpoint: text('endpoint').notNull(),
    isStreamed: boolean('is_streamed').notNull(),
    /** Units by name (calls/usage.ts), and the two sums that reports ask for. */
    usage: jsonb('usage').$type<{ readonly [unit: string]: number }>().notNull(),
    inputTokens: whole('input_tokens').notNull(),
    outputTokens: whole('output_tokens').notNull(),
    usageSource: text('usage_source').notNull(),
    priceLines: jsonb('price_lines')
      .$type<readonly { unit: string; units: number; pricePicoUsd: number }[]>()
      .notNull(),
    priceVersion: text('price_version').notNull(),
    /** What the call has cost in all: positive, while the entries that took it are negative. */
    costNanoUsd: nanoUsd('cost_nano_usd').notNull(),
    rule: text('rule').notNull(),
    status: text('status').notNull(),
    durationMs: whole('duration_ms').notNull(),
    firstTokenMs: whole('first_token_ms'),
    upstreamId: text('upstream_id'),
    createdAt: time('created_at').notNull(),
    epoch: integer('epoch').notNull(),
    lastSeq: whole('last_seq').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.callId] }),
    index('charges_by_time').on(table.accountId, table.createdAt, table.callId),
  ],
)

/** What does not add up: written once per subject, counted again when seen again, never mended silently. */
export const findings = pgTable(
  'findings',
  {
    id: whole('id').primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    /** Empty where no account is known. */
    accountId: text('account_id').notNull(),
    /** What the finding is about (a sequence number, a message id): the same one is not written twice. */
    subject: text('subject').notNull(),
    detail: jsonb('detail').$type<Json>().notNull(),
    seenCount: integer('seen_count').notNull(),
    firstSeenAt: time('first_seen_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
  },
  (table) => [unique('findings_subject').on(table.kind, table.accountId, table.subject)],
)

/** Codes that bring promotional credit. The uses are counted here, over all accounts; the credit itself is an account's entry. */
export const promotionCodes = pgTable('promotion_codes', {
  /** In capitals. */
  code: text('code').primaryKey(),
  amountNanoUsd: nanoUsd('amount_nano_usd').notNull(),
  uses: integer('uses').notNull().default(0),
  usesMax: integer('uses_max').notNull(),
  /** How long the credit lasts; null for ever. */
  creditDays: integer('credit_days'),
  /** Until when it may be redeemed; null for ever. */
  redeemBy: time('redeem_by'),
  isDisabled: boolean('is_disabled').notNull().default(false),
  reason: text('reason').notNull(),
  createdAt: time('created_at').notNull(),
})

/** One row per code and account, with the figures as they were promised. */
export const promotionRedemptions = pgTable(
  'promotion_redemptions',
  {
    code: text('code').notNull(),
    accountId: text('account_id').notNull(),
    amountNanoUsd: nanoUsd('amount_nano_usd').notNull(),
    creditDays: integer('credit_days'),
    claimedAt: time('claimed_at').notNull(),
    /** The number of the entry that brought the credit; null until then. */
    creditedSeq: whole('credited_seq'),
  },
  (table) => [
    primaryKey({ columns: [table.code, table.accountId] }),
    index('promotion_redemptions_open')
      .on(table.claimedAt)
      .where(sql`credited_seq is null`),
  ],
)
