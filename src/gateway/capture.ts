// The end of a call on its way to the object: tried for seconds, then parked in the queue, whose consumer delivers it.
// If this process dies on the way, the hold's last checkpoint is charged when it expires.

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

/** Delivers or parks, the last attempt included, in `withinMs`: shorter where the client has left and the platform's clock runs. */
export async function deliverEnd(
  accountId: AccountId,
  end: CallEnd,
  parts: CaptureParts,
  withinMs = parts.timings.captureWithinMs + parts.timings.objectCallMs,
): Promise<'delivered' | 'parked' | 'refused' | 'lost'> {
  const attemptMs = Math.min(parts.timings.objectCallMs, withinMs)
  const how = { clock: parts.clock, random: parts.random, attemptMs, withinMs: withinMs - attemptMs }
  const asked = await askPersistently(() => tell(accountId, end, parts.accounts), isFinal, how)
  if (asked.ok) {
    if (asked.answer.ok) return 'delivered'
    parts.log.error('capture_refused', { account: accountId, call: callOf(end), code: asked.answer.code })
    return 'refused'
  }
  return park(accountId, end, parts)
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

async function park(accountId: AccountId, end: CallEnd, parts: CaptureParts): Promise<'parked' | 'lost'> {
  const message: ParkedCapture = { accountId, parkedAtMs: parts.clock.now(), ...end }
  try {
    await parts.captures.park(message)
    parts.log.info('capture_parked', { account: accountId, call: callOf(end) })
    return 'parked'
  } catch (cause) {
    // The object charges the last checkpoint when the hold expires; the difference is the operator's and is said here.
    parts.log.error('capture_lost', { account: accountId, call: callOf(end) }, cause)
    return 'lost'
  }
}
