// A host over one object's storage, with its durations and bounds.

import { durationsDividedBy } from '#core/clock.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { RelayHost } from './relay-host.ts'
import { relayLimits, relayTimings } from './relay-timings.ts'

export function openHost(
  ctx: Pick<DurableObjectState, 'storage' | 'waitUntil'>,
  { gateway, scale }: { gateway: GatewayParts; scale: number },
): RelayHost {
  return new RelayHost({
    gateway,
    storage: ctx.storage,
    waitUntil: (work) => ctx.waitUntil(work),
    timings: durationsDividedBy(relayTimings, scale),
    limits: relayLimits,
  })
}
