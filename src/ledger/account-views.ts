// What an account object shows of itself: for reading, never for deciding.

import type { Consumable } from '#core/consumables.ts'
import type { AccountId, CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd, PicoUsd } from '#core/money.ts'
import type { AccountSettings, Budget, BudgetWindow, Scope } from './account-commands.ts'
import type { Bucket } from './lots.ts'
import type { RateFigures } from './call-commands.ts'
import type { Entry } from './entry.ts'
import type { PaymentRisk } from './payment-risk.ts'
import type { KeyForce } from './key-force.ts'

export type KeyView = {
  keyNumber: KeyNumber
  name: string
  /** Not in force, for whatever reason. */
  isDisabled: boolean
  force: KeyForce
  budgets: readonly {
    window: BudgetWindow
    amountNanoUsd: NanoUsd
    usedNanoUsd: NanoUsd
    resetMs: number | null
  }[]
  allowedModels: readonly string[] | null
  usedNanoUsd: NanoUsd
  scopes: readonly Scope[]
  rpm: number | null
  tpm: number | null
  inFlight: number | null
  expiresAtMs: number | null
  endsAtMs: number | null
  endUserBudgets: readonly Budget[]
  /** What is left to a call by this key: the account's figures or the key's own, the tighter of each. */
  rate: RateFigures
}

export type AccountView = {
  accountId: AccountId
  name: string
  epoch: number
  postedNanoUsd: NanoUsd
  heldNanoUsd: NanoUsd
  availableNanoUsd: NanoUsd
  debtNanoUsd: NanoUsd
  /** In the order in which they are drawn. */
  buckets: readonly { bucket: Bucket; remainingNanoUsd: NanoUsd; expiresInMs: number | null }[]
  openHolds: number
  /** Spent and held in the calendar month (UTC): what the monthly spend limit looks at. */
  monthUsedNanoUsd: NanoUsd
  /** What the history would justify; never applied by itself. */
  suggestedCreditLimitNanoUsd: NanoUsd
  lifetimeAdded: string
  lifetimeBonus: string
  lifetimeSpent: string
  /** Also what the money of an allowance paid for. */
  lifetimeUsage: string
  plan: { id: string; name: string; anchorDay: number } | null
  allowances: readonly AllowanceView[]
  settings: AccountSettings
  /** Whether its payments are disputed or suspected. */
  risk: PaymentRisk
  /** By the operator's hand or a dispute. */
  isSuspended: boolean
  rate: RateFigures
  /** Newest entry, newest sent to the queue, newest confirmed by Postgres. */
  marks: { head: number; sent: number; confirmed: number }
  recent: readonly Entry[]
}

/** What a plan includes of one consumable in the present period. */
export type AllowanceView = {
  consumable: Consumable
  included: number
  used: number
  /** Null: what exceeds it is priced elsewhere. */
  overagePicoUsd: PicoUsd | null
  resetsInMs: number
}

export type HoldView = {
  callId: CallId
  keyNumber: KeyNumber
  model: string
  heldNanoUsd: NanoUsd
  checkpointNanoUsd: NanoUsd
  ageMs: number
}
