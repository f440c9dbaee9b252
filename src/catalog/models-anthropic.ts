// Anthropic's models: published list prices and limits, each with its source and the day it stood there.

import type { Model } from './model.ts'
import { adaptiveClaudeParameters, claudeParameters } from './chat-parameters.ts'
import { type ModelRow, modelsOf, seesPictures } from './model-rows.ts'
import type { Rates } from './rates.ts'
import { tiersOf } from './service-tiers.ts'

const pricing = 'Anthropic documentation, Pricing'

/** Writes cost 1.25 × the input for five minutes and 2 × for an hour, as the price page states for each model. */
const opus = { input: '5', cacheRead: '0.5', cacheWrite: '6.25', cacheWrite1h: '10', output: '25' }
const sonnet4 = { input: '3', cacheRead: '0.3', cacheWrite: '3.75', cacheWrite1h: '6', output: '15' }
const fable = { input: '10', cacheRead: '1', cacheWrite: '12.5', cacheWrite1h: '20', output: '50' }
const sonnet5 = { input: '2', cacheRead: '0.2', cacheWrite: '2.5', cacheWrite1h: '4', output: '10' }

const million = { contextLength: 1_000_000, outputTokensMax: 128_000 }
const small = { contextLength: 200_000, outputTokensMax: 64_000 }
const adaptive = { reasoning: 'adaptive', supportedParameters: adaptiveClaudeParameters } as const
const budget = { reasoning: 'budget', supportedParameters: claudeParameters } as const
const lateSampling = { reasoning: 'adaptive', supportedParameters: claudeParameters } as const

const plainModels: readonly Model[] = modelsOf(
  {
    ...seesPictures,
    provider: 'anthropic',
    region: 'us',
    supportedParameters: adaptiveClaudeParameters,
    // Thinking is billed in full and shown as a summary or not at all.
    visibleOutput: false,
    // The instructions around tools are up to 804 tokens; a picture of full resolution is up to 4,784.
    inputOverhead: { baseTokens: 400, perMessageTokens: 6, perToolTokens: 400, imageTokensMax: 5_000 },
  },
  [
    row('claude-fable-5-1', 'Claude Fable 5.1', { ...fable, cacheRead: '0.25' }, { ...million, ...adaptive }),
    row('claude-fable-5', 'Claude Fable 5', fable, { ...million, ...adaptive }),
    row(
      'claude-opus-5-5',
      'Claude Opus 5.5',
      { input: '4', cacheRead: '0.2', cacheWrite: '5', cacheWrite1h: '8', output: '20' },
      { ...million, ...adaptive },
    ),
    row('claude-opus-5', 'Claude Opus 5', opus, { ...million, ...adaptive }),
    row('claude-opus-4-8', 'Claude Opus 4.8', opus, { ...million, ...adaptive }),
    row('claude-opus-4-7', 'Claude Opus 4.7', opus, { ...million, ...adaptive }),
    row('claude-opus-4-6', 'Claude Opus 4.6', opus, { ...million, ...lateSampling }),
    row('claude-opus-4-5', 'Claude Opus 4.5', opus, { ...small, ...budget }),
    row(
      'claude-sonnet-5-5',
      'Claude Sonnet 5.5',
      { ...sonnet5, cacheRead: '0.1' },
      { ...million, ...adaptive, tokensPerSecond: 80 },
    ),
    row('claude-sonnet-5', 'Claude Sonnet 5', sonnet5, { ...million, ...adaptive, tokensPerSecond: 80 }),
    row('claude-sonnet-4-6', 'Claude Sonnet 4.6', sonnet4, {
      contextLength: 1_000_000,
      outputTokensMax: 64_000,
      ...lateSampling,
      tokensPerSecond: 70,
    }),
    row('claude-sonnet-4-5', 'Claude Sonnet 4.5', sonnet4, { ...small, ...budget, tokensPerSecond: 70 }),
    row(
      'claude-haiku-5-5',
      'Claude Haiku 5.5',
      { input: '0.1', cacheRead: '0.01', cacheWrite: '0.125', cacheWrite1h: '0.2', output: '0.5' },
      {
        ...million,
        ...adaptive,
        tokensPerSecond: 160,
        above: {
          inputTokens: 100_000,
          rates: {
            input: '0.5',
            cacheRead: '0.05',
            cacheWrite: '0.625',
            cacheWrite1h: '1',
            output: '2.5',
          },
        },
      },
    ),
    row(
      'claude-haiku-4-5',
      'Claude Haiku 4.5',
      { input: '1', cacheRead: '0.1', cacheWrite: '1.25', cacheWrite1h: '2', output: '5' },
      { ...small, ...budget, tokensPerSecond: 130 },
    ),
  ],
)

/** `speed: "fast"` doubles every price of it, as two public price lists repeat it (read 2026-11-21); other models state no exact one. */
const fastModels: ReadonlySet<string> = new Set(['claude-opus-5'])

export const anthropicModels: readonly Model[] = plainModels.map((model) =>
  fastModels.has(model.id) ? { ...model, variants: tiersOf(model, ['priority']) } : model,
)

type RowFacts = Pick<ModelRow, 'contextLength' | 'outputTokensMax' | 'reasoning' | 'supportedParameters'> & {
  tokensPerSecond?: number
  above?: { inputTokens: number; rates: Rates }
}

function row(id: string, name: string, rates: Rates, facts: RowFacts): ModelRow {
  return { id, name, rates, source: pricing, asOf: '2026-10-10', tokensPerSecond: 50, ...facts }
}
