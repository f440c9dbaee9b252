// What this isolate has seen of each host and credential: trouble that fades, speed that fades, pauses that end. Bounded, lost
// with the isolate, and nobody is asked for it.

import { type Millis, addMillis, minuteMs, secondMs } from '#core/clock.ts'

/** Hosts × models × credentials of one isolate; the one that was heard of least recently is forgotten beyond it. */
const keysMax = 1_000
/** A failure counts one; half of it is forgotten in this time. */
const halfLifeMs = 30 * secondMs
/** Two failures in a row, or one beside an older one. */
const failingScore = 1.5
/** However long a host is away, it is asked again within a minute of its last failure. */
const scoreMax = 4
/** Share of the newest answer in the speed. */
const newestShare = 0.3
/** A speed that was measured longer ago says nothing. */
const speedMs = 5 * minuteMs

type Seen = { score: number; scoredAt: Millis; firstByteMs?: number; measuredAt: Millis; pausedUntil: Millis }

export class Health {
  readonly #seen = new Map<string, Seen>()

  /** The upstream failed in a way that speaks against sending it the next call. */
  failed(key: string, now: Millis): void {
    const score = Math.min(scoreMax, this.#scoreOf(key, now) + 1)
    this.#put(key, { ...this.#get(key, now), score, scoredAt: now })
  }

  /** A good answer began, after so long where that tells the host's speed. */
  answered(key: string, firstByteMs: number | undefined, now: Millis): void {
    const score = this.#scoreOf(key, now) / 2
    const seen = { ...this.#get(key, now), score, scoredAt: now }
    if (firstByteMs === undefined) return this.#put(key, seen)
    const before = this.firstByteMs(key, now)
    const mean = before === undefined ? firstByteMs : before + (firstByteMs - before) * newestShare
    this.#put(key, { ...seen, firstByteMs: mean, measuredAt: now })
  }

  /** Nothing is sent there until then if it can be helped; the later of two pauses stands. */
  pause(key: string, ms: number, now: Millis): void {
    if (ms <= 0) return
    const seen = this.#get(key, now)
    const until = addMillis(now, ms)
    if (until > seen.pausedUntil) this.#put(key, { ...seen, pausedUntil: until })
  }

  isFailing(key: string, now: Millis): boolean {
    return this.#scoreOf(key, now) >= failingScore
  }

  isPaused(key: string, now: Millis): boolean {
    return now < (this.#seen.get(key)?.pausedUntil ?? now)
  }

  /** Undefined where nothing recent is known. */
  firstByteMs(key: string, now: Millis): number | undefined {
    const seen = this.#seen.get(key)
    return seen === undefined || now - seen.measuredAt > speedMs ? undefined : seen.firstByteMs
  }

  #scoreOf(key: string, now: Millis): number {
    const seen = this.#seen.get(key)
    if (seen === undefined) return 0
    return seen.score * 2 ** (-Math.max(0, now - seen.scoredAt) / halfLifeMs)
  }

  #get(key: string, now: Millis): Seen {
    return this.#seen.get(key) ?? { score: 0, scoredAt: now, measuredAt: now, pausedUntil: now }
  }

  #put(key: string, seen: Seen): void {
    this.#seen.delete(key)
    this.#seen.set(key, seen)
    const oldest = this.#seen.keys().next()
    if (this.#seen.size > keysMax && !oldest.done) this.#seen.delete(oldest.value)
  }
}
