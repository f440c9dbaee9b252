// One virtual clock and one queue of events for a whole simulated world. An event runs, all promises that it resolved run
// to their end, then comes the next: the order of everything follows from the seed alone.

import { type Clock, asMillis } from '#core/clock.ts'
import { endTurn } from './turn.ts'

/** What can die: an object's instance, an isolate, one invocation of a Worker. Its events die with it. */
export class Process {
  readonly name: string
  /** How far its clock is from the world's. */
  skewMs: number
  /** Of the code that it runs (versions.ts). */
  readonly version: number
  readonly #parent: Process | null
  #isKilled = false
  /** Until then it does nothing, and then all that it missed. */
  frozenUntilMs = 0
  /** Timers and waits of its own: an object with one is not idle. */
  timers = 0

  constructor(name: string, parent: Process | null, skewMs = 0, version = 0) {
    this.name = name
    this.#parent = parent
    this.skewMs = skewMs
    this.version = parent?.version ?? version
  }

  get isAlive(): boolean {
    return !this.#isKilled && (this.#parent === null || this.#parent.isAlive)
  }

  kill(): void {
    this.#isKilled = true
  }
}

type Event = {
  readonly atMs: number
  readonly order: number
  readonly process: Process
  readonly run: () => void
}

export class Scheduler {
  nowMs: number
  /** Whose code is running. */
  current: Process
  steps = 0
  readonly #heap: Event[] = []
  #order = 0

  constructor(startMs: number, outside: Process) {
    this.nowMs = startMs
    this.current = outside
  }

  /** Runs `run` as a part of `process` after `ms`, if it still lives then. */
  after(ms: number, process: Process, run: () => void): void {
    this.#order += 1
    this.#push({ atMs: this.nowMs + Math.max(0, ms), order: this.#order, process, run })
  }

  /** The time of a process, as its `Date.now` says it. */
  timeOf(process: Process): number {
    return this.nowMs + process.skewMs
  }

  /** The clock of one process. */
  clockOf(process: Process): Clock {
    return {
      now: () => asMillis(this.timeOf(process)),
      sleep: (ms, signal) => {
        if (signal?.aborted === true) return Promise.resolve()
        const { promise, resolve } = Promise.withResolvers<void>()
        this.after(ms, process, resolve)
        signal?.addEventListener('abort', resolve)
        return promise
      },
    }
  }

  /** The time of the next event, or undefined where nothing will ever happen again. */
  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs
  }

  /** Runs one event and everything that follows from it at the same moment; false if there is none before `untilMs`. */
  step(untilMs: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.atMs > untilMs) return false
    this.#pop()
    this.nowMs = Math.max(this.nowMs, next.atMs)
    if (!next.process.isAlive) return true
    if (next.process.frozenUntilMs > this.nowMs) {
      this.after(next.process.frozenUntilMs - this.nowMs, next.process, next.run)
      return true
    }
    this.steps += 1
    this.current = next.process
    next.run()
    endTurn()
    return true
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const child = smaller(heap, left, left + 1)
      const below = heap[child]
      if (below === undefined || isBefore(last, below)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function smaller(heap: readonly Event[], left: number, right: number): number {
  const a = heap[left]
  const b = heap[right]
  return a !== undefined && b !== undefined && isBefore(b, a) ? right : left
}
