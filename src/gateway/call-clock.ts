// The clock of one call: all its waits share one timer of the platform. A call waits for the object, the upstream, its next
// beat and its end, some seven times, and almost every wait is called off; a timer for each was a twentieth of its time.

import { type Clock, type Millis, addMillis, asMillis } from '#core/clock.ts'
import { StopController, type StopSignal } from '#core/stop.ts'

type Sleeper = { readonly dueAt: Millis; readonly wake: () => void }

export class CallClock implements Clock {
  readonly #clock: Clock
  readonly #sleepers = new Set<Sleeper>()
  /** Not called off with its sleeper: it serves the next one as well, which is seldom due earlier. */
  #timer: { readonly dueAt: Millis; readonly stop: StopController } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): Millis {
    return this.#clock.now()
  }

  sleep(ms: number, signal?: StopSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => {
      this.#sleepers.delete(sleeper)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const sleeper: Sleeper = { dueAt: addMillis(this.now(), ms), wake }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', wake)
    this.#armBy(sleeper.dueAt)
    return promise
  }

  /** The call is over: nobody sleeps any more, so no timer outlives it. */
  close(): void {
    this.#timer?.stop.abort()
    this.#timer = undefined
  }

  #armBy(dueAt: Millis): void {
    if (this.#timer !== undefined && this.#timer.dueAt <= dueAt) return
    this.#timer?.stop.abort()
    const timer = { dueAt, stop: new StopController() }
    this.#timer = timer
    void this.#clock.sleep(dueAt - this.now(), timer.stop.signal).then(() => {
      // Called off by `close`, or by a sleeper that is due earlier and has a timer of its own.
      if (this.#timer === timer) this.#fire()
    })
  }

  #fire(): void {
    this.#timer = undefined
    const now = this.now()
    for (const { dueAt, wake } of this.#sleepers) if (dueAt <= now) wake()
    const next = [...this.#sleepers].reduce((earliest, { dueAt }) => Math.min(earliest, dueAt), Infinity)
    if (Number.isFinite(next)) this.#armBy(asMillis(next))
  }
}
