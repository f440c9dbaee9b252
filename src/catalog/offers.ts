// Models that several hosts serve: which rows of the catalog are the same model. A call of the maker's id may be answered by any
// of them; a host's own id stays what it was, a call of that host alone.

import { assert } from '#core/assert.ts'
import type { Model } from './model.ts'

/** By the maker's id, the hosts' rows with the same weights. Dated snapshots of which that is not published are not here. */
export const sharedModels: { readonly [id: string]: readonly string[] } = {
  'kimi-k3': ['together/kimi-k3'],
  'kimi-k2.7-code': ['fireworks/kimi-k2.7-code'],
  'glm-5.3': ['together/glm-5.3', 'fireworks/glm-5.3'],
  'deepseek-flash': ['together/deepseek-v4.1-flash'],
}

/** The same models, those of the table with their offers. */
export function withOffers(
  models: readonly Model[],
  shared: { readonly [id: string]: readonly string[] },
): readonly Model[] {
  const byId = new Map(models.map((model) => [model.id, model]))
  const rowOf = (id: string) => {
    const row = byId.get(id)
    assert(row !== undefined, `an offer is a row of the catalog, and "${id}" is none`)
    return row
  }
  const offersOf = (model: Model, hosts: readonly string[]) => [
    { ...model, offerId: `${model.provider}/${model.id}` },
    // The id is what the client asked for: its answers are renamed, its keys' limits and its books know no other.
    ...hosts.map((id) => ({ ...rowOf(id), id: model.id, name: model.name, offerId: id })),
  ]
  for (const id of Object.keys(shared)) rowOf(id)
  return models.map((model) => {
    const hosts = shared[model.id]
    return hosts === undefined ? model : { ...model, offers: offersOf(model, hosts) }
  })
}
