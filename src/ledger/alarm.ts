// When the object has to wake by itself: one alarm for all purposes, at the earliest of all due times. Each arming is a row
// that the platform bills, so an armed alarm is only ever moved earlier, and the sending of entries, which a timer does
// while the object is awake, asks for no earlier wake than a hold does.

import { topUpDueAt } from './auto-top-up-due.ts'
import { nextInvoicingAt } from './invoices.ts'
import { nextExpiryMs } from './lots.ts'
import { resendDueAt } from './marks.ts'
import type { State } from './state.ts'
import type { Timings } from './timings.ts'

/** Milliseconds since 1970, or undefined where nothing is due. */
export function nextDueAt(state: State, timings: Timings): number | undefined {
  const due: number[] = []
  for (const hold of state.holds.values()) due.push(hold.expiresAtMs)
  if (isUnsent(state)) due.push(state.nowMs + timings.holdExpiryMs)
  const lotAt = nextExpiryMs(state.lots, state.pinned)
  if (lotAt !== undefined) due.push(lotAt)
  const invoicingAt = nextInvoicingAt(state)
  if (invoicingAt !== undefined) due.push(invoicingAt)
  const resendAt = resendDueAt(state, timings)
  if (resendAt !== undefined) due.push(resendAt)
  const topUpAt = topUpDueAt(state)
  if (topUpAt !== undefined) due.push(topUpAt)
  return due.length === 0 ? undefined : due.reduce((earliest, time) => Math.min(earliest, time))
}

/** Entries wait that no queue has taken. */
export function isUnsent(state: State): boolean {
  return state.headSeq > state.marks.sentSeq
}

/** The one alarm slot of an object. */
export class Alarm {
  readonly #set: (atMs: number) => Promise<void>
  /** What the platform's `getAlarm` says, kept so that a commit need not ask. */
  armedAtMs: number | null = null

  constructor(set: (atMs: number) => Promise<void>) {
    this.#set = set
  }

  /** A fired alarm is used up. */
  hasFired(): void {
    this.armedAtMs = null
  }

  /** Inside a transaction this is part of it; a caller whose transaction fails puts `armedAtMs` back. */
  armBy(atMs: number | undefined): void {
    if (atMs === undefined || (this.armedAtMs !== null && this.armedAtMs <= atMs)) return
    this.armedAtMs = atMs
    // Not awaited: the platform holds back every answer until it is durable.
    void this.#set(atMs)
  }
}
