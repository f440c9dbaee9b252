// Google's models, at its OpenAI-compatible address: published list prices and limits, each with its source and day.

import type { Model } from './model.ts'
import { compatibleReasoningParameters } from './chat-parameters.ts'
import { modelsOf, seesPictures } from './model-rows.ts'

const pricing = 'Gemini API documentation, Pricing, standard paid tier'

/** Speech has a price of its own only where the page states one. */
const hears = { modalities: { input: ['text', 'image', 'audio'], output: ['text'] } } satisfies Partial<Model>

/** Through 2026-12-31; from then on the page states 1.50, 0.15 and 7.50. */
const introductory = { input: '0.75', cacheRead: '0.075', audioInput: '0.75', output: '3.75' }

const limits = { contextLength: 1_048_576, outputTokensMax: 65_536 }

export const googleModels: readonly Model[] = modelsOf(
  {
    ...hears,
    provider: 'google',
    region: 'us',
    supportedParameters: compatibleReasoningParameters,
    // Thoughts are billed as output and not shown.
    visibleOutput: false,
    inputOverhead: { baseTokens: 16, perMessageTokens: 8, perToolTokens: 60, imageTokensMax: 5_000 },
  },
  [
    {
      ...limits,
      id: 'gemini-3.8-flash',
      name: 'Gemini 3.8 Flash',
      rates: introductory,
      tokensPerSecond: 180,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      id: 'gemini-3.7-flash',
      name: 'Gemini 3.7 Flash',
      rates: introductory,
      tokensPerSecond: 170,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      id: 'gemini-3.5-flash',
      name: 'Gemini 3.5 Flash',
      rates: { input: '1.5', cacheRead: '0.15', audioInput: '1.5', output: '9' },
      tokensPerSecond: 160,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      ...seesPictures,
      id: 'gemini-3.1-pro-preview',
      name: 'Gemini 3.1 Pro Preview',
      rates: { input: '2', cacheRead: '0.2', output: '12' },
      above: { inputTokens: 200_000, rates: { input: '4', cacheRead: '0.4', output: '18' } },
      tokensPerSecond: 90,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      id: 'gemini-3.1-flash-lite',
      name: 'Gemini 3.1 Flash-Lite',
      rates: { input: '0.25', cacheRead: '0.025', audioInput: '0.5', output: '1.5' },
      tokensPerSecond: 220,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      id: 'gemini-3.5-flash-lite',
      name: 'Gemini 3.5 Flash-Lite',
      rates: { input: '0.3', cacheRead: '0.03', audioInput: '0.3', output: '2.5' },
      tokensPerSecond: 220,
      source: pricing,
      asOf: '2026-10-07',
    },
    {
      ...limits,
      id: 'gemini-3-flash-preview',
      name: 'Gemini 3 Flash Preview',
      rates: { input: '0.5', cacheRead: '0.05', audioInput: '1', output: '3' },
      tokensPerSecond: 160,
      source: 'models.dev, providers/google/models/gemini-3-flash-preview.toml',
      asOf: '2025-12-17',
    },
  ],
)
