// Which formats reach which models: what a provider speaks for a model goes to it as it came, a chat model is reached in any
// format of text, and a model for other work at its own address alone.

import type { DialectId } from '#calls/neutral-call.ts'
import type { Model, ModelKind } from '#catalog/model.ts'
import { providers } from '#catalog/provider-table.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { ClientFormat, FormatId } from '#dialects/dialect.ts'

/** The formats that few calls speak: read from the script when somebody does. */
export const formatsOnDemand: readonly (readonly [`/v1/${string}`, () => Promise<ClientFormat>])[] = [
  ['/v1/completions', async () => (await import('#dialects/openai-completions.ts')).completionsFormat],
  ['/v1/embeddings', async () => (await import('#dialects/openai-embeddings.ts')).embeddingsFormat],
  ['/v1/moderations', async () => (await import('#dialects/openai-moderations.ts')).moderationsFormat],
]

const kindOf = (id: FormatId): ModelKind =>
  id === 'embeddings' ? 'embedding' : id === 'moderations' ? 'moderation' : 'chat'

const routeOf: { readonly [kind in ModelKind]?: string } = {
  chat: '/v1/chat/completions',
  embedding: '/v1/embeddings',
  moderation: '/v1/moderations',
}

/** The refusal of a model that is for other work than this address does. */
export function refuseOtherWork(
  { id, kind }: Model,
  { id: format, route }: ClientFormat,
): Refusal | undefined {
  const wanted = kindOf(format)
  if (kind === wanted) return undefined
  const message = `The model "${id}" is for ${kind} and cannot be called at ${route}: POST ${routeOf[kind] ?? ''} takes it. GET /v1/models lists the models of kind "${wanted}".`
  return refuse('invalid_request', { message, param: 'model' })
}

/** Whether the model's upstream takes a request of this format as it came. */
export function isSpokenBy(model: Model, id: FormatId): boolean {
  if (id === 'completions') return providers[model.provider].servesCompletions
  return (
    model.dialects.some((spoken) => spoken === id) || (model.kind !== 'chat' && kindOf(id) === model.kind)
  )
}

/** The dialect that a request is written in anew: the upstream's best, for plain text the plainest. */
export function closestDialect({ dialects }: Model, id: FormatId): DialectId {
  return id === 'completions' && dialects.includes('chat') ? 'chat' : (dialects[0] ?? 'chat')
}
