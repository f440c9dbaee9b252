// The rows that the object keeps, and what one group of commands changes in them: between the pure book and its store.

import type { CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { StoredAnswer } from './claim.ts'
import type { Entry, EntryKind } from './entry.ts'
import type { Pin } from './lots.ts'
import type { Hold, Key, Marks, State, TokenCover } from './state.ts'
import type { Spending } from './windows.ts'

/**
 * `open` on a call that is not open in memory means settled: a capture writes its entry only, since each row is billed.
 * The charge is found by its entry, behind `afterSeq`.
 */
export type StoredOutcome = 'open' | 'released' | 'expired' | 'late'

export type HoldRow = {
  readonly callId: CallId
  readonly outcome: StoredOutcome
  readonly keyNumber: KeyNumber
  readonly model: string
  readonly endUser: string | null
  readonly heldNanoUsd: NanoUsd
  readonly sliceNanoUsd: NanoUsd
  readonly pins: readonly Pin[]
  readonly cover: TokenCover | null
  readonly checkpointNanoUsd: NanoUsd
  readonly beatN: number
  readonly beatAtMs: number
  readonly admittedAtMs: number
  readonly tokens: number
  readonly afterSeq: number
  /** Booked so far for a call that expired or came late. */
  readonly chargedNanoUsd: NanoUsd
}

/** The first outcome of a command about the account, by its reference, for ever. */
export type ReferenceRow = {
  readonly scope:
    | 'credit'
    | 'key'
    | 'key_edit'
    | 'revoke'
    | 'settings'
    | 'finding'
    | 'claim'
    /** A call that repeats a lost attempt: `said` is that attempt. */
    | 'repeat'
    | 'plan'
    | 'meter'
    | 'reversal'
    | 'refund'
    | 'erasure'
    /** A limit's window and step that was told. */
    | 'limit'
    /** Of an order: what was agreed, its page, how it ended (orders.ts). */
    | 'order'
    | 'order_open'
    | 'order_end'
    | 'auto_top_up_terms'
    /** `said` is the amount that was asked for. */
    | 'attempt'
    /** The facts of a payment, written anew with each (payment-facts.ts). */
    | 'payment'
    /** Of an invoice: what was cut, its document, how it ended; who had it cut before its time (invoices.ts). */
    | 'invoice'
    | 'invoice_issue'
    | 'invoice_end'
    | 'invoice_void'
    | 'invoice_cut'
    /** Asks of the operator's, of an invoice and of a payment that a bank has warned of. */
    | 'invoice_ask'
    | 'warning_clear'
    /** A paid invoice of a subscription, and one that could not be collected (subscriptions.ts). */
    | 'subscription_invoice'
    | 'subscription_failed'
  readonly reference: string
  readonly seq: number
  /** What the command said, to tell a repeat from a reuse. */
  readonly said: string
}

/** The answer of a claimed call, forgotten with the holds of its day. */
export type AnswerRow = { readonly callId: CallId; readonly answer: StoredAnswer }

/** A picture of the account after entry `asOfSeq`: a start replays only what came later. Only a cache of the log. */
export type Snapshot = Pick<
  State,
  | 'accountId'
  | 'name'
  | 'erasedSeq'
  | 'epoch'
  | 'settings'
  | 'headSeq'
  | 'postedNanoUsd'
  | 'lots'
  | 'debtNanoUsd'
  | 'refunded'
  | 'orders'
  | 'customer'
  | 'risk'
  | 'invoicing'
  | 'spending'
  | 'standing'
  | 'allowances'
  | 'levels'
  | 'paidMonths'
  | 'lifetime'
  | 'autoTopUp'
  | 'isDamaged'
> & {
  readonly version: typeof snapshotVersion
  readonly takenAtMs: number
  /** The holds that were open: of the rows older than the snapshot, all others are resolved. */
  readonly openCallIds: readonly CallId[]
  readonly keys: readonly Key[]
  readonly endUsers: readonly (readonly [string, Spending])[]
}

/** Another version is ignored and the log is replayed from its first entry. */
export const snapshotVersion = 14

/** Everything that one group of commands writes, in one transaction. */
export type Changes = {
  readonly isCreation: boolean
  readonly nowMs: number
  readonly entries: readonly Entry[]
  readonly holds: readonly { readonly row: HoldRow; readonly isNew: boolean }[]
  readonly references: readonly ReferenceRow[]
  readonly answers: readonly AnswerRow[]
  readonly marks: Marks | null
  readonly snapshot: Snapshot | null
  /** The texts of entries before this one go, and the answers that were kept; then there is a snapshot without them. */
  readonly erasedSeq: number | null
}

/** What the book asks of the stored rows; synchronous, as the object's SQLite is. */
export type Lookup = {
  holdRow(callId: CallId): HoldRow | undefined
  /** The charge of a call among the entries after `afterSeq`. */
  usageEntry(callId: CallId, afterSeq: number): Entry | undefined
  /** Charges and reversals of a call among the entries from a time on, oldest first. */
  moneyOfCall(callId: CallId, fromMs: number, limit: number): readonly Entry[]
  /** The newest entries of a kind, of those from a time on. */
  newestOfKind(kind: EntryKind, fromMs: number, limit: number): readonly Entry[]
  answer(callId: CallId): StoredAnswer | undefined
  reference(scope: ReferenceRow['scope'], reference: string): ReferenceRow | undefined
}

export function rowOf(hold: Hold): HoldRow {
  const { callId, keyNumber, model, endUser, heldNanoUsd, sliceNanoUsd, pins, cover, checkpointNanoUsd } =
    hold
  const { beatN, beatAtMs, admittedAtMs, tokens, afterSeq } = hold
  return {
    callId,
    outcome: 'open',
    keyNumber,
    model,
    endUser,
    heldNanoUsd,
    sliceNanoUsd,
    pins,
    cover,
    checkpointNanoUsd,
    beatN,
    beatAtMs,
    admittedAtMs,
    tokens,
    afterSeq,
    chargedNanoUsd: zeroNanoUsd,
  }
}
