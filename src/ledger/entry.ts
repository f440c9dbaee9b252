// The log: one line per thing that ever happened to the account, and the message in which it travels.

import type { Json } from '#core/errors.ts'
import type { AccountId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { CreditKind } from './account-commands.ts'

export type EntryKind =
  | 'create'
  | CreditKind
  /** Money that is about to come in: placed, opened, closed; its id is the reference of its credit. */
  | 'order'
  /** The account at the payment provider. */
  | 'customer'
  /** A charge; the reference is the call id. */
  | 'usage'
  /** What was left of a lot whose time is over. */
  | 'expiry'
  /** The signed difference that arrives after a hold expired, or for a call whose admission was never seen. */
  | 'late'
  /** A charge given back by the operator, whole or in part; the reference is the call id. */
  | 'reversal'
  /** Paid money that goes back to whoever paid it, or comes back because that failed. */
  | 'refund'
  /** What the bank of whoever paid has taken back, or given back after all (payment-facts.ts). */
  | 'dispute'
  /** A bank says that a payment was fraudulent; moves no money. */
  | 'fraud_warning'
  /** A plan was put on the account; its figures stand in the detail. */
  | 'plan'
  /** A plan's period began: its counters, and its money if it has any. */
  | 'allowance'
  /** The books of a postpaid account were cut, and what became of what was asked for (invoices.ts). */
  | 'invoice'
  | 'key'
  | 'settings'
  /** What the customer agreed to about automatic top-up, and the card that it charges. */
  | 'auto_top_up_terms'
  /** A change of the state of automatic top-up; of one attempt where the reference is its order. */
  | 'attempt'
  | 'finding'
  /** The account became low, depleted or well again by the entry before it. */
  | 'level'
  /** A limit is used up by four fifths or whole: once per window and step. */
  | 'limit_reached'
  /** A person was erased: the texts of all entries before it are gone. */
  | 'erasure'
  /** The first line of a rebuilt object's epoch: brings the balance over. */
  | 'opening'

/** One line of the ledger, as it lies in the object, travels through the queue and stands in Postgres. */
export type Entry = {
  epoch: number
  seq: number
  kind: EntryKind
  reference: string
  amountNanoUsd: NanoUsd
  balanceAfterNanoUsd: NanoUsd
  /** Milliseconds since 1970, by the object's clock. */
  createdAtMs: number
  keyNumber: KeyNumber | null
  detail: Json
}

/** What the outbox puts on the queue: entries in order, each with the hash of the chain up to it. */
export type EntriesMessage = {
  accountId: AccountId
  entries: readonly (Entry & { hash: string })[]
}

/** What an account finds about itself: the `what` of a `finding` entry. Each has its text for the operator (finding-texts.ts). */
export type LedgerFinding =
  | 'attempt_mismatch'
  | 'capture_too_old'
  | 'charged_above_hold'
  | 'chore_put_off'
  | 'command_failed'
  | 'confirmation_differs'
  | 'invariant_broken'
  | 'invoice_mismatch'
  | 'invoice_wrong'
  | 'order_mismatch'
  | 'refused_after_dispatch'
  | 'second_subscription'
  | 'too_many_facts'
  | 'unknown_plan'
  | 'written_off'

export type FindingDetail = { readonly what: LedgerFinding; readonly [name: string]: Json }
