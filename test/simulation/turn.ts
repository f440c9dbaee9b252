// The end of a turn, at once: every promise that is resolved runs on, and what follows from it, until nothing is left to do.
// Waiting for the event loop to come round does the same for a fifth of the whole time of a schedule.

import { setFlagsFromString } from 'node:v8'
import { isMainThread } from 'node:worker_threads'

/** Has no effect inside a promise: a world is therefore driven from an event of its own (world.ts). */
export const endTurn: () => void = checkpoint()

/** What a promise says that waits for nothing but this turn. */
export function presently<Value>(promise: Promise<Value>): Value {
  let outcome: { value: Value } | { cause: unknown } | undefined
  promise.then(
    (value) => (outcome = { value }),
    (cause: unknown) => (outcome = { cause }),
  )
  endTurn()
  if (outcome === undefined) throw new Error('The promise waits for more than this turn.')
  if ('cause' in outcome) throw outcome.cause
  return outcome.value
}

/** V8's own function, which has no other name: Node calls it after each of its callbacks. */
function checkpoint(): () => void {
  // The flag is the whole process's: where there are threads, it stands before the first of them (threads.ts), and stays.
  if (isMainThread) setFlagsFromString('--allow-natives-syntax')
  // oxlint-disable-next-line typescript/no-implied-eval -- The name is no JavaScript outside of this flag.
  const found: unknown = new Function('%PerformMicrotaskCheckpoint()')
  if (typeof found !== 'function') throw new Error('This Node has no checkpoint for promises.')
  return () => void found()
}
