// GET /v1/models and /v1/models/{id}: the catalog, open to everybody.

import type { Catalog } from '#catalog/catalog.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { modelEntry, modelsList } from '#dialects/models-list.ts'

/** `?status=all` also shows what cannot be called yet. */
export function listModels(catalog: Catalog, status: string | undefined): ReturnType<typeof modelsList> {
  return modelsList(catalog.list(), status === 'all' ? 'all' : 'available')
}

export function showModel(
  catalog: Catalog,
  id: string,
): { ok: true; model: ReturnType<typeof modelEntry> } | Refusal {
  const model = catalog.get(id)
  if (model === undefined)
    return refuse('model_not_found', {
      message: `There is no model "${id.slice(0, 100)}". GET /v1/models lists the models.`,
      param: 'model',
    })
  return { ok: true, model: modelEntry(model) }
}
