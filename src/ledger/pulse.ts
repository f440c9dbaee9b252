// What an object says of its own health when it is asked (pure): how long anything due or unconfirmed has waited, and how
// large it is. Asking wakes it, and an alarm that the platform has lost is armed again.

import { nextDueAt } from './alarm.ts'
import { minuteMs } from '#core/clock.ts'
import type { State } from './state.ts'
import type { Timings } from './timings.ts'

export type Pulse = {
  epoch: number
  head: number
  sent: number
  confirmed: number
  /** Null where nothing is due, or a wake stands for it. */
  overdue: Overdue | null
  /** Since the oldest entry that Postgres has not confirmed was written; 0 where there is none. */
  unconfirmedForMs: number
  oldestHoldAgeMs: number
  databaseBytes: number
}

/** Something waits for a wake that does not come: it was due so long ago (negative: still to come), and an alarm, if any, then. */
export type Overdue = { dueAgoMs: number; armedAgoMs: number | null }

/** The platform fires within a minute, failover included; what is later will not come by itself. */
export const lateAlarmMs = 5 * minuteMs

export function overdueOf(
  state: State,
  { armedAtMs, nowMs, timings }: { armedAtMs: number | null; nowMs: number; timings: Timings },
): Overdue | null {
  const dueAtMs = nextDueAt(state, timings)
  if (dueAtMs === undefined) return null
  const dueAgoMs = nowMs - dueAtMs
  if (armedAtMs === null) return { dueAgoMs, armedAgoMs: null }
  const isLate = armedAtMs > dueAtMs ? dueAgoMs > lateAlarmMs : nowMs - armedAtMs > lateAlarmMs
  return isLate ? { dueAgoMs, armedAgoMs: nowMs - armedAtMs } : null
}

export function oldestHoldAgeOf(state: State, nowMs: number): number {
  let oldest = 0
  for (const { admittedAtMs } of state.holds.values()) oldest = Math.max(oldest, nowMs - admittedAtMs)
  return oldest
}
