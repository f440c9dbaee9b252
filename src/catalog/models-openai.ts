// OpenAI's models: published list prices and limits, each with its source and the day it was read.

import type { InputOverhead, Model } from './model.ts'
import { chatParameters, reasoningParameters } from './chat-parameters.ts'
import { providerTable } from './provider-table.ts'
import { type Rates, pricesOf } from './rates.ts'
import { type ServiceTier, tiersOf } from './service-tiers.ts'

/** OpenAI prices a whole call by its second card when its input passes 272,000 tokens. */
function above272k(rates: Rates): Pick<Model, 'longContext'> {
  return { longContext: { inputTokensAbove: 272_000, prices: pricesOf(rates) } }
}

// 10,000 patches at `detail: "original"`, times the dearest published multiplier of a small model (2.46).
const openAiOverhead: InputOverhead = {
  baseTokens: 8,
  perMessageTokens: 4,
  perToolTokens: 12,
  imageTokensMax: 25_000,
}

const openAi = {
  company: 'OpenAI',
  provider: 'openai',
  region: 'us',
  kind: 'chat',
  dialects: providerTable.openai.dialects,
  reasoning: 'effort',
  supportedParameters: reasoningParameters,
  modalities: { input: ['text', 'image'], output: ['text'] },
  // Reasoning is billed and hidden, and nothing says that billing ends with the connection.
  cancellationPolicy: 'finish',
  stopsOnAbort: false,
  visibleOutput: false,
  priceBasis: 'usage',
  canCache: true,
  inputOverhead: openAiOverhead,
  // o200k is their own tokenizer.
  tokenizerFactor: 1,
  status: 'available',
  outputParameter: 'max_completion_tokens',
  acceptsStreamOptions: true,
} satisfies Partial<Model>

/** As OpenAI's model pages and its page on Fast mode state them, read 2026-11-21: flex half, fast twice, ultrafast six times. */
const soldTiers: { readonly [id: string]: readonly ServiceTier[] } = {
  'gpt-6-astra': ['flex', 'priority'],
  'gpt-6.1-sol': ['flex', 'priority', 'ultrafast'],
  'gpt-6-sol': ['flex', 'priority'],
  'gpt-6-luna': ['flex', 'priority'],
  'gpt-5.6-terra': ['priority'],
  'gpt-5.6-luna': ['priority'],
  'gpt-5.2': ['priority'],
  'gpt-5.4-mini': ['priority'],
}

