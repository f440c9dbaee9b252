// The models that this deployment sells. A card that could serve for nothing or for a fortune stops the start, not a request.

import { type Refusal, refuse } from '#core/errors.ts'
import { faultsOf } from './model-faults.ts'
import type { Model } from './model.ts'
import { cardOf, serviceTierOf } from './service-tiers.ts'

export type Catalog = {
  /** The model with exactly this id, callable or not. */
  get(id: string): Model | undefined
  list(): readonly Model[]
}

/** Throws with every fault of every model, so that an operator mends a card in one go. */
export function loadCatalog(models: readonly Model[]): Catalog {
  const faults = models.flatMap((model) => faultsOf(model).map((fault) => `${model.id}: ${fault}`))
  const byId = new Map<string, Model>()
  const pinned = new Map<string, Model>()
  for (const model of models) {
    if (byId.has(model.id)) faults.push(`${model.id}: the id is used twice`)
    byId.set(model.id, model)
  }
  // The maker's own offer of a shared model has no row of its own; a client that wants no other host names it so.
  for (const offer of models.flatMap((model) => model.offers ?? []))
    if (offer.offerId !== undefined && !byId.has(offer.offerId))
      pinned.set(offer.offerId, { ...offer, id: offer.offerId })
  if (faults.length > 0) throw new Error(`The model catalog cannot be loaded.\n${faults.join('\n')}`)
  const all = Object.freeze([...byId.values()])
  return { get: (id) => byId.get(id) ?? pinned.get(id), list: () => all }
}

/** The model to call, or the refusal that says why it cannot be called. */
export function findModel(catalog: Catalog, id: string): { ok: true; model: Model } | Refusal {
  const model = catalog.get(id)
  if (model === undefined) {
    return refuse('model_not_found', {
      message: `There is no model "${shortened(id)}". GET /v1/models lists them.`,
      param: 'model',
    })
  }
  if (model.status === 'unavailable') return refuse('model_not_available', { param: 'model' })
  return { ok: true, model }
}

/** The refusal of a call with a part that this model has no price for, so that nothing unpriced goes upstream. */
export function refuseUnpriced(
  model: Model,
  call: { images: number; serviceTier?: string; dialect?: string },
): Refusal | undefined {
  const tier = serviceTierOf(call.serviceTier)
  if (tier !== undefined && cardOf(model, tier) === model)
    return refuse('invalid_request', {
      message: `The model "${model.id}" has no price for the service tier "${call.serviceTier ?? ''}". Leave it out, or take a model whose pricing at GET /v1/models has it.`,
      param: call.dialect === 'messages' ? 'speed' : 'service_tier',
    })
  if (call.images === 0 || model.modalities.input.includes('image')) return undefined
  return refuse('invalid_request', { message: `The model "${model.id}" takes no images.`, param: 'messages' })
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
