// Which way a call goes upstream: what it may cost there, and the request as it will be written. One host with one credential
// is decided here; where there are more, routed-call.ts does it.

import type { Model } from '#catalog/model.ts'
import { quote } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { AskedCall } from '#dialects/dialect.ts'
import { neededSettingOf } from '#providers/provider.ts'
import { HeldRequest } from './held-request.ts'
import { cappedQuote, outputLimitOf } from './max-cost.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import { upstreamSideOf } from './upstream-side.ts'

export type Asking = {
  model: Model
  asked: AskedCall
  dialect: PreparedCall['dialect']
  request: Pick<Request, 'url' | 'headers'>
  accountId: AccountId
  maxCostNanoUsd: NanoUsd | undefined
  startedAt: Millis
}

export type Way = Pick<
  PreparedCall,
  'model' | 'provider' | 'quote' | 'upstream' | 'request' | 'route' | 'outputTokensLoweredTo'
>

export type Found = { ok: true; way: Way } | Refusal

export async function wayOf(asking: Asking, parts: GatewayParts): Promise<Found> {
  const { model, asked, dialect, request } = asking
  const provider = parts.provider(model.provider)
  if (model.offers !== undefined || provider?.credential !== undefined) {
    const [{ routedWay }, routing] = await Promise.all([import('./routed-call.ts'), parts.routing()])
    return routedWay(asking, { ...parts, routing })
  }
  if (provider === undefined) return refuseUnconfigured(model)
  const capped = cappedQuote({ model, call: asked }, quote(model, asked), asking.maxCostNanoUsd)
  if (!capped.ok) return capped
  const { outputTokens } = capped.quote
  const sent = upstreamSideOf(asked, { dialect, model, outputTokens, request })
  if (!sent.ok) return sent
  const way = {
    model,
    provider,
    quote: capped.quote,
    ...outputLimitOf(capped.quote),
    upstream: sent.upstream,
    request: new HeldRequest(asked, sent.write),
  }
  return { ok: true, way }
}

export function refuseUnconfigured({ company, provider }: Model): Refusal {
  return refuse('not_configured', {
    message: `This deployment has no credential for ${company}: the operator has to set ${neededSettingOf(provider)}.`,
  })
}
