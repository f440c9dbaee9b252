// What may be asked about one call, in any order, twice or late, and what the account object answers. Answers are values that
// arrive whole over RPC. Only durations cross, never times: each side has its own clock.

import type { Consumable } from '#core/consumables.ts'
import type { CallId, InvoiceId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { BudgetWindow } from './account-commands.ts'
import type { Claim, StoredAnswer } from './claim.ts'

/** Asks for everything at once: key, account, rate limits, budgets and money; writes the hold on a yes. */
export type Admit = {
  callId: CallId
  keyNumber: KeyNumber
  /** Hex SHA-256 of the key's secret. */
  secretHash: string
  model: string
  holdNanoUsd: NanoUsd
  /** The least that it may hold instead where no waiting would get it more; `holdNanoUsd` where it must hold all or nothing. */
  floorNanoUsd: NanoUsd
  /** The same where running calls will free more: what covers an answer of usual length. */
  usualNanoUsd: NanoUsd
  /** What a rolling hold will want to be extended by, kept free of new admissions; 0 where it holds all that it can cost. */
  sliceNanoUsd: NanoUsd
  /** What it may use of a plan's tokens; left out where it uses none. */
  tokenBounds?: TokenBounds
  /** For the tokens-per-minute limit: expected input plus the output that was asked for. */
  expectedTokens: number
  /** Already sent upstream in parallel with this question. */
  isDispatched: boolean
  /** What the upstream bills if a dispatched call is hung up at once; 0 where nothing was dispatched. */
  exposureNanoUsd: NanoUsd
  /** The client's Idempotency-Key, claimed with the hold; null where it sent none. */
  claim: Claim | null
  /** A keyed hash of whom the call is for; only counted where somebody limits end users. */
  endUser?: string | null
}

/** Input and output that the call can have at most, with an answer of usual length, and with the shortest that makes sense. */
export type TokenBounds = { bound: number; usual: number; floor: number }

export type AdmitAnswer = Admitted | AdmitRefused

export type Admitted = {
  ok: true
  /** What it may cost: less than was asked for where that is all there is, and the owner lowers the answer's limit to it. */
  heldNanoUsd: NanoUsd
  /** Less than was asked for where the plan's tokens are all there is. */
  tokensBound?: number
  availableNanoUsd: NanoUsd
  /** What this isolate may dispatch before the answer, per key; zero for new, flagged, frozen or recently refused accounts. */
  parallel: { calls: number; exposureNanoUsd: NanoUsd }
  /** Recent spending, for the rule "available ≥ 60 s of recent burn". */
  burnNanoUsdPerMinute: NanoUsd
  rate: RateFigures
}

export type RateFigures = {
  requests: { limit: number; remaining: number; resetMs: number }
  tokens: { limit: number; remaining: number; resetMs: number }
  inFlight: { limit: number; remaining: number }
}

export type AdmitRefusalCode =
  | 'no_such_account'
  | 'invalid_api_key'
  | 'key_disabled'
  | 'model_not_allowed'
  | 'account_suspended'
  | 'insufficient_role'
  | 'rate_limit_exceeded'
  | 'insufficient_credits'
  | 'in_flight_budget_exhausted'
  | 'key_limit_exceeded'
  | 'end_user_limit_exceeded'
  | 'monthly_spend_limit_reached'
  | 'credit_limit_reached'
  | 'allowance_exhausted'
  | 'call_resolved'
  | 'idempotency_in_progress'
  | 'idempotency_completed'
  | 'idempotency_key_reused'
  | 'internal'

export type AdmitRefused = {
  ok: false
  code: AdmitRefusalCode
  /** What refused: the narrowest limit that did not allow it. */
  limitSource?: LimitSource
  availableNanoUsd: NanoUsd
  heldNanoUsd: NanoUsd
  requiredNanoUsd: NanoUsd
  /** The limit that refused and what is left of it, where it is one of money. */
  limitNanoUsd?: NanoUsd
  remainingNanoUsd?: NanoUsd
  /** The same of a limit that counts requests or tokens. */
  limit?: number
  remaining?: number
  /** Of the plan, where its allowance is what ran out. */
  allowance?: { consumable: Consumable; included: number; left: number }
  /** For which the account is suspended. */
  invoice?: UnpaidInvoice
  /** Until the refusing limit resets, where it does. */
  resetMs?: number
  /** The call that was made under the same Idempotency-Key, and what it was charged so far. */
  earlier?: { callId: CallId; chargedNanoUsd: NanoUsd; answer: StoredAnswer | null }
  rate?: RateFigures
}

/** Where it can be paid, where the provider shows it. */
export type UnpaidInvoice = { invoiceId: InvoiceId; amountNanoUsd: NanoUsd; url: string | null }

type RateSource = 'rpm' | 'tpm' | 'in_flight'
/** `rpm` … are the account's, `key_rpm` … the key's own. */
export type LimitSource = RateSource | `key_${RateSource}` | MoneySource | 'end_users_max'
/** What limits money, from the narrowest on. */
export type MoneySource =
  | 'balance'
  | `key_${BudgetWindow}`
  | `end_user_${BudgetWindow}`
  | 'account_month'
  | 'allowance'

/** The total to hold from now on; a smaller total than the present one changes nothing. */
export type Extend = {
  callId: CallId
  totalNanoUsd: NanoUsd
  /** The least total that is of use, granted where there is no more. */
  leastNanoUsd: NanoUsd
}
export type ExtendAnswer =
  | { ok: true; heldNanoUsd: NanoUsd }
  | { ok: false; code: 'resolved' | 'unknown_call' | 'no_such_account' | 'internal' }
  | {
      ok: false
      code:
        | 'insufficient_credits'
        | 'in_flight_budget_exhausted'
        | 'key_limit_exceeded'
        | 'end_user_limit_exceeded'
        | 'monthly_spend_limit_reached'
        | 'credit_limit_reached'
    }

/** Proof of life with the cost so far; the highest `n` wins and the cost never falls. */
export type Beat = { callId: CallId; n: number; costNanoUsd: NanoUsd }
export type BeatAnswer = {
  state: 'ok' | 'resolved' | 'stop' | 'unknown_call' | 'no_such_account' | 'internal'
}

/** The end of a call that did cost or may have cost: self-sufficient, so that it can be booked without its hold. */
export type Capture = {
  callId: CallId
  keyNumber: KeyNumber
  costNanoUsd: NanoUsd
  /** Tokens really used, for the correction of the tokens-per-minute window. */
  tokens: number
  /** How long ago the owner admitted it: posts to the windows of its admission. */
  admittedAgoMs: number
  /** Of a call under an Idempotency-Key: which claim, and the answer to keep for a repeat, if it is short enough. */
  claim?: { reference: string; answer: StoredAnswer | null }
  detail: ChargeDetail
}

/** Everything that explains a charge; kept in the entry and copied to Postgres, never interpreted by the object. */
export type ChargeDetail = {
  requestId: string
  model: string
  provider: string
  /** The provider's own name of the model; absent where nobody can tell. */
  executedModel?: string
  endpoint: string
  isStreamed: boolean
  priceVersion: string
  /** Canonical usage by unit (calls/usage.ts). */
  usage: { readonly [unit: string]: number }
  usageSource: string
  lines: readonly ChargeLine[]
  /** The row of the settle table that applied, e.g. `done`, `client_gone_finish`, `cut_cumulative`. */
  rule: string
  /** `ok`, `client_gone`, `upstream_error` … : how the call ended. */
  status: string
  durationMs: number
  firstTokenMs: number | null
  upstreamId: string | null
  /** Hosts that were asked before the one that answered, and why each did not; absent where there was none. */
  attempts?: readonly FailedLeg[]
}

export type FailedLeg = { provider: string; verdict: string; status: number | null; durationMs: number }

/** One line of a charge: units × price. */
export type ChargeLine = { unit: string; units: number; pricePicoUsd: number }

export type CaptureAnswer =
  | {
      ok: true
      state: 'settled' | 'late' | 'repeat'
      chargedNanoUsd: NanoUsd
      balanceNanoUsd: NanoUsd
      availableNanoUsd: NanoUsd
    }
  | { ok: false; code: 'no_such_account' | 'too_old' | 'invalid_command' | 'internal' }

/** The end of a call that cost nothing: refused by the upstream, or never dispatched. */
export type Release = { callId: CallId; reason: string }
export type ReleaseAnswer = { ok: true } | { ok: false; code: 'no_such_account' | 'internal' }
