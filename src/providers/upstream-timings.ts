// How long an upstream may take, named once. Measured from the dispatch of the request.

import { minuteMs, secondMs } from '#core/clock.ts'

export type UpstreamTimings = {
  /** Until the answer's headers: long, since a reasoning model may think before its first byte. */
  firstByteMs: number
  /** Silence between two chunks of a stream. */
  idleMs: number
  /** The whole answer; the platform's objects live at most this long for one call. */
  totalMs: number
  /** Silence after which the client gets a keep-alive comment; also how a client that left a silent stream is noticed. */
  keepAliveMs: number
  /** A stream's first chunk is awaited this long before the headers go out, so that an error event can still become a status. */
  firstChunkMs: number
  /** A client that takes no byte for this long is gone. */
  clientStallMs: number
}

export const upstreamTimings: UpstreamTimings = {
  firstByteMs: 5 * minuteMs,
  idleMs: 2 * minuteMs,
  totalMs: 15 * minuteMs,
  keepAliveMs: 10 * secondMs,
  firstChunkMs: 10 * secondMs,
  clientStallMs: 30 * secondMs,
}
