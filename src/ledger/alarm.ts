// When the object has to wake by itself: the earliest of all due times. Pure; the object arms one alarm with it.

import { resendDueAt } from './marks.ts'
import type { State } from './state.ts'
import type { Timings } from './timings.ts'

/** Milliseconds since 1970, or undefined where nothing is due. */
export function nextDueAt(state: State, timings: Timings): number | undefined {
  const due: number[] = []
  for (const hold of state.holds.values()) due.push(hold.expiresAtMs)
  if (state.headSeq > state.marks.sentSeq) due.push(state.nowMs + timings.flushAfterMs)
  const resendAt = resendDueAt(state, timings)
  if (resendAt !== undefined) due.push(resendAt)
  return due.length === 0 ? undefined : due.reduce((earliest, time) => Math.min(earliest, time))
}
