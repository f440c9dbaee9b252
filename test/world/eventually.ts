// What comes by queue or webhook is there a moment later: it is looked at until it is so. The last look is the answer, so that the
// test says what it found instead.

import { setTimeout as wait } from 'node:timers/promises'

/** Shorter than a test may take. */
const usualPatienceMs = 30_000
const betweenLooksMs = 50

export async function eventually<Value>(
  look: () => Promise<Value>,
  isSo: (value: Value) => boolean,
  patienceMs = usualPatienceMs,
): Promise<Value> {
  const until = Date.now() + patienceMs
  for (;;) {
    const value = await look()
    if (isSo(value) || Date.now() > until) return value
    await wait(betweenLooksMs)
  }
}
