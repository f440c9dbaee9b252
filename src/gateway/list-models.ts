// GET /v1/models and /v1/models/{id}: the catalog, open to everybody, in the shape of the client's dialect.

import type { Catalog } from '#catalog/catalog.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { messagesModelEntry, messagesModelsList } from '#dialects/anthropic-models-list.ts'
import type { Dialect } from '#dialects/dialect.ts'
import { modelEntry, modelsList } from '#dialects/models-list.ts'

/** `?status=all` also shows what cannot be called yet. */
export function listModels(
  catalog: Catalog,
  { id }: Pick<Dialect, 'id'>,
  status: string | undefined,
): object {
  const shown = status === 'all' ? 'all' : 'available'
  return id === 'messages' ? messagesModelsList(catalog.list(), shown) : modelsList(catalog.list(), shown)
}

export function showModel(
  catalog: Catalog,
  shape: Pick<Dialect, 'id'>,
  id: string,
): { ok: true; model: object } | Refusal {
  const model = catalog.get(id)
  if (model === undefined)
    return refuse('model_not_found', {
      message: `There is no model "${id.slice(0, 100)}". GET /v1/models lists the models.`,
      param: 'model',
    })
  return { ok: true, model: shape.id === 'messages' ? messagesModelEntry(model) : modelEntry(model) }
}
