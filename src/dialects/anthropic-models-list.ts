// `/v1/models` and `/v1/models/{id}` for clients that send `anthropic-version`: Anthropic's list, with our own facts beside.

import { type ListedModel, modelEntry } from './models-list.ts'

/** All on one page: clients ask for the next one only where there is more. */
export function messagesModelsList(
  models: readonly ListedModel[],
  status: 'available' | 'all' = 'available',
) {
  const data = models
    // Its clients choose a model to talk to from it.
    .filter((model) => status === 'all' || (model.status === 'available' && model.kind === 'chat'))
    .map(messagesModelEntry)
  return { data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

export function messagesModelEntry(model: ListedModel) {
  const { object: _, created, ...facts } = modelEntry(model)
  return {
    ...facts,
    type: 'model' as const,
    display_name: model.name,
    created_at: new Date(created * 1_000).toISOString(),
    max_input_tokens: facts.context_length,
    max_tokens: facts.max_output,
    lifecycle: 'active' as const,
    // What Anthropic states of its own models alone.
    capabilities: null,
    line: null,
    deprecated_at: null,
    retires_at: null,
  }
}
