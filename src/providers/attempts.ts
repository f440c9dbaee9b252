// The tries of one call, one after the other: how many there may be, how long, and who is next. Pure but for what it counts;
// nothing here sends anything. A second try is made only where the first cannot be billed (leg-failure.ts).

import { type Millis, secondMs } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import { type Verdict, mayBeAskedAfter } from './leg-failure.ts'

/** A call that three hosts have turned away is better asked again by its client. */
export const legsMax = 3
/** From the call's beginning: later than this no other host is asked, since clients give up as well. */
export const fallbackWithinMs = 30 * secondMs

/** One host and credential for the call. */
export type Leg = { provider: string; isPaused: boolean; isOrigin: boolean }

/** A try that was not the last, as the books and the log tell it. */
export type FailedAttempt = { provider: string; verdict: Verdict; status: number | null; durationMs: number }

export class Attempts<L extends Leg> {
  readonly #legs: readonly L[]
  readonly #startedAt: Millis
  #index = 0
  #current: L
  #count = 1
  /** Hosts of which no other credential would help. */
  readonly #closed = new Set<string>()
  readonly #refusals: { verdict: Verdict; refusal: Refusal }[] = []

  /** `legs` in their order (candidate-order.ts), one at least. */
  constructor(legs: readonly [L, ...L[]], startedAt: Millis) {
    // Whoever said to come later is asked only where nobody else is there to be asked first.
    const [first, ...others] = legs
    this.#legs = [first, ...others.filter(({ isPaused }) => !isPaused)]
    this.#startedAt = startedAt
    this.#current = first
  }

  /** One of them made the thoughts that the request gives back. */
  get hasOrigin(): boolean {
    return this.#legs.some(({ isOrigin }) => isOrigin)
  }

  get current(): L {
    return this.#current
  }

  /** The current leg failed: the next one, or undefined where that was the end of it. */
  after(verdict: Verdict, refusal: Refusal | undefined, now: Millis): L | undefined {
    if (refusal !== undefined) this.#refusals.push({ verdict, refusal })
    const who = mayBeAskedAfter(verdict)
    if (who === 'none' || this.#count >= legsMax || now - this.#startedAt >= fallbackWithinMs)
      return undefined
    if (who === 'other_provider') this.#closed.add(this.#current.provider)
    this.#count += 1
    return this.#next()
  }

  /** The current leg cannot be written in its host's dialect: the next one, without counting it. */
  skip(): L | undefined {
    return this.#next()
  }

  #next(): L | undefined {
    const index = this.#legs.findIndex((leg, at) => at > this.#index && !this.#closed.has(leg.provider))
    const next = this.#legs[index]
    if (next === undefined) return undefined
    this.#index = index
    this.#current = next
    return next
  }

  /**
   * What the client is told when nobody answered. What may have run is told as it was. Else a host without room, because
   * asking again will do, with the shortest wait that any of them named; else what the last one said.
   */
  refusal(): Refusal | undefined {
    const last = this.#refusals.at(-1)
    if (last === undefined || last.verdict === 'failed') return last?.refusal
    const waits = this.#refusals.filter(({ refusal }) => refusal.code === 'upstream_overloaded')
    const [soonest] = waits.toSorted((a, b) => waitOf(a.refusal) - waitOf(b.refusal))
    return (soonest ?? last).refusal
  }
}

function waitOf({ retryAfterSeconds = 0 }: Refusal): number {
  return retryAfterSeconds
}
