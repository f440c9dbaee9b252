// One question to an account object that may hang, throw or be restarting: a fresh port per attempt, a time limit per
// attempt, a total time. Every command is idempotent by its id, so asking again is always safe.

import type { Clock } from '#core/clock.ts'
import type { Random } from '#core/ids.ts'
import { StopController, type StopSignal } from '#core/stop.ts'

export type Persistence = {
  clock: Clock
  random: Random
  /** One attempt counts as failed after this long. */
  attemptMs: number
  /** No further attempt starts after this long. */
  withinMs: number
}

export type Asked<Answer> = { ok: true; answer: Answer } | { ok: false; cause: unknown }

const firstPauseMs = 100
const longestPauseMs = 3_000

/** Asks until an answer that `isFinal` accepts arrives or the time is up; the last failure is returned, never thrown. */
export async function askPersistently<Answer>(
  ask: () => Promise<Answer>,
  isFinal: (answer: Answer) => boolean,
  how: Persistence,
): Promise<Asked<Answer>> {
  const deadline = how.clock.now() + how.withinMs
  let pauseMs = firstPauseMs
  for (;;) {
    const asked = await askOnce(ask, how)
    if (asked.ok && isFinal(asked.answer)) return asked
    const waitMs = jittered(pauseMs, how.random)
    if (how.clock.now() + waitMs >= deadline) {
      return asked.ok ? { ok: false, cause: new Error('The object answered that it failed.') } : asked
    }
    await how.clock.sleep(waitMs)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

/** One attempt under its time limit; a `signal` ends the waiting, not the question. */
export async function askOnce<Answer>(
  ask: () => Promise<Answer>,
  how: Pick<Persistence, 'clock' | 'attemptMs'> & { signal?: StopSignal },
): Promise<Asked<Answer>> {
  const done = new StopController()
  const stop = () => done.abort()
  how.signal?.addEventListener('abort', stop)
  if (how.signal?.aborted === true) stop()
  const timeout = how.clock
    .sleep(how.attemptMs, done.signal)
    .then((): Asked<Answer> => ({ ok: false, cause: new Error(`No answer within ${how.attemptMs} ms.`) }))
  // `ask` may throw before it returns a promise (a spent stub does): both count as a failed attempt.
  const answer = Promise.resolve()
    .then(ask)
    .then(
      (value): Asked<Answer> => ({ ok: true, answer: value }),
      (cause: unknown): Asked<Answer> => ({ ok: false, cause }),
    )
  const first = await Promise.race([answer, timeout])
  stop()
  how.signal?.removeEventListener('abort', stop)
  return first
}

/** Half to all of the pause, so that many owners of one busy object do not come back together. */
function jittered(pauseMs: number, random: Random): number {
  const [byte = 0] = random(1)
  return Math.ceil(pauseMs * (0.5 + byte / 512))
}
