// The end of a call on its way to the object: tried for seconds, then parked in the queue, whose consumer delivers it.
// If this process dies on the way, the hold's last checkpoint is charged when it expires.

import type { Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { Capture, Release } from '#ledger/call-commands.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import type { Timings } from '#ledger/timings.ts'
import { type Persistence, askPersistently } from './object-call.ts'

export type CaptureQueue = { park(message: ParkedCapture): Promise<void> }

export type CaptureParts = Pick<Persistence, 'clock' | 'random'> & {
  accounts: AccountPorts
  captures: CaptureQueue
  timings: Timings
  log: Log
}

export type CallEnd = { capture: Capture } | { release: Release }

/** After a disconnect the platform ends a Worker soon: parking must happen before that. */
export function captureWithinMs(
  { captureWithinMs: triedMs, afterLeaveMs, objectCallMs }: Timings,
  leftAt: Millis | undefined,
  now: Millis,
): number {
  const usualMs = triedMs + objectCallMs
  return leftAt === undefined ? usualMs : Math.min(usualMs, Math.max(0, leftAt + afterLeaveMs - now))
}

/** Delivers or parks, the last attempt included, in `withinMs`: shorter where the client has left and the platform's clock runs. */
export async function deliverEnd(
  accountId: AccountId,
  end: CallEnd,
  parts: CaptureParts,
  withinMs = parts.timings.captureWithinMs + parts.timings.objectCallMs,
): Promise<'delivered' | 'parked' | 'refused' | 'lost'> {
  const attemptMs = Math.min(parts.timings.objectCallMs, withinMs)
  const how = { clock: parts.clock, random: parts.random, attemptMs, withinMs: withinMs - attemptMs }
  const statedAtMs = parts.clock.now()
  const tellNow = () => tell(accountId, agedEnd(end, statedAtMs, parts.clock.now()), parts.accounts)
  const asked = await askPersistently(tellNow, isFinal, how)
  if (asked.ok) {
    if (asked.answer.ok) return 'delivered'
    parts.log.error('capture_refused', { account: accountId, call: callOf(end), code: asked.answer.code })
    return 'refused'
  }
  // The tries were a part of its way: a call belongs to the windows of its admission, however long its end has travelled.
  return park({ accountId, parkedAtMs: statedAtMs, ...end }, parts)
}

/** Only durations cross to the object: the time on the way is added to the age that the owner stated. */
export function agedEnd(end: CallEnd, statedAtMs: number, nowMs: number): CallEnd {
  if (!('capture' in end)) return { release: end.release }
  const onTheWayMs = Math.max(0, nowMs - statedAtMs)
  return { capture: { ...end.capture, admittedAgoMs: end.capture.admittedAgoMs + onTheWayMs } }
}

/** Capture and release answer alike as far as their delivery is concerned. */
export function tell(
  accountId: AccountId,
  end: CallEnd,
  accounts: AccountPorts,
): Promise<{ ok: true } | { ok: false; code: string }> {
  const account = accounts(accountId)
  return 'capture' in end ? account.capture(end.capture) : account.release(end.release)
}

/** Everything but the object's own failure, or its loss until it is rebuilt, is an answer that no further try would change. */
export function isFinal(answer: { ok: true } | { ok: false; code: string }): boolean {
  return answer.ok || (answer.code !== 'internal' && answer.code !== 'no_such_account')
}

export function callOf(end: CallEnd): string {
  return 'capture' in end ? end.capture.callId : end.release.callId
}

async function park(message: ParkedCapture, parts: CaptureParts): Promise<'parked' | 'lost'> {
  const names = { account: message.accountId, call: callOf(message) }
  try {
    await parts.captures.park(message)
    parts.log.info('capture_parked', names)
    return 'parked'
  } catch (cause) {
    // The object charges the last checkpoint when the hold expires; the difference is the operator's and is said here.
    parts.log.error('capture_lost', names, cause)
    return 'lost'
  }
}
