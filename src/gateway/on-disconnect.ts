// X-On-Disconnect: what the client of this one call wants to happen when it leaves, over what its model does by itself.

import type { CancellationPolicy, Model } from '#catalog/model.ts'
import { providers } from '#catalog/provider-table.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { AskedCall } from '#dialects/dialect.ts'

export const onDisconnectHeader = 'x-on-disconnect'

export type ReadOnDisconnect = { ok: true; policy: CancellationPolicy; isFinishAsked: boolean } | Refusal

/** The policy that the call is run and charged by. `stop` is for upstreams that really stop, and show all that they bill. */
export function readOnDisconnect(
  headers: Headers,
  model: Pick<Model, 'id' | 'provider' | 'cancellationPolicy' | 'stopsOnAbort' | 'visibleOutput'>,
  { isBackground = false, isStored = false }: Pick<AskedCall, 'isBackground' | 'isStored'>,
): ReadOnDisconnect {
  const { cancellationPolicy: own } = model
  const wish = headers.get(onDisconnectHeader)?.trim().toLowerCase()
  // Whoever comes back for an answer wants the whole of it.
  const isKept = isBackground || isStored
  if (wish === undefined)
    return { ok: true, policy: isKept && own === 'stop' ? 'finish' : own, isFinishAsked: isKept }
  if (wish !== 'finish' && wish !== 'stop')
    return refused(`must be "finish" or "stop"; without it, ${model.id} does "${own}".`)
  if (own !== 'finish' && own !== 'stop')
    return refused(`has no choice for ${model.id}, whose policy is always "${own}". Leave it out.`)
  if (wish === 'stop' && isKept)
    return refused('cannot be "stop" for a request whose answer is to be kept, in the background or stored.')
  if (wish === 'stop' && !canStop(model))
    return refused(
      `cannot be "stop" for ${model.id}: its provider goes on, and bills, when the connection is closed. Leave it out, or choose a model whose cancellation_policy in GET /v1/models is "stop".`,
    )
  return { ok: true, policy: wish, isFinishAsked: wish === 'finish' }
}

function canStop(model: Pick<Model, 'provider' | 'stopsOnAbort' | 'visibleOutput'>): boolean {
  return (model.stopsOnAbort && model.visibleOutput) || providers[model.provider].isOwn
}

function refused(what: string): Refusal {
  return refuse('invalid_request', {
    message: `X-On-Disconnect ${what} Nothing was charged.`,
    param: 'X-On-Disconnect',
  })
}
