// Where a hosted call keeps its answer (the Relay object has one for each, the Worker none), and what the ledger would be told
// of the call if its owner died now. The client of a hosted stream reads from the record, like everyone who comes back.

import { noUsage } from '#calls/usage.ts'
import type { Clock, Millis } from '#core/clock.ts'
import type { NanoUsd } from '#core/money.ts'
import type { ShownCost } from '#dialects/answer-meter.ts'
import type { CallEnd } from './capture.ts'
import { type EndTimes, type Ending, type Metered, commandOf, endingOf } from './ending.ts'
import type { PreparedCall } from './prepared-call.ts'
import { type EndCause, type Phase, isBefore } from './settle.ts'

/** What a stream is written to: the client itself (client-stream.ts), or the record that it reads from. */
export type ClientEnd = {
  readonly readable: ReadableStream<Uint8Array>
  readonly isGone: boolean
  readonly lastWriteAt: Millis
  /** How long the client has let the present write wait. */
  stalledMs(now: Millis): number
  /** Resolves when the bytes are taken, or with false when there is nobody to take them. */
  write(bytes: Uint8Array): Promise<boolean>
  finish(bytes: Uint8Array, withinMs: number): Promise<void>
  abort(reason: string): void
}

export type AnswerRecord = {
  /** The call is admitted: from here on it can be looked up, and after a death of its owner it ends by what `proven` last said. */
  begin(call: PreparedCall, proven: () => Proven): void
  /** From now on its fee is due: what \`proven\` says is written down at once. */
  accepted(): void
  openStream(clock: Clock): ClientEnd
  /** The call's one answer; what is no stream is kept from it. */
  answered(response: Response): void
  /** How the call has ended, before anybody is told: kept until the ledger knows it. */
  settled(cause: EndCause, proven: Proven): void
  /** The ledger knows it, or the queue. */
  delivered(): void
}

/** What is known of a running call: how far it has come and what was used. */
export type SoFar = { phase: Phase; metered: Metered; upstreamId?: string | undefined }

export type Proven = { end: CallEnd; costNanoUsd: NanoUsd; shown: ShownCost; statedAt: Millis }

export function provenEnd(call: PreparedCall, soFar: SoFar, times: EndTimes): Proven {
  const ending = endingOf(call, 'relay_lost', soFar.phase, soFar.metered)
  const { upstreamId } = soFar
  return provenBy(call, ending, commandOf(call, ending, times, { upstreamId }), times.endedAt)
}

export function nothingSoFar(): SoFar {
  return { phase: 'dispatched', metered: { usage: noUsage, source: 'none' } }
}

/** Where nothing has been read of an answer yet, its head is known to be a good one. */
export function acceptedSoFar(soFar: SoFar, isAccepted: boolean): SoFar {
  return isAccepted && isBefore(soFar.phase, 'answered') ? { ...soFar, phase: 'answered' } : soFar
}

/** What is charged, or would be: told to the ledger, and shown to whoever collects. */
export function provenBy(call: PreparedCall, ending: Ending, end: CallEnd, statedAt: Millis): Proven {
  return { end, costNanoUsd: ending.charge.costNanoUsd, shown: shownOf(ending, call), statedAt }
}

export function shownOf(
  { charge, usage, usageSource }: Ending,
  { isCostOmitted }: Pick<PreparedCall, 'isCostOmitted'>,
): ShownCost {
  return { priced: isCostOmitted ? undefined : charge, metered: { usage, source: usageSource } }
}
