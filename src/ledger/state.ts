// The account in memory: everything that decides, and nothing that is not derived from the stored rows (replay.ts).
// Values inside are never changed in place, so a copy is two maps and one object; a dropped copy leaves no trace.

import type { Millis } from '#core/clock.ts'
import { asMillis } from '#core/clock.ts'
import type { AccountId, CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountSettings, KeyTerms } from './account-commands.ts'
import { type Allowances, noAllowances } from './allowances.ts'
import { type AutoTopUp, noAutoTopUp } from './auto-top-up-state.ts'
import { type EndUsers, noEndUsers } from './end-user-list.ts'
import type { LevelChange } from './levels.ts'
import type { Lot, Pin } from './lots.ts'
import type { Customer } from './order-commands.ts'
import { type Invoicing, noInvoicing } from './invoices-replay.ts'
import type { WaitingOrder } from './orders-replay.ts'
import type { RateLog } from './rate.ts'
import { noFunds } from './lots.ts'
import { emptyRateLog } from './rate.ts'
import type { PaidMonths } from './paid-months.ts'
import { noRisk, type PaymentRisk } from './payment-risk.ts'
import type { Refunded } from './refunded.ts'
import type { Standing } from './standing.ts'
import { newStanding } from './standing.ts'
import type { Tally } from './tally.ts'
import { emptyTally } from './tally.ts'
import type { Spending } from './windows.ts'
import { noSpending } from './windows.ts'

export type State = {
  accountId: AccountId
  name: string
  /** The newest erasure; texts of entries before it are gone. 0 for none. */
  erasedSeq: number
  epoch: number
  settings: AccountSettings
  /** The newest time that the object has seen: it never goes back. */
  nowMs: Millis
  headSeq: number
  /** Σ lots − debt. */
  postedNanoUsd: NanoUsd
  /** In the order in which they are drawn (lots.ts). */
  lots: readonly Lot[]
  debtNanoUsd: NanoUsd
  /** What has gone back of which payment. */
  refunded: Refunded
  /** What waits for its money (orders.ts), oldest first. */
  orders: readonly WaitingOrder[]
  /** What a postpaid account is asked for (invoices.ts). */
  invoicing: Invoicing
  /** At the payment provider; null until something was bought. */
  customer: Customer | null
  /** Whether its payments are disputed or suspected (payment-risk.ts). */
  risk: PaymentRisk
  /** The sum over `holds`, kept beside them because every admission asks for it. */
  heldNanoUsd: NanoUsd
  /** The same sum of what rolling holds will want next. */
  slicesNanoUsd: NanoUsd
  /** The sums of what open holds keep of each lot. */
  pinned: Map<number, NanoUsd>
  /** Open holds only. */
  holds: Map<CallId, Hold>
  keys: Map<KeyNumber, Key>
  spending: Spending
  rate: RateLog
  /** The same minute per family of keys (key-rates.ts). */
  keyRates: Map<KeyNumber, RateLog>
  endUsers: EndUsers
  burn: Burn
  standing: Standing
  /** The plan, and what of it is used in this period. */
  allowances: Allowances
  /** The newest changes of level, oldest first (levels.ts). */
  levels: readonly LevelChange[]
  /** `spent`: from credit; `usage`: also from the money of an allowance. */
  /** What purchases brought, month by month (paid-months.ts). */
  paidMonths: PaidMonths
  lifetime: { readonly added: Tally; readonly bonus: Tally; readonly spent: Tally; readonly usage: Tally }
  autoTopUp: AutoTopUp
  marks: Marks
  /** Entries and holds written since the last snapshot: what a start would have to replay. */
  rowsSinceSnapshot: number
  /** An invariant failed: no admissions until a human looked, captures go on. */
  isDamaged: boolean
}

