// Automatic top-up in memory: what was agreed, and where its one attempt stands. Values, no decisions; how they follow from
// the log is auto-top-up-replay.ts.

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AutoTopUpTerms, PauseReason, SavedMethod } from './auto-top-up-commands.ts'
import { windowStart } from './windows.ts'

export type Attempt = {
  readonly orderId: string
  readonly amountNanoUsd: NanoUsd
  /** As it was when the attempt started: another card is another attempt. */
  readonly method: SavedMethod
  readonly startedAtMs: number
  /** When somebody was told to ask the provider: from then on it may have been charged. Null before. */
  readonly begunAtMs: number | null
  readonly isProcessing: boolean
  readonly intentId: string | null
  readonly reminders: number
}

export type AutoTopUpPhase =
  | { readonly state: 'idle' }
  | { readonly state: 'charging'; readonly attempt: Attempt }
  | {
      readonly state: 'paused'
      readonly why: PauseReason
      /** Of the card that failed: another one ends the pause, the same one does not. */
      readonly fingerprint: string | null
      /** What its owner may still confirm. */
      readonly attempt: Attempt | null
    }

export type AutoTopUp = {
  readonly terms: AutoTopUpTerms
  readonly method: SavedMethod | null
  readonly phase: AutoTopUpPhase
  /** A charge has left the balance below the threshold, and nothing has filled it since. */
  readonly isWanted: boolean
  /** Declines in a row, and until when none is tried again. */
  readonly failures: number
  readonly retryAtMs: number
  /** Of the newest attempts, oldest first. */
  readonly startsMs: readonly number[]
  /** What attempts of a month (UTC) have charged or may yet charge. */
  readonly month: { readonly startMs: number; readonly nanoUsd: NanoUsd }
  /** The month in which the customer was told that the cap is reached; 0 for none. */
  readonly cappedMonthMs: number
}

export const noAutoTopUp: AutoTopUp = {
  terms: {
    isEnabled: false,
    thresholdNanoUsd: nanoUsd(10_000_000_000),
    amountNanoUsd: nanoUsd(20_000_000_000),
    monthlyCapNanoUsd: null,
  },
  method: null,
  phase: { state: 'idle' },
  isWanted: false,
  failures: 0,
  retryAtMs: 0,
  startsMs: [],
  month: { startMs: 0, nanoUsd: zeroNanoUsd },
  cappedMonthMs: 0,
}

/** After a decline that may pass; the one after the last of them pauses. */
export const retryDelaysMs = [1 * hourMs, 4 * hourMs, 24 * hourMs] as const
/** Between two attempts, whatever happens: time for the first one's money to be seen. */
export const attemptEveryMs = 1 * minuteMs
export const attemptsPerDayMax = 10
export const attemptDayMs = 1 * dayMs
/** The provider may forget an idempotency key after a day: later than this nothing is created any more. */
export const keyLivesMs = 23 * hourMs
/** Whoever was told to ask has asked by then, or is dead: no consumer of a queue runs longer than 15 minutes. */
export const askedWithinMs = 30 * minuteMs
/** An attempt without a result is asked about again after this, then after twice as long, up to a day. */
const remindFirstMs = 15 * minuteMs
const remindMaxMs = 1 * dayMs

export function remindAtMs({ startedAtMs, reminders }: Attempt): number {
  let atMs = startedAtMs
  for (let n = 0; n <= reminders; n += 1) atMs += Math.min(remindMaxMs, remindFirstMs * 2 ** n)
  return atMs
}

/** What has been asked for and has not come: it counts as balance. */
export function inFlightOf({ phase }: AutoTopUp): NanoUsd {
  return phase.state === 'charging' ? phase.attempt.amountNanoUsd : zeroNanoUsd
}

export function chargedInMonthOf({ month }: AutoTopUp, atMs: number): NanoUsd {
  return month.startMs === windowStart('month', atMs) ? month.nanoUsd : zeroNanoUsd
}
