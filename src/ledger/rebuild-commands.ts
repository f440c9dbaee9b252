// What the rebuild of a lost or restored object asks of it, step by step; each step may be repeated (docs/decisions/0013).

import type { AccountId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Entry } from './entry.ts'

export type BeginRebuild = {
  accountId: AccountId
  /** The epoch that it opens. */
  epoch: number
  /** What the object still has is given up; without it only an object that has nothing begins. */
  isDiscarding: boolean
}

/** The closed log in order, in pages; what the object has already is passed over. */
export type TakeEntries = { epoch: number; entries: readonly Entry[] }

export type FinishRebuild = {
  epoch: number
  closedEpoch: number
  closedSeq: number
  closedSumNanoUsd: NanoUsd
  closedHash: string
  reason: string
}

export type RebuildAnswer =
  /** `isOpen`: the epoch stands, nothing is left to do. */
  | { ok: true; headSeq: number; isOpen: boolean }
  | { ok: false; code: 'not_empty' | 'not_begun' | 'gap' | 'differs' | 'internal' }

/** A line of a closed epoch that arrived too late to be part of it. */
export type Rebook = { entry: Entry }

/** `isBooked` is false where nothing of the kind can be booked again: a human decides. */
export type RebookAnswer = { ok: true; isBooked: boolean } | { ok: false; code: string }
