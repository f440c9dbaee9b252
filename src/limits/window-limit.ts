// Limits that span accounts and isolates, counted by Upstash behind one question. Money never waits for it: a slow or
// broken Redis is answered by a local limit of this isolate within the time-out.

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'

import type { Clock, Millis } from '#core/clock.ts'
import type { Log } from '#core/log.ts'

/** True while `key` may go on. */
export type WindowLimit = { allows(key: string): Promise<boolean> }

export type WindowLimitSettings = { name: string; requests: number; windowMs: number; timeoutMs: number }

/** DESIGN's figure for what stands beside a request: 100 ms, then the local limit decides. */
export const limitTimeoutMs = 100

const localKeysMax = 10_000

export type UpstashCredentials = { url: string; token: string }

export function upstashWindowLimit(
  credentials: UpstashCredentials,
  settings: WindowLimitSettings,
  parts: { clock: Clock; log: Log },
): WindowLimit {
  const shared = new Ratelimit({
    redis: new Redis({
      url: credentials.url,
      token: credentials.token,
      retry: false,
      enableTelemetry: false,
    }),
    limiter: Ratelimit.slidingWindow(settings.requests, `${settings.windowMs} ms`),
    prefix: `sluice:${settings.name}`,
    // Off: it blocks a key locally after one rejection, and its own time-out (5 s) then *allows*.
    ephemeralCache: false,
    timeout: 0,
  })
  const local = new LocalWindow(settings, parts.clock)
  return {
    async allows(key) {
      const answered = new AbortController()
      const timeout = parts.clock.sleep(settings.timeoutMs, answered.signal).then(() => undefined)
      // A failure is logged and answered by the local limit: Redis being down must neither open nor close the door.
      const question = shared.limit(key).then(
        (answer) => answer.success,
        (cause: unknown) => {
          parts.log.error('limit_unavailable', { limit: settings.name }, cause)
          return undefined
        },
      )
      const allowed = await Promise.race([question, timeout])
      answered.abort()
      return allowed ?? local.allows(key)
    },
  }
}

export type LimitsEnv = { UPSTASH_REDIS_REST_URL?: string; UPSTASH_REDIS_REST_TOKEN?: string }

/** Shared where Upstash is configured, per isolate where it is not. */
export function windowLimitOf(
  env: LimitsEnv,
  settings: WindowLimitSettings,
  parts: { clock: Clock; log: Log },
): WindowLimit {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = env
  if (url !== '' && token !== '') return upstashWindowLimit({ url, token }, settings, parts)
  const local = new LocalWindow(settings, parts.clock)
  return { allows: async (key) => local.allows(key) }
}

/** A fixed window in this isolate alone: the fallback, and the whole limit where Upstash is not configured. */
export class LocalWindow {
  readonly #settings: Pick<WindowLimitSettings, 'requests' | 'windowMs'>
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()
  #window: number

  constructor(settings: Pick<WindowLimitSettings, 'requests' | 'windowMs'>, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.#window = this.#windowAt(clock.now())
  }

  allows(key: string): boolean {
    const window = this.#windowAt(this.#clock.now())
    if (window !== this.#window || this.#counts.size >= localKeysMax) {
      this.#counts.clear()
      this.#window = window
    }
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count <= this.#settings.requests
  }

  #windowAt(now: Millis): number {
    return Math.floor(now / this.#settings.windowMs)
  }
}
