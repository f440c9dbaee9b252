// Two versions of the code at once, as far as one code base can be two: after a deploy the new Workers serve what comes new,
// those before it what they have begun, and the object, started anew, talks with both. Each version says what the other one
// does not know, and keeps to timings of its own within what is agreed on.

import { isObject } from '#core/readers.ts'
import { type Timings, timings } from '#ledger/timings.ts'

/** What a version adds to everything that it says, beside what is known. */
export function inWordsOf(version: number, said: unknown): unknown {
  if (version === 0 || !isObject(said)) return said
  return { ...said, sinceVersion: { version, tokens: 1, costNanoUsd: 1 } }
}

const otherTimings: Timings = {
  ...timings,
  beatEveryMs: 11_000,
  beatAfterLeaveMs: 4_000,
  captureWithinMs: 14_000,
  objectCallMs: 6_000,
}

/** Of an owner: only what the object does not count on. */
export function timingsOf(version: number): Timings {
  return version % 2 === 0 ? timings : otherTimings
}

/** The same amounts in another unit, under another version: whoever believes it is wrong by a factor. */
export function snapshotOfAnotherVersion(body: string): string {
  const { version, ...rest }: { readonly [name: string]: unknown } = JSON.parse(body)
  const inPico = (name: string, value: unknown) =>
    name.endsWith('NanoUsd') && typeof value === 'number' ? value * 1_000 : value
  return JSON.stringify({ version: Number(version) + 1, ...rest }, inPico)
}