export type Hold = {
  readonly callId: CallId
  readonly keyNumber: KeyNumber
  readonly model: string
  /** Whose limits it counts under; null where nobody limits end users. */
  readonly endUser: string | null
  readonly heldNanoUsd: NanoUsd
  /** Kept free for its next extension; 0 for a hold that is never extended. */
  readonly sliceNanoUsd: NanoUsd
  /** What it keeps of which lots; where they are less than it holds, the credit line stands for the rest. */
  readonly pins: readonly Pin[]
  /** The tokens of a plan that it keeps; null where it rests on money alone. */
  readonly cover: TokenCover | null
  readonly checkpointNanoUsd: NanoUsd
  readonly beatN: number
  readonly beatAtMs: number
  readonly admittedAtMs: number
  readonly tokens: number
  /** The newest entry when it was admitted: its own entries come after. */
  readonly afterSeq: number
  /** The sign of life that its row knows; `notWritten` asks for a row in the next group. */
  readonly writtenBeatAtMs: number
  readonly expiresAtMs: number
  /** Its place in the minute of the rate limits; null where it is not known any more. */
  readonly admissionNumber: number | null
  /** The same in the minute of its key. */
  readonly keyAdmissionNumber: number | null
}

/** Of the call's token bound the plan covers so many units; money is held for the rest of what it may cost. */
export type TokenCover = {
  readonly units: number
  readonly bound: number
  readonly coversNanoUsd: NanoUsd
  readonly periodStartMs: number
}

/** A start gave this hold a fresh expiry, which has to reach its row: else the next start would give it again. */
export const notWritten = -1

export type Key = Readonly<KeyTerms> & {
  readonly keyNumber: KeyNumber
  readonly secretHash: string
  /** The first key of a row of rotations: it alone keeps what all of them spend. */
  readonly family: KeyNumber
  /** From when on it is deleted, for good; null while nobody has deleted or rotated it. */
  readonly endsAtMs: number | null
  readonly spending: Spending
}

/** Spending of this minute and the last one: the larger is "recent burn", since too much is the safe side. */
export type Burn = { readonly minute: number; readonly now: NanoUsd; readonly before: NanoUsd }

/** How far the outbox has come: taken by the queue, and read back from Postgres. */
export type Marks = {
  readonly sentSeq: number
  readonly sentHash: string
  /** Since when the oldest unconfirmed entry waits without any progress. */
  readonly waitingSinceMs: number
  readonly confirmedSeq: number
  readonly confirmedHash: string
  /** Times that the unconfirmed were sent again without any progress: each one doubles the wait. */
  readonly resends: number
}

export const defaultSettings: AccountSettings = {
  rpm: 50,
  tpm: 2_000_000,
  inFlight: 50,
  keysMax: 50,
  monthlySpendLimitNanoUsd: null,
  lowBalanceThresholdNanoUsd: nanoUsd(1_000_000_000),
  isFrozen: false,
  freezesOnDispute: false,
  mode: 'prepaid',
  creditLimitNanoUsd: zeroNanoUsd,
  invoiceDueDays: 30,
  invoiceGraceDays: 7,
  endUserBudgets: [],
}

export const noBurn: Burn = { minute: 0, now: zeroNanoUsd, before: zeroNanoUsd }

/** What the hash chain starts from (chain.ts). */
export const genesisHash = '0'.repeat(64)

export function newState(accountId: AccountId): State {
  return {
    accountId,
    name: '',
    erasedSeq: 0,
    epoch: 1,
    settings: defaultSettings,
    nowMs: asMillis(0),
    headSeq: 0,
    postedNanoUsd: zeroNanoUsd,
    ...noFunds,
    refunded: [],
    orders: [],
    invoicing: noInvoicing,
    customer: null,
    risk: noRisk,
    heldNanoUsd: zeroNanoUsd,
    slicesNanoUsd: zeroNanoUsd,
    pinned: new Map(),
    holds: new Map(),
    keys: new Map(),
    spending: noSpending,
    rate: emptyRateLog,
    keyRates: new Map(),
    endUsers: noEndUsers,
    burn: noBurn,
    standing: newStanding,
    allowances: noAllowances,
    levels: [],
    paidMonths: [],
    lifetime: { added: emptyTally, bonus: emptyTally, spent: emptyTally, usage: emptyTally },
    autoTopUp: noAutoTopUp,
    marks: {
      sentSeq: 0,
      sentHash: genesisHash,
      waitingSinceMs: 0,
      confirmedSeq: 0,
      confirmedHash: genesisHash,
      resends: 0,
    },
    rowsSinceSnapshot: 0,
    isDamaged: false,
  }
}

export function copyState(state: State): State {
  return {
    ...state,
    holds: new Map(state.holds),
    keys: new Map(state.keys),
    pinned: new Map(state.pinned),
    keyRates: new Map(state.keyRates),
  }
}
