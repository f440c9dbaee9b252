// DeepSeek's models: published list prices and limits, with their source and the day they were read.

import type { Model } from './model.ts'
import { chatParameters } from './chat-parameters.ts'
import { providerTable } from './provider-table.ts'
import { pricesOf } from './rates.ts'

const deepSeek = {
  company: 'DeepSeek',
  provider: 'deepseek',
  region: 'cn',
  kind: 'chat',
  dialects: providerTable.deepseek.dialects,
  reasoning: 'effort',
  supportedParameters: [...chatParameters, 'reasoning_effort', 'thinking'],
  modalities: { input: ['text'], output: ['text'] },
  cancellationPolicy: 'finish',
  stopsOnAbort: false,
  // The chain of thought is streamed as `reasoning_content`.
  visibleOutput: true,
  // Published as 1M and 384K. Limits are read in the larger way: what is held must cover them.
  contextLength: 1_048_576,
  outputTokensMax: 393_216,
  priceBasis: 'usage',
  canCache: true,
  inputOverhead: { baseTokens: 8, perMessageTokens: 6, perToolTokens: 100, imageTokensMax: 0 },
  status: 'available',
  outputParameter: 'max_tokens',
  acceptsStreamOptions: true,
  // The list price. Outside 01:00-04:00 and 06:00-10:00 UTC on weekdays DeepSeek halves it; a card has no time of day,
  // and the dearer of two published prices never sells below cost.
  priceVersion: 'deepseek-2026-09-10-peak',
  source: 'DeepSeek API documentation, Models & Pricing, peak rates',
  asOf: '2026-10-27',
} satisfies Partial<Model>

export const deepSeekModels: readonly Model[] = [
  {
    ...deepSeek,
    id: 'deepseek-flash',
    upstreamId: 'deepseek-flash',
    name: 'DeepSeek V4.1 Flash',
    tokensPerSecond: 80,
    prices: pricesOf({ input: '0.3', cacheRead: '0.006', output: '1.2' }),
  },
  {
    ...deepSeek,
    id: 'deepseek-v4-pro',
    upstreamId: 'deepseek-v4-pro',
    name: 'DeepSeek V4 Pro',
    tokensPerSecond: 35,
    prices: pricesOf({ input: '1.32', cacheRead: '0.044', output: '3.96' }),
  },
]
