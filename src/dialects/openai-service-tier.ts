// The service tier in OpenAI's dialects: what a request may ask for. Whether a model has a price for it is the catalog's to say.

import { type JsonObject, readString } from '#core/readers.ts'

export const servedTiers: ReadonlySet<unknown> = new Set([
  'auto',
  'default',
  'flex',
  'priority',
  'fast',
  'ultrafast',
])

/** As a field of what is asked; none where the client says nothing. */
export function askedTier(body: JsonObject): { serviceTier?: string } {
  const serviceTier = readString(body['service_tier'])
  return serviceTier === undefined ? {} : { serviceTier }
}
