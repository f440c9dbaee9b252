// Models that turn text into vectors, and those that judge it: published list prices and limits, each with its source and the
// day it stood there.

import type { Model } from './model.ts'
import { type ProviderId, providers } from './provider-table.ts'
import { usdPerMillion } from './rates.ts'

type Row = Pick<Model, 'id' | 'name' | 'contextLength' | 'source' | 'asOf'> &
  Partial<Model> & { rate: string }

// Its tokenizers add nothing to a text.
const openAi: readonly Row[] = [
  {
    id: 'text-embedding-3-small',
    name: 'text-embedding-3-small',
    contextLength: 8_192,
    rate: '0.02',
    source: 'OpenAI API documentation, Pricing and model page text-embedding-3-small',
    asOf: '2026-09-01',
  },
  {
    id: 'text-embedding-3-large',
    name: 'text-embedding-3-large',
    contextLength: 8_192,
    rate: '0.13',
    source: 'OpenAI API documentation, Pricing and model page text-embedding-3-large',
    asOf: '2026-09-01',
  },
  {
    id: 'omni-moderation-latest',
    name: 'Omni Moderation',
    kind: 'moderation',
    modalities: { input: ['text', 'image'], output: ['text'] },
    // OpenAI states none; a longer text is its own refusal.
    contextLength: 1_000_000,
    rate: '0',
    free: true,
    source: 'OpenAI API documentation, Moderation',
    asOf: '2026-08-01',
  },
]

/** Other tokenizers put a mark before and after each text. */
const marked = {
  inputOverhead: { baseTokens: 0, perMessageTokens: 2, perToolTokens: 0, imageTokensMax: 0 },
} satisfies Partial<Model>

const google: readonly Row[] = [
  {
    ...marked,
    id: 'gemini-embedding-2',
    name: 'Gemini Embedding 2',
    contextLength: 8_192,
    rate: '0.2',
    source: 'Gemini API documentation, Pricing, standard paid tier',
    asOf: '2026-10-07',
  },
]

const mistral: readonly Row[] = [
  {
    ...marked,
    id: 'mistral-embed',
    name: 'Mistral Embed',
    region: 'eu',
    contextLength: 8_192,
    rate: '0.1',
    source: 'models.dev, providers/mistral/models/mistral-embed.toml, repeated by two public price lists',
    asOf: '2026-11-21',
  },
]

const cohere: readonly Row[] = [
  {
    ...marked,
    id: 'embed-v4.0',
    name: 'Embed 4',
    contextLength: 128_000,
    rate: '0.12',
    source: 'Cohere, Pricing',
    asOf: '2025-12-10',
  },
]

export const embeddingModels: readonly Model[] = [
  ...openAi.map((row) => modelOf('openai', row)),
  ...google.map((row) => modelOf('google', row)),
  ...mistral.map((row) => modelOf('mistral', row)),
  ...cohere.map((row) => modelOf('cohere', row)),
]

function modelOf(provider: ProviderId, { rate, ...facts }: Row): Model {
  const { company, outputParameter, acceptsStreamOptions } = providers[provider]
  return {
    kind: 'embedding',
    provider,
    company,
    outputParameter,
    acceptsStreamOptions,
    upstreamId: facts.id,
    region: 'us',
    dialects: [],
    outputTokensMax: 0,
    supportedParameters: [],
    reasoning: 'none',
    modalities: { input: ['text'], output: [] },
    // Short work: it is done and billed by the time a client could leave.
    cancellationPolicy: 'finish',
    stopsOnAbort: false,
    visibleOutput: true,
    tokensPerSecond: 0,
    priceVersion: `${provider}-${facts.asOf}`,
    priceBasis: 'usage',
    prices: { input: usdPerMillion(rate) },
    canCache: false,
    inputOverhead: { baseTokens: 0, perMessageTokens: 0, perToolTokens: 0, imageTokensMax: 0 },
    status: 'available',
    ...facts,
  }
}
