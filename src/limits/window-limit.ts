// Limits that span accounts and isolates, counted by Upstash behind one question. Money never waits for it: a slow or
// broken Redis is answered by a local limit of this isolate within the time-out.

import type { Clock, Millis } from '#core/clock.ts'
import type { Log } from '#core/log.ts'

/** True while `key` may go on. */
export type WindowLimit = { allows(key: string): Promise<boolean> }

export type WindowLimitSettings = { name: string; requests: number; windowMs: number; timeoutMs: number }

/** DESIGN's figure for what stands beside a request: 100 ms, then the local limit decides. */
export const limitTimeoutMs = 100

const localKeysMax = 10_000

export type LimitsEnv = { UPSTASH_REDIS_REST_URL?: string; UPSTASH_REDIS_REST_TOKEN?: string }

/** Shared where Upstash is configured, per isolate where it is not. */
export function windowLimitOf(
  env: LimitsEnv,
  settings: WindowLimitSettings,
  parts: { clock: Clock; log: Log },
): WindowLimit {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = env
  if (url !== '' && token !== '') return whenAsked(() => sharedLimit({ url, token }, settings, parts))
  const local = new LocalWindow(settings, parts.clock)
  return { allows: async (key) => local.allows(key) }
}

/** Upstash's client is a sixth of the Worker's code, and most requests ask no limit that spans isolates. */
async function sharedLimit(
  credentials: { url: string; token: string },
  settings: WindowLimitSettings,
  parts: { clock: Clock; log: Log },
): Promise<WindowLimit> {
  const { upstashWindowLimit } = await import('./upstash-window.ts')
  return upstashWindowLimit(credentials, settings, parts)
}

function whenAsked(make: () => Promise<WindowLimit>): WindowLimit {
  let made: Promise<WindowLimit> | undefined
  return { allows: async (key) => (await (made ??= make())).allows(key) }
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
