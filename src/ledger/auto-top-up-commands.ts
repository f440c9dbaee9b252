// What may be asked about automatic top-up: its terms and its saved method by the customer, its attempts by whoever talks to
// the payment provider.

import type { NanoUsd } from '#core/money.ts'
import type { PaymentFacts } from './order-commands.ts'

/** What the customer has agreed to. Charged is exactly `amountNanoUsd`, never more. */
export type AutoTopUpTerms = {
  readonly isEnabled: boolean
  /** A charge that leaves the balance below it asks for an attempt. */
  readonly thresholdNanoUsd: NanoUsd
  readonly amountNanoUsd: NanoUsd
  /** Of attempts begun in one calendar month (UTC); null for none. */
  readonly monthlyCapNanoUsd: NanoUsd | null
}

/** A card that may be charged without its owner; the numbers are the provider's. */
export type SavedMethod = {
  readonly id: string
  readonly customerId: string
  /** The same for the same card, however often it is saved. */
  readonly fingerprint: string
}

/** Why nothing is tried until somebody has done something. */
export type PauseReason =
  /** Every try was declined. */
  | 'declined'
  /** The card will never be accepted again. */
  | 'card'
  /** The bank asks for its owner. */
  | 'needs_action'
  /** What was paid is not what was asked for: for a human to look at. */
  | 'mismatch'

/** Names what changes; enabling is also the word that ends a pause. The first outcome stands, by reference. */
export type SetAutoTopUp = {
  reference: string
  terms?: AutoTopUpTerms
  method?: SavedMethod
  /** A card that its owner has not saved for this: taken where there is none, or none that works. */
  isOnlyIfMissing?: boolean
  reason: string
  actor: string
}

export type SetAutoTopUpAnswer =
  /** `willChargeNow`: in the commit of this very command. */
  | { ok: true; isRepeat: boolean; view: AutoTopUpView; willChargeNow: boolean }
  | { ok: false; code: 'no_such_account' | 'invalid_command' | 'no_saved_method' | 'internal' }

/** A saved method was removed, or all of a customer's are; nothing where it is not the one in use. */
export type LoseMethod = { methodId: string } | { customerId: string }

export type LoseMethodAnswer = { ok: true } | { ok: false; code: 'no_such_account' | 'internal' }

/** Whoever is about to ask the provider asks here first. */
export type BeginAttempt = { orderId: string }

export type AttemptTerms = {
  orderId: string
  amountNanoUsd: NanoUsd
  method: SavedMethod
  /** What the provider calls it, where it has told. */
  intentId: string | null
}

/** `create`: ask under the attempt's key; `look_up`: what was asked for before may be there, and nothing new may be. */
export type BeginAttemptAnswer =
  | { ok: true; todo: 'create' | 'look_up'; attempt: AttemptTerms }
  | { ok: true; todo: 'nothing' }
  | { ok: false; code: 'no_such_account' | 'internal' }

export type AttemptOutcome =
  | { state: 'succeeded'; facts: PaymentFacts }
  | { state: 'processing'; intentId: string }
  | { state: 'declined'; code: string; adviceCode: string | null; intentId: string | null }
  | { state: 'needs_action'; intentId: string }
  /** The provider has nothing under this attempt. */
  | { state: 'not_found' }

export type ReportAttempt = { orderId: string; outcome: AttemptOutcome }

export type ReportAttemptAnswer =
  | { ok: true; isBooked: boolean }
  | { ok: false; code: 'no_such_account' | 'no_such_attempt' | 'mismatch' | 'internal' }

/** What a person sees. */
export type AutoTopUpView = {
  terms: AutoTopUpTerms
  method: SavedMethod | null
  state: 'off' | 'idle' | 'waiting' | 'charging' | 'paused'
  why: PauseReason | 'method_gone' | 'payment_in_doubt' | null
  /** The attempt under way, or the one that waits for its owner. */
  attempt: { orderId: string; amountNanoUsd: NanoUsd; intentId: string | null } | null
  chargedThisMonthNanoUsd: NanoUsd
  failures: number
  nextTryInMs: number | null
}
