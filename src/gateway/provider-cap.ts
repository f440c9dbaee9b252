// The operator's own limit per provider credential, over all accounts and isolates: what a provider's contract allows must
// not be used up by surprise. Asked only where the operator has set one, in parallel with the admission in good standing.

import type { ProviderId } from '#catalog/provider-table.ts'
import { type Clock, minuteMs } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { Log } from '#core/log.ts'
import { type LimitsEnv, type WindowLimit, limitTimeoutMs, windowLimitOf } from '#limits/window-limit.ts'
import { type Provider, type ProviderEnv, providerSettings } from '#providers/provider.ts'

/** Undefined where the call may go out; otherwise what its client is told. Answers within 100 ms. */
export type ProviderCap = (provider: Pick<Provider, 'id' | 'credential'>) => Promise<Refusal | undefined>

/** Sliding minutes in a shared Redis; a Redis that is away is answered by the same limit in this isolate alone. */
export function providerCap(
  env: LimitsEnv & ProviderEnv,
  parts: { clock: Clock; log: Log },
): ProviderCap | undefined {
  const limits = new Map<ProviderId, { requests: number; window: WindowLimit }>()
  for (const provider of Object.keys(providerSettings) as ProviderId[]) {
    const requests = Math.floor(Number(env[providerSettings[provider].requestsPerMinute] ?? ''))
    if (!(requests > 0)) continue
    const settings = { name: 'provider', requests, windowMs: minuteMs, timeoutMs: limitTimeoutMs }
    limits.set(provider, { requests, window: windowLimitOf(env, settings, parts) })
  }
  if (limits.size === 0) return undefined
  return async ({ id, credential = 1 }) => {
    const limit = limits.get(id)
    // The first one has the provider's own name: a second credential does not start its count anew.
    const name = credential === 1 ? id : `${id}#${credential}`
    if (limit === undefined || (await limit.window.allows(name))) return undefined
    return refuse('upstream_overloaded', {
      message: `This deployment sends at most ${limit.requests} requests per minute to this model's provider, and they are used up. Nothing was sent or charged. Try again in a few seconds.`,
      metadata: { reason: 'provider_cap', limit: limit.requests },
      retryAfterSeconds: 5,
    })
  }
}
