// Every duration that cover depends on, named once. Both the owner of a call and the account object read them here.

import { durationsDividedBy, hourMs, minuteMs, secondMs } from '#core/clock.ts'

export type Timings = {
  /** An owner beats at least this often for every open call. */
  beatEveryMs: number
  /** … and this often once its client has left. */
  beatAfterLeaveMs: number
  /** After *sending* the last acknowledged beat, by the owner's clock, no further byte is written to the client. */
  fenceMs: number
  /** An ending with the dialect's own words begins this long before the fence, so that its bytes still arrive in time. */
  politeEndMs: number
  /** After *receiving* the last beat, by the object's clock, the hold expires. Longer than the fence by a round trip and drift. */
  holdExpiryMs: number
  /** A beat rides in a group commit, per hold at most this often: rows written are what the platform bills. */
  beatWriteEveryMs: number
  /** A capture that is not acknowledged within this time is parked in the queue. */
  captureWithinMs: number
  /** How long one try of an object call may take before it counts as failed. */
  objectCallMs: number
  /** What a hold does not cover waits this long for its extension; then the answer ends as on a refused one. */
  extendWithinMs: number
  /** An admission that is not answered within this time is refused as `ledger_unavailable`. */
  admitWithinMs: number
  /** The Worker may read on for its client after a disconnect for this long (the platform gives 30 s). */
  drainMs: number
  /** After a disconnect everything, the capture included, is done or parked within this. */
  afterLeaveMs: number
  /** Entries wait this long for company before they are sent to the queue. */
  flushAfterMs: number
  /** Entries sent but unconfirmed for this long are sent again. */
  resendAfterMs: number
  /** Resolved calls are remembered this long; a capture of an unknown call older than this is a finding. */
  rememberCallsMs: number
  /** Good standing in one isolate ends this long after the admission that granted it. */
  goodStandingMs: number
}

export const timings: Timings = {
  beatEveryMs: 15 * secondMs,
  beatAfterLeaveMs: 5 * secondMs,
  fenceMs: 40 * secondMs,
  politeEndMs: 2 * secondMs,
  holdExpiryMs: 60 * secondMs,
  beatWriteEveryMs: 30 * secondMs,
  captureWithinMs: 20 * secondMs,
  objectCallMs: 5 * secondMs,
  extendWithinMs: 5 * secondMs,
  admitWithinMs: 10 * secondMs,
  drainMs: 25 * secondMs,
  afterLeaveMs: 28 * secondMs,
  flushAfterMs: 1 * secondMs,
  resendAfterMs: 10 * minuteMs,
  rememberCallsMs: 48 * hourMs,
  goodStandingMs: 60 * secondMs,
}

/** For storm tests; never in production (env.ts). */
export function timingsScaledDown(scale: number): Timings {
  return durationsDividedBy(timings, scale)
}
