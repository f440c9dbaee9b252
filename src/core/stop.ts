// Ends a wait of our own. An AbortController is an object of the platform that makes an event and an error with its stack
// at every abort, and a request has some ten waits: measured, 15 % of its processor time. `fetch` alone needs the real one.

/** What a wait listens to; an AbortSignal is one as well. */
export type StopSignal = {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Named as the platform's own. Listeners are called once, in the order in which they came. */
export class StopController {
  readonly #signal = new LocalSignal()

  get signal(): StopSignal {
    return this.#signal
  }

  abort(): void {
    this.#signal.abort()
  }
}

class LocalSignal implements StopSignal {
  #isAborted = false
  readonly #listeners = new Set<() => void>()

  get aborted(): boolean {
    return this.#isAborted
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#isAborted) this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  abort(): void {
    if (this.#isAborted) return
    this.#isAborted = true
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
