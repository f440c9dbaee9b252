// Durations and bounds of the Relay object, named once.

import { hourMs, minuteMs, secondMs } from '#core/clock.ts'

export type RelayTimings = {
  /** While generations run, the object's alarm writes down this often how far they are; also what keeps the object alive. */
  heartbeatMs: number
  /** The platform keeps an object for one piece of work at most 15 minutes; before that a call is ended politely. */
  hostedForMs: number
  /** An answer can be collected this long after its end. */
  keptForMs: number
  /** … and this long where its request asked to have it stored. */
  storedForMs: number
  /** Who collects a stream before its upstream has answered waits this long for the answer's kind. */
  collectWaitMs: number
}

export const relayTimings: RelayTimings = {
  heartbeatMs: 10 * secondMs,
  hostedForMs: 14 * minuteMs + 30 * secondMs,
  keptForMs: 1 * hourMs,
  storedForMs: 24 * hourMs,
  collectWaitMs: 10 * secondMs,
}

export type RelayLimits = {
  /** One row each; more than this of an answer is never in memory alone. */
  pieceBytes: number
  /** The longest answers there are have some 128,000 events of a few hundred bytes. */
  answerBytesMax: number
  /** Kept beside a stored answer. */
  requestBytesMax: number
  /** All of them live in the object's 128 MB. */
  runningMax: number
  /** With those that are over; the oldest of these go first. */
  keptMax: number
  readersPerAnswerMax: number
}

export const relayLimits: RelayLimits = {
  pieceBytes: 64 * 1024,
  answerBytesMax: 64 * 1024 * 1024,
  requestBytesMax: 1024 * 1024,
  runningMax: 64,
  keptMax: 512,
  readersPerAnswerMax: 16,
}
