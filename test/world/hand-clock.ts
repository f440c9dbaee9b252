// A clock that stands still until the test moves it: `sleep` ends when `advance` has passed its time, in the order in which
// the sleeps are due. Works in plain Node and in workerd.

import { type Clock, type Millis, addMillis, asMillis } from '#core/clock.ts'

type Sleeper = { dueAt: Millis; wake: () => void }

/** A round moment, so that times in a failure are easy to read. */
export const startOfTest = asMillis(Date.parse('2026-11-01T00:00:00Z'))

export class HandClock implements Clock {
  #now: Millis
  readonly #sleepers = new Set<Sleeper>()

  constructor(now: Millis = startOfTest) {
    this.#now = now
  }

  now(): Millis {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const sleeper = { dueAt: addMillis(this.#now, Math.max(0, ms)), wake: resolve }
      this.#sleepers.add(sleeper)
      const leave = () => {
        this.#sleepers.delete(sleeper)
        resolve()
      }
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  /** Timers that are still armed: none may be left when a thing says that it has ended. */
  get sleepers(): number {
    return this.#sleepers.size
  }

  /** Since the start of the test. */
  get elapsedMs(): number {
    return this.#now - startOfTest
  }

  /** Moves on by `ms`, waking each sleeper at its own moment and letting what it woke run before the next. */
  async advance(ms: number): Promise<void> {
    const end = addMillis(this.#now, ms)
    await settled()
    for (let next = this.#firstDue(end); next !== undefined; next = this.#firstDue(end)) {
      this.#sleepers.delete(next)
      if (next.dueAt > this.#now) this.#now = next.dueAt
      next.wake()
      await settled()
    }
    this.#now = end
    await settled()
  }

  #firstDue(end: Millis): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers)
      if (sleeper.dueAt <= end && (first === undefined || sleeper.dueAt < first.dueAt)) first = sleeper
    return first
  }
}

/** Lets everything run that waits for nothing but its turn. No time passes for what the test looks at. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0))
}