const plainModels: readonly Model[] = [
  {
    ...openAi,
    id: 'gpt-6-astra',
    upstreamId: 'gpt-6-astra',
    name: 'GPT-6 Astra',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 40,
    prices: pricesOf({ input: '10', cacheRead: '1', cacheWrite: '12.5', output: '50' }),
    ...above272k({ input: '20', cacheRead: '2', cacheWrite: '25', output: '75' }),
    priceVersion: 'openai-2026-09-03',
    source: 'OpenAI API documentation, model page gpt-6-astra',
    asOf: '2026-09-07',
  },
  {
    ...openAi,
    id: 'gpt-6.1-sol',
    upstreamId: 'gpt-6.1-sol',
    name: 'GPT-6.1 Sol',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 60,
    prices: pricesOf({ input: '2', cacheRead: '0.1', cacheWrite: '2.5', output: '10' }),
    ...above272k({ input: '4', cacheRead: '0.2', cacheWrite: '5', output: '15' }),
    priceVersion: 'openai-2026-09-29',
    source: 'OpenAI API documentation, pricing and model page gpt-6.1-sol',
    asOf: '2026-10-13',
  },
  {
    ...openAi,
    id: 'gpt-6-sol',
    upstreamId: 'gpt-6-sol',
    name: 'GPT-6 Sol',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 60,
    prices: pricesOf({ input: '2', cacheRead: '0.2', cacheWrite: '2.5', output: '10' }),
    ...above272k({ input: '4', cacheRead: '0.4', cacheWrite: '5', output: '15' }),
    priceVersion: 'openai-2026-09-22',
    source: 'OpenAI API documentation, pricing and model page gpt-6-sol',
    asOf: '2026-09-23',
  },
  {
    ...openAi,
    id: 'gpt-6-luna',
    upstreamId: 'gpt-6-luna',
    name: 'GPT-6 Luna',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 150,
    prices: pricesOf({ input: '0.1', cacheRead: '0.01', cacheWrite: '0.125', output: '0.5' }),
    ...above272k({ input: '0.2', cacheRead: '0.02', cacheWrite: '0.25', output: '0.75' }),
    priceVersion: 'openai-2026-09-22',
    source: 'OpenAI API documentation, pricing and model page gpt-6-luna',
    asOf: '2026-09-23',
  },
  {
    ...openAi,
    id: 'gpt-5.6-terra',
    upstreamId: 'gpt-5.6-terra',
    name: 'GPT-5.6 Terra',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 90,
    prices: pricesOf({ input: '2', cacheRead: '0.2', cacheWrite: '2.5', output: '12' }),
    ...above272k({ input: '4', cacheRead: '0.4', cacheWrite: '5', output: '18' }),
    priceVersion: 'openai-2026-07-30',
    source: 'OpenAI API documentation, model page gpt-5.6-terra',
    asOf: '2026-08-01',
  },
  {
    ...openAi,
    id: 'gpt-5.6-luna',
    upstreamId: 'gpt-5.6-luna',
    name: 'GPT-5.6 Luna',
    contextLength: 1_050_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 150,
    prices: pricesOf({ input: '0.2', cacheRead: '0.02', cacheWrite: '0.25', output: '1.2' }),
    ...above272k({ input: '0.4', cacheRead: '0.04', cacheWrite: '0.5', output: '1.8' }),
    priceVersion: 'openai-2026-07-30',
    source: 'OpenAI API documentation, model page gpt-5.6-luna',
    asOf: '2026-08-01',
  },
  {
    ...openAi,
    id: 'gpt-5.3-codex',
    upstreamId: 'gpt-5.3-codex',
    name: 'GPT-5.3 Codex',
    // Its chat completions end with 404.
    dialects: ['responses'],
    contextLength: 400_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 60,
    prices: pricesOf({ input: '1.75', cacheRead: '0.175', output: '14' }),
    priceVersion: 'openai-2026-06-01',
    source: 'OpenAI API pricing, as repeated by three public price lists; context and output from a fourth',
    asOf: '2026-06-01',
  },
  {
    ...openAi,
    id: 'gpt-5.2',
    upstreamId: 'gpt-5.2',
    name: 'GPT-5.2',
    contextLength: 400_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 60,
    prices: pricesOf({ input: '1.75', cacheRead: '0.175', output: '14' }),
    priceVersion: 'openai-2025-12-11',
    source: 'OpenAI API documentation, pricing and model page gpt-5.2',
    asOf: '2026-09-05',
  },
  {
    ...openAi,
    id: 'gpt-5.4-mini',
    upstreamId: 'gpt-5.4-mini',
    name: 'GPT-5.4 mini',
    contextLength: 400_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 150,
    prices: pricesOf({ input: '0.75', cacheRead: '0.075', output: '4.5' }),
    priceVersion: 'openai-2026-03-17',
    source: 'OpenAI API documentation, pricing and model page gpt-5.4-mini',
    asOf: '2026-09-05',
  },
  {
    ...openAi,
    id: 'gpt-5.4-nano',
    upstreamId: 'gpt-5.4-nano',
    name: 'GPT-5.4 nano',
    contextLength: 400_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 170,
    prices: pricesOf({ input: '0.2', cacheRead: '0.02', output: '1.25' }),
    priceVersion: 'openai-2026-03-17',
    source: 'OpenAI API documentation, pricing and model page gpt-5.4-nano',
    asOf: '2026-09-05',
  },
  {
    ...openAi,
    id: 'gpt-4.1-mini',
    upstreamId: 'gpt-4.1-mini',
    name: 'GPT-4.1 mini',
    contextLength: 1_047_576,
    outputTokensMax: 32_768,
    tokensPerSecond: 80,
    supportedParameters: chatParameters,
    reasoning: 'none',
    visibleOutput: true,
    prices: pricesOf({ input: '0.4', cacheRead: '0.1', output: '1.6' }),
    priceVersion: 'openai-2025-04-14',
    source: 'OpenAI API documentation, pricing; shut down by OpenAI on 2027-01-14',
    asOf: '2026-09-05',
  },
]

export const openAiModels: readonly Model[] = plainModels.map((model) => {
  const tiers = soldTiers[model.id]
  return tiers === undefined ? model : { ...model, variants: tiersOf(model, tiers) }
})
