// Stripe's memory of idempotency keys: the same request again gets the stored answer, another one under the same key an error.

import { createHash } from 'node:crypto'
import { StripeRefusal } from './stripe-error.ts'

export type StoredAnswer = { status: number; body: string }

/** Stripe forgets a key no sooner; this one no later. */
const keptMs = 24 * 3_600_000
const keyLengthMax = 255

export class StripeKeys {
  private readonly stored = new Map<string, StoredAnswer & { fingerprint: string; atMs: number }>()

  /** The answer to the same request before; throws where the key was used for another. */
  find(key: string, request: { fingerprint: string; nowMs: number }): StoredAnswer | undefined {
    if (key.length > keyLengthMax)
      throw new StripeRefusal(400, {
        type: 'invalid_request_error',
        message: `Idempotency keys must be at most ${keyLengthMax} characters long.`,
      })
    const found = this.stored.get(key)
    if (found === undefined) return undefined
    if (request.nowMs - found.atMs >= keptMs) {
      this.stored.delete(key)
      return undefined
    }
    if (found.fingerprint === request.fingerprint) return found
    throw new StripeRefusal(400, {
      type: 'idempotency_error',
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    })
  }

  /** Failures of validation are not kept: nothing had begun. */
  keep(key: string, answer: StoredAnswer, request: { fingerprint: string; nowMs: number }): void {
    const { status } = answer
    const hasBegun = status < 300 || status === 402 || status === 500
    if (hasBegun) this.stored.set(key, { ...answer, fingerprint: request.fingerprint, atMs: request.nowMs })
  }
}

export function fingerprintOf(method: string, path: string, body: string): string {
  return createHash('sha256').update(`${method} ${path}\n${body}`).digest('hex')
}
