// A limit counted in Upstash's Redis, with the same limit of this isolate alone behind it.

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import { LocalWindow, type WindowLimit, type WindowLimitSettings } from './window-limit.ts'

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
