// A model with round figures for tests, here and in other folders' tests.

import type { Model } from './model.ts'
import { usdPerMillion } from './rates.ts'

export function aModel(changes: Partial<Model> = {}): Model {
  return {
    id: 'test-model',
    kind: 'chat',
    name: 'Test model',
    company: 'Test',
    provider: 'openai',
    upstreamId: 'test-model',
    region: 'us',
    dialects: ['chat'],
    contextLength: 100_000,
    outputTokensMax: 4_000,
    supportedParameters: ['max_tokens'],
    reasoning: 'none',
    modalities: { input: ['text', 'image'], output: ['text'] },
    cancellationPolicy: 'finish',
    stopsOnAbort: false,
    visibleOutput: true,
    tokensPerSecond: 50,
    priceVersion: 'test-1',
    priceBasis: 'usage',
    prices: {
      input: usdPerMillion('1'),
      cacheRead: usdPerMillion('0.1'),
      cacheWrite5m: usdPerMillion('1.25'),
      output: usdPerMillion('4'),
    },
    canCache: true,
    inputOverhead: { baseTokens: 3, perMessageTokens: 4, perToolTokens: 12, imageTokensMax: 2_000 },
    status: 'available',
    source: 'made for tests',
    asOf: '2026-01-01',
    outputParameter: 'max_tokens',
    acceptsStreamOptions: true,
    ...changes,
  }
}
