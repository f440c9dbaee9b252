// What may be asked about the account itself: the first outcome stands for ever, by reference.

import type { AccountId, CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Bucket } from './lots.ts'
import type { PaymentDetail } from './order-details.ts'

export type Create = { accountId: AccountId; name: string; settings?: Partial<AccountSettings> }

export type AccountSettings = {
  rpm: number
  tpm: number
  inFlight: number
  keysMax: number
  /** Money that may be spent per calendar month (UTC), or null. */
  monthlySpendLimitNanoUsd: NanoUsd | null
  lowBalanceThresholdNanoUsd: NanoUsd
  isFrozen: boolean
  /** Also while one of its payments is disputed. */
  freezesOnDispute: boolean
  /** Postpaid accounts may fall below zero, down to their credit limit. */
  mode: AccountMode
  creditLimitNanoUsd: NanoUsd
  /** Days that an invoice of a postpaid account may be paid in, and days from then on until its calls are refused. */
  invoiceDueDays: number
  invoiceGraceDays: number
  /** What each end user may spend, where the key says nothing else; empty for no limit. */
  endUserBudgets: readonly Budget[]
}

/** `allowance` is a plan with overage: its money is prepaid. */
export type AccountMode = 'prepaid' | 'postpaid' | 'allowance'

export type CreditKind = 'purchase' | 'auto_top_up' | 'bonus' | 'grant' | 'adjustment'

export type Credit = {
  /** Names the cause (an order, a grant's idempotency key); a repeat returns the first outcome. */
  reference: string
  kind: CreditKind
  amountNanoUsd: NanoUsd
  reason: string
  actor: string
  /** Of a grant: promotional unless said otherwise. */
  bucket?: Bucket
  /** Until it expires; null or left out for never. Only what was given away expires. */
  expiresInMs?: number | null
  /** Of an order that was paid. */
  payment?: PaymentDetail
}

export type CreditAnswer =
  | { ok: true; seq: number; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  | {
      ok: false
      code: 'no_such_account' | 'invalid_amount' | 'balance_too_large' | 'reference_reused' | 'internal'
    }

/** Gives a charge back, whole (null) or in part. */
export type Reverse = {
  reference: string
  callId: CallId
  amountNanoUsd: NanoUsd | null
  reason: string
  actor: string
}

export type ReverseAnswer =
  | { ok: true; seq: number; amountNanoUsd: NanoUsd; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  | {
      ok: false
      code: 'no_such_account' | 'invalid_amount' | 'no_such_charge' | 'reference_reused' | 'internal'
    }
  | { ok: false; code: 'beyond_charge'; leftNanoUsd: NanoUsd }

/** Gives money back to whoever paid it, from what was paid alone. */
export type Refund = {
  reference: string
  /** The reference of the credit that it came by; null for whatever was paid, the newest first. */
  payment: string | null
  /** Null for all that can go back. */
  amountNanoUsd: NanoUsd | null
  reason: string
  actor: string
  /** It has left already, or the operator wants it whatever is there: booked in any case, as a debt if need be. */
  isPaidOut?: boolean
  /** The provider that took the payment is to give it back: held until it has, returned if it cannot. */
  isThroughProvider?: boolean
  /** What the customer paid in all, tax included; null or left out where it is what was credited. */
  receivedNanoUsd?: NanoUsd | null
}

export type RefundAnswer =
  | { ok: true; seq: number; amountNanoUsd: NanoUsd; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  | {
      ok: false
      code:
        | 'no_such_account'
        | 'invalid_amount'
        | 'no_such_payment'
        | 'too_many_facts'
        | 'reference_reused'
        | 'internal'
    }
  | { ok: false; code: 'beyond_refundable'; leftNanoUsd: NanoUsd }

export type BudgetWindow = 'day' | 'week' | 'month' | 'lifetime'
export type Budget = { window: BudgetWindow; amountNanoUsd: NanoUsd }

/** What a key may be used for: to call models, to read the whole account's figures, to manage the account's keys. */
export type Scope = 'inference' | 'balance:read' | 'keys:manage'

/** What may be said about a key, at its making and later. */
export type KeyTerms = {
  name: string
  budgets: readonly Budget[]
  /** Null allows every model. */
  allowedModels: readonly string[] | null
  scopes: readonly Scope[]
  /** Of this key alone, below the account's; null where only the account's count. */
  rpm: number | null
  tpm: number | null
  inFlight: number | null
  /** A date that the customer named, no reading of a clock; null for never. */
  expiresAtMs: number | null
  /** Of each end user who calls by this key; empty where the account's count. */
  endUserBudgets: readonly Budget[]
  isDisabled: boolean
}

/** The key that asks for a change of keys; the operator asks without one. */
export type KeyManager = { keyNumber: KeyNumber; secretHash: string }

/** Issues a key that was minted outside (the secret never reaches the object) under a number that must still be free. */
export type PutKey = Pick<KeyTerms, 'name' | 'budgets' | 'allowedModels'> &
  Partial<KeyTerms> & {
    reference: string
    /** Part of the minted key; `number_taken` if another reference has it: mint again with the next one. */
    keyNumber: KeyNumber
    secretHash: string
    /** For a line that is booked again: the first of the rotated keys that it belongs to. */
    family?: KeyNumber
    by?: KeyManager
  }

/** Changes what is named and nothing else. */
export type EditKey = { reference: string; keyNumber: KeyNumber; terms: Partial<KeyTerms>; by?: KeyManager }

/** A new secret under a new number for the same limits, which go on counting; the old one ends after the grace. */
export type RotateKey = {
  reference: string
  keyNumber: KeyNumber
  newKeyNumber: KeyNumber
  secretHash: string
  graceMs: number
  by?: KeyManager
}

/** For good: a deleted key is never enabled again. */
export type RevokeKey = { reference: string; keyNumber: KeyNumber; by?: KeyManager }

export type KeyAnswer =
  | { ok: true; keyNumber: KeyNumber; isRepeat: boolean }
  | {
      ok: false
      code:
        | 'no_such_account'
        | 'no_such_key'
        | 'too_many_keys'
        | 'number_taken'
        /** The key that asks is unknown or not in force. */
        | 'invalid_api_key'
        | 'key_disabled'
        /** It may not manage keys, or not in this way. */
        | 'scope_missing'
        | 'beyond_own_limits'
        | 'internal'
    }

export type CheckKey = { keyNumber: KeyNumber; secretHash: string }
export type CheckKeyAnswer =
  | { ok: true; scopes: readonly Scope[] }
  | { ok: false; code: 'no_such_account' | 'invalid_api_key' | 'key_disabled' }

export type ChangeSettings = {
  reference: string
  settings: Partial<AccountSettings>
  reason: string
  actor: string
}

export type CommandAnswer =
  | { ok: true }
  | { ok: false; code: 'no_such_account' | 'exists' | 'invalid_command' | 'internal' }

/** The names and reasons that people wrote are to go from the account's books. */
export type Erase = { reference: string; reason: string; actor: string }

export type EraseAnswer =
  | { ok: true; seq: number; isRepeat: boolean }
  | { ok: false; code: 'no_such_account' | 'internal' }

/** Said by the settlement consumer: Postgres holds entries 1..seq without a gap, with this sum and this hash. */
export type Confirm = { epoch: number; seq: number; sumNanoUsd: NanoUsd; hash: string }

/** Postgres has lost what it had confirmed: the whole log is sent again. */
export type Resend = { from: 1 }
