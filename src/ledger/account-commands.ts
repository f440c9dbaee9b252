// What may be asked about the account itself: the first outcome stands for ever, by reference.

import type { AccountId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Bucket } from './lots.ts'

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
  /** Postpaid accounts may fall below zero, down to their credit limit. */
  mode: AccountMode
  creditLimitNanoUsd: NanoUsd
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
}

export type CreditAnswer =
  | { ok: true; seq: number; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  | {
      ok: false
      code: 'no_such_account' | 'invalid_amount' | 'balance_too_large' | 'reference_reused' | 'internal'
    }

export type BudgetWindow = 'day' | 'week' | 'month' | 'lifetime'
export type Budget = { window: BudgetWindow; amountNanoUsd: NanoUsd }

/** Issues a key that was minted outside (the secret never reaches the object) under a number that must still be free. */
export type PutKey = {
  reference: string
  /** Part of the minted key; `number_taken` if another reference has it: mint again with the next one. */
  keyNumber: KeyNumber
  secretHash: string
  name: string
  budgets: readonly Budget[]
  /** Null allows every model. */
  allowedModels: readonly string[] | null
}
export type RevokeKey = { reference: string; keyNumber: KeyNumber }
export type KeyAnswer =
  | { ok: true; keyNumber: KeyNumber; isRepeat: boolean }
  | { ok: false; code: 'no_such_account' | 'no_such_key' | 'too_many_keys' | 'number_taken' | 'internal' }

export type CheckKey = { keyNumber: KeyNumber; secretHash: string }
export type CheckKeyAnswer =
  | { ok: true }
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

/** Said by the settlement consumer: Postgres holds entries 1..seq without a gap, with this sum and this hash. */
export type Confirm = { epoch: number; seq: number; sumNanoUsd: NanoUsd; hash: string }

/** Postgres has lost what it had confirmed: the whole log is sent again. */
export type Resend = { from: 1 }
