// What an account object shows of itself: for reading, never for deciding.

import type { AccountId, CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { AccountSettings, BudgetWindow } from './account-commands.ts'
import type { Bucket } from './lots.ts'
import type { RateFigures } from './call-commands.ts'
import type { Entry } from './entry.ts'

export type KeyView = {
  keyNumber: KeyNumber
  name: string
  isDisabled: boolean
  budgets: readonly {
    window: BudgetWindow
    amountNanoUsd: NanoUsd
    usedNanoUsd: NanoUsd
    resetMs: number | null
  }[]
  allowedModels: readonly string[] | null
  usedNanoUsd: NanoUsd
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
  lifetimeAdded: string
  lifetimeBonus: string
  lifetimeSpent: string
  settings: AccountSettings
  rate: RateFigures
  /** Newest entry, newest sent to the queue, newest confirmed by Postgres. */
  marks: { head: number; sent: number; confirmed: number }
  recent: readonly Entry[]
}

export type HoldView = {
  callId: CallId
  keyNumber: KeyNumber
  model: string
  heldNanoUsd: NanoUsd
  checkpointNanoUsd: NanoUsd
  ageMs: number
}
