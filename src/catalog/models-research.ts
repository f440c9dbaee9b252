// Models that search and read before they answer, at one fee per call and nothing else: policy `accept`. Published list prices,
// each with its source and the day it stood there.

import type { Model } from './model.ts'
import { type ProviderId, providers } from './provider-table.ts'
import { usdEach } from './rates.ts'

type ResearchRow = Pick<Model, 'id' | 'upstreamId' | 'name' | 'tokensPerSecond' | 'source' | 'asOf'> & {
  provider: ProviderId
  /** Dollars for one call. */
  fee: string
}

const rows: readonly ResearchRow[] = [
  {
    provider: 'exa',
    id: 'exa-answer',
    upstreamId: 'exa',
    name: 'Exa Answer',
    tokensPerSecond: 150,
    // $5 for 1,000 requests. Texts of the pages that it found, and more of them, cost more: nobody can ask for these here.
    fee: '0.005',
    source: 'Exa documentation, Pricing, Answer; OpenAI SDK Compatibility',
    asOf: '2026-11-10',
  },
  {
    provider: 'reka',
    id: 'reka-flash-research',
    upstreamId: 'reka-flash-research',
    name: 'Reka Flash Research',
    // It searches for a minute and more before the first word.
    tokensPerSecond: 20,
    // $25 for 1,000 standard requests; parallel thinking costs more, and nobody can ask for it here.
    fee: '0.025',
    source: 'Reka documentation, API Pricing, Reka Research',
    asOf: '2026-11-10',
  },
]

/** Neither company states a limit: what we let through of one answer. */
const outputTokensMax = 32_768

export const researchModels: readonly Model[] = rows.map(({ fee, provider, ...facts }) => {
  const { company, dialects, outputParameter, acceptsStreamOptions } = providers[provider]
  return {
    ...facts,
    kind: 'chat',
    company,
    provider,
    region: 'us',
    dialects,
    contextLength: 0,
    outputTokensMax,
    supportedParameters: ['response_format'],
    reasoning: 'none',
    modalities: { input: ['text'], output: ['text'] },
    cancellationPolicy: 'accept',
    stopsOnAbort: false,
    // What it reads and thinks is part of the fee, and never on the wire.
    visibleOutput: false,
    priceVersion: `${provider}-${facts.asOf}`,
    priceBasis: 'usage',
    prices: { request: usdEach(fee) },
    canCache: false,
    inputOverhead: { baseTokens: 64, perMessageTokens: 8, perToolTokens: 80, imageTokensMax: 0 },
    status: 'available',
    outputParameter,
    acceptsStreamOptions,
  }
})
