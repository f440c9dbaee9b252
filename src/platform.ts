// What the platform gives to the composition root: clock, random and log. Nothing else reads them.

import { type Clock, asMillis } from '#core/clock.ts'
import type { Random } from '#core/ids.ts'
import { type Log, jsonLog } from '#core/log.ts'

export const clock: Clock = {
  now: () => asMillis(Date.now()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const finish = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      signal?.addEventListener('abort', finish)
    }),
}

/** Resolves in the next turn of the event loop. */
export const nextTurn = (): Promise<void> => scheduler.wait(0)

export const random: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes))

/** The platform collects what is printed; each line is one JSON object. */
function print(line: string): void {
  // oxlint-disable-next-line no-console -- The one place that writes the log.
  console.log(line)
}

export const log: Log = jsonLog(print, () => Date.now())
