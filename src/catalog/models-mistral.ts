// Mistral's models: published list prices and limits, each with its source and the day it was read.

import type { Model } from './model.ts'
import { chatParameters } from './chat-parameters.ts'
import { providerTable } from './provider-table.ts'
import { pricesOf } from './rates.ts'

// Published as 128k, 256k and 1M. Limits are read in the larger way: what is held must cover them.
const mistral = {
  company: 'Mistral AI',
  provider: 'mistral',
  region: 'eu',
  kind: 'chat',
  dialects: providerTable.mistral.dialects,
  reasoning: 'none',
  supportedParameters: chatParameters,
  modalities: { input: ['text', 'image'], output: ['text'] },
  cancellationPolicy: 'finish',
  stopsOnAbort: false,
  visibleOutput: true,
  priceBasis: 'usage',
  inputOverhead: { baseTokens: 8, perMessageTokens: 6, perToolTokens: 40, imageTokensMax: 5_000 },
  status: 'available',
  outputParameter: 'max_tokens',
  acceptsStreamOptions: providerTable.mistral.acceptsStreamOptions,
} satisfies Partial<Model>

/** Plain open-weight models without reasoning: generation ends with the connection, and all of it is on the wire. */
const stopping = { cancellationPolicy: 'stop', stopsOnAbort: true } satisfies Partial<Model>

export const mistralModels: readonly Model[] = [
  {
    ...mistral,
    id: 'mistral-large-4',
    upstreamId: 'mistral-large-4',
    name: 'Mistral Large 4',
    contextLength: 1_048_576,
    outputTokensMax: 262_144,
    tokensPerSecond: 50,
    prices: pricesOf({ input: '1.36', cacheRead: '0.14', output: '4.18' }),
    canCache: true,
    priceVersion: 'mistral-2026-10-06',
    source: 'Mistral documentation, model page mistral-large-4-0, list price',
    asOf: '2026-10-06',
  },
  {
    ...mistral,
    id: 'mistral-medium-3-5',
    upstreamId: 'mistral-medium-2604',
    name: 'Mistral Medium 3.5',
    contextLength: 262_144,
    outputTokensMax: 262_144,
    tokensPerSecond: 60,
    prices: pricesOf({ input: '1.5', output: '7.5' }),
    canCache: false,
    priceVersion: 'mistral-2026-04-29',
    source: 'Mistral documentation, model page mistral-medium-3-5-26-04',
    asOf: '2026-08-27',
  },
  {
    ...mistral,
    id: 'codestral-2508',
    upstreamId: 'codestral-2508',
    name: 'Codestral 25.08',
    contextLength: 131_072,
    outputTokensMax: 131_072,
    modalities: { input: ['text'], output: ['text'] },
    tokensPerSecond: 150,
    prices: pricesOf({ input: '0.3', cacheRead: '0.03', output: '0.9' }),
    canCache: true,
    priceVersion: 'mistral-2026-08-27',
    source: 'Mistral documentation, inference pricing and model page codestral-25-08',
    asOf: '2026-08-27',
  },
  ministral({ size: '14b', rate: '0.2', cacheRead: '0.02', tokensPerSecond: 120 }),
  ministral({ size: '8b', rate: '0.15', cacheRead: '0.015', tokensPerSecond: 180 }),
  ministral({ size: '3b', rate: '0.1', cacheRead: '0.01', tokensPerSecond: 250 }),
]

function ministral(of: { size: string; rate: string; cacheRead: string; tokensPerSecond: number }): Model {
  return {
    ...mistral,
    ...stopping,
    id: `ministral-${of.size}-2512`,
    upstreamId: `ministral-${of.size}-2512`,
    name: `Ministral 3 ${of.size.toUpperCase()}`,
    contextLength: 262_144,
    outputTokensMax: 262_144,
    tokensPerSecond: of.tokensPerSecond,
    prices: pricesOf({ input: of.rate, cacheRead: of.cacheRead, output: of.rate }),
    canCache: true,
    priceVersion: 'mistral-2026-08-27',
    source: `Mistral documentation, inference pricing and model page ministral-3-${of.size}-25-12`,
    asOf: '2026-08-27',
  }
}
