// What a call id tells about time. Ids sort like their time of birth, so rows of one day lie together and are forgotten together.

import { base62FromBytes, bytesFromBase62 } from '#core/base62.ts'
import { dayMs, hourMs } from '#core/clock.ts'
import { callIdPattern } from '#core/ids.ts'

const prefix = 'gen_'
const tailLength = 22
const idBytes = 16
const timeBytes = 6

/** A call is admitted only this close to the birth of its id; bounds what a start has to read and what may be forgotten. */
export const admitWithinMs = 1 * hourMs
/** The days of rows that stay behind today: a call of up to 48 h ago is in today's, yesterday's or the day before's. */
const daysKept = 2

/** Milliseconds since 1970 in the id, or undefined where the text is no call id. */
export function callTimeOf(callId: string): number | undefined {
  if (!callIdPattern.test(callId)) return undefined
  const bytes = bytesFromBase62(callId.slice(prefix.length), idBytes)
  return bytes?.subarray(0, timeBytes).reduce((time, byte) => time * 256 + byte, 0)
}

/** The smallest text that an id born at `timeMs` can have: the start of a range of ids. */
export function firstCallIdAt(timeMs: number): string {
  const bytes = new Uint8Array(idBytes)
  let rest = Math.max(0, timeMs)
  for (let index = timeBytes - 1; index >= 0; index -= 1) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return prefix + base62FromBytes(bytes, tailLength)
}

/** Days since 1970 (UTC). */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / dayMs)
}

/** Rows of calls born on an earlier day than this may be dropped. */
export function oldestKeptDay(nowMs: number): number {
  return dayOf(nowMs) - daysKept
}
