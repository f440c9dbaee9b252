// An answer as the gateway follows it: every frame is seen once on its way to the client, at any moment it is known what
// was used, and each ending has its bytes. One implementation where client and upstream speak the same dialect (frames pass
// as they came), one that translates.

import type { PricedUsage } from '#calls/charge.ts'
import type { Usage } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import type { Refusal } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'

/** What is shown of a charge; without `priced` the usage alone. */
export type ShownCost = { priced: PricedUsage | undefined; metered: MeteredUsage }

/** What the relay does with a frame, and what the frame was. */
export type Seen = {
  action: 'pass' | 'drop' | 'replace'
  /** What goes to the client: the frame's own bytes, new ones, or none. */
  bytes: Uint8Array
  /** The terminator: nothing of the answer follows, and `closingBytes` are its end. */
  isDone: boolean
  /** The upstream's error, or a frame that cannot be read: dropped, and the relay ends the answer with an error of its own. */
  isError: boolean
  isUsage: boolean
  /** Some of the answer: text, reasoning, a tool call. */
  hasContent: boolean
  /** The model has said all: a missing terminator is no cut from here on. */
  isFinished: boolean
}

export type AnswerMeter = {
  /** UTF-8 bytes of all text in the answer so far. */
  readonly deliveredBytes: number
  /** The provider's id of the answer. */
  readonly upstreamId: string | undefined
  /** There is delivered text that no statement covers: `usage`, and endings that state it, count it. */
  readonly needsCount: boolean
  usage(): MeteredUsage
  /** For beats and pacing only. */
  runningUsage(): Usage
  see(frame: Frame): Seen
  /** A whole answer instead of frames; false for one that is an error or cannot be read. */
  seeBody(body: JsonObject): boolean
  /** The whole answer as the client gets it. */
  wholeBody(body: JsonObject, shown: ShownCost): JsonObject
  /** The end of a complete answer, usage and terminator: asked for once, also where its upstream left them out. */
  closingBytes(): Uint8Array
  /** The polite end of an answer that we cut: it reads as one that reached its length. */
  lengthEndingBytes(): Uint8Array
  /** The end of an answer that failed; `shown` is what was charged for it all the same. */
  errorBytes(refusal: Refusal, shown?: ShownCost): Uint8Array
}
