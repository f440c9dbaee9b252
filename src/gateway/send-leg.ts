// One try of a call on its way upstream: under the operator's cap, as its provider wants it.

import { type Dispatched, dispatch } from '#providers/dispatch.ts'
import { upstreamText } from './admit-command.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'

export async function sendLeg(
  call: PreparedCall,
  hangUp: AbortController,
  parts: GatewayParts,
): Promise<Dispatched> {
  const { provider, upstream, route } = call
  // Without a cap nothing is waited for: the request leaves before anything else that this turn begins.
  const capped = parts.providerCap === undefined ? undefined : await parts.providerCap(provider)
  route?.sent(parts.clock.now())
  if (capped !== undefined)
    return { ok: false, refusal: capped, cause: 'provider_cap', failure: { kind: 'provider_cap' } }
  const { path, headers } = upstream
  const hasOthers = route !== undefined
  return dispatch(
    { provider, path, headers, body: upstreamText(call), hangUp, hasOthers },
    { fetch: parts.fetch, clock: parts.clock, timings: parts.upstreamTimings },
  )
}
