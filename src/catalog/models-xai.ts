// xAI's models: published list prices and limits, each with its source and the day it stood there.

import type { Model } from './model.ts'
import { grokParameters } from './chat-parameters.ts'
import { type ModelRow, modelsOf, seesPictures } from './model-rows.ts'

/** The second card holds for a whole request with more than 200,000 tokens of input. */
const grok4: Pick<ModelRow, 'rates' | 'above' | 'contextLength' | 'outputTokensMax'> = {
  rates: { input: '2', cacheRead: '0.5', output: '6' },
  above: { inputTokens: 200_000, rates: { input: '4', cacheRead: '1', output: '12' } },
  contextLength: 500_000,
  outputTokensMax: 500_000,
}

export const xaiModels: readonly Model[] = modelsOf(
  {
    ...seesPictures,
    provider: 'xai',
    region: 'us',
    supportedParameters: grokParameters,
    // Reasoning is billed as output and not shown.
    visibleOutput: false,
    inputOverhead: { baseTokens: 200, perMessageTokens: 8, perToolTokens: 60, imageTokensMax: 2_000 },
  },
  [
    {
      ...grok4,
      id: 'grok-4.7',
      name: 'Grok 4.7',
      tokensPerSecond: 70,
      source: 'xAI documentation, Pricing and model page grok-4.7',
      asOf: '2026-09-21',
    },
    {
      ...grok4,
      id: 'grok-4.6',
      name: 'Grok 4.6',
      tokensPerSecond: 70,
      source: 'xAI documentation, Pricing and model page grok-4.6',
      asOf: '2026-09-07',
    },
    {
      ...grok4,
      id: 'grok-4.5',
      name: 'Grok 4.5',
      tokensPerSecond: 80,
      source: 'xAI documentation, Models',
      asOf: '2026-07-08',
    },
    {
      id: 'grok-4.3',
      name: 'Grok 4.3',
      rates: { input: '1.25', cacheRead: '0.2', output: '2.5' },
      above: { inputTokens: 200_000, rates: { input: '2.5', cacheRead: '0.4', output: '5' } },
      contextLength: 1_000_000,
      outputTokensMax: 30_000,
      tokensPerSecond: 100,
      source: 'xAI documentation, Models',
      asOf: '2026-05-12',
    },
  ],
)
