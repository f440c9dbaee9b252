// The consumer of parked captures: delivers each to its object until the object acknowledges it.

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import type { Timings } from '#ledger/timings.ts'
import { agedEnd, callOf, isFinal, tell } from './capture.ts'
import { askOnce } from './object-call.ts'

/** A queue message as far as this consumer uses it. */
export type ParkedMessage = {
  body: ParkedCapture
  attempts: number
  ack(): void
  retry(options: { delaySeconds: number }): void
}

export type ParkedCaptureParts = { accounts: AccountPorts; clock: Clock; timings: Timings; log: Log }

const longestPauseSeconds = 300

/** A message whose object does not answer goes back with a growing pause; no message waits for another account's. */
export async function consumeParkedCaptures(
  messages: readonly ParkedMessage[],
  parts: ParkedCaptureParts,
): Promise<void> {
  await Promise.all(messages.map((message) => deliver(message, parts)))
}

async function deliver(message: ParkedMessage, parts: ParkedCaptureParts): Promise<void> {
  const { accountId } = message.body
  const end = agedEnd(message.body, message.body.parkedAtMs, parts.clock.now())
  const asked = await askOnce(() => tell(accountId, end, parts.accounts), {
    clock: parts.clock,
    attemptMs: parts.timings.objectCallMs,
  })
  if (asked.ok && isFinal(asked.answer)) {
    if (!asked.answer.ok)
      parts.log.error('capture_refused', { account: accountId, call: callOf(end), code: asked.answer.code })
    message.ack()
    return
  }
  parts.log.error(
    'capture_waits',
    { account: accountId, call: callOf(end), attempts: message.attempts },
    asked.ok ? undefined : asked.cause,
  )
  message.retry({ delaySeconds: Math.min(2 ** message.attempts, longestPauseSeconds) })
}
