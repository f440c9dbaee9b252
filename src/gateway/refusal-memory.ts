// Final refusals that this isolate remembers, so that a flood of the same refused key never reaches the object.

import { type Millis, addMillis, minuteMs } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import type { AdmitRefused, RateFigures } from '#ledger/call-commands.ts'
import { refusalOf } from './admission.ts'

/** How long an unknown or revoked key stays refused without asking: the published delay of un-revoking a key. */
const keyRefusedMs = minuteMs
/** An account's rate refusal is remembered until its reset, at most this long. */
const rateRefusedMsMax = minuteMs
const refusalsMax = 10_000

const finalCodes = new Set(['invalid_api_key', 'key_disabled', 'no_such_account'])

export class RefusalMemory {
  readonly #refusals = new Map<string, { until: Millis; answer: AdmitRefused; refusal: Refusal }>()

  /** The remembered refusal of this key; one that resets is said anew, with the seconds that are left. */
  recall(key: string, now: Millis): Refusal | undefined {
    const known = this.#refusals.get(key)
    if (known === undefined) return undefined
    if (now >= known.until) {
      this.#refusals.delete(key)
      return undefined
    }
    if (known.refusal.retryAfterSeconds === undefined) return known.refusal
    return refusalOf({ ...known.answer, resetMs: known.until - now })
  }

  /** The limits as they stood at the remembered refusal, for its headers. */
  rateOf(key: string): RateFigures | undefined {
    return this.#refusals.get(key)?.answer.rate
  }

  remember(key: string, answer: AdmitRefused, refusal: Refusal, now: Millis): void {
    const forMs = rememberedMs(answer)
    if (forMs === 0) return
    this.#refusals.delete(key)
    this.#refusals.set(key, { until: addMillis(now, forMs), answer, refusal })
    const oldest = this.#refusals.keys().next()
    if (this.#refusals.size > refusalsMax && !oldest.done) this.#refusals.delete(oldest.value)
  }
}

function rememberedMs(answer: AdmitRefused): number {
  if (finalCodes.has(answer.code)) return keyRefusedMs
  // Only requests per minute: a smaller call may still pass the token limit, and a call that ends frees an in-flight place.
  if (answer.limitSource === 'rpm' || answer.limitSource === 'key_rpm')
    return Math.min(answer.resetMs ?? 0, rateRefusedMsMax)
  return 0
}
