// The model list, held to OpenAI's type.

import type { Model as OpenAiModel } from 'openai/resources/models'
import { describe, expect, test } from 'vitest'
import { picoUsd } from '#core/money.ts'
import { type ListedModel, modelEntry, modelsList } from './models-list.ts'

const listed: ListedModel = {
  id: 'm-1',
  name: 'Model One',
  company: 'Acme',
  provider: 'acme',
  region: 'eu',
  contextLength: 100_000,
  outputTokensMax: 4_000,
  supportedParameters: ['max_tokens', 'tools'],
  modalities: { input: ['text'], output: ['text'] },
  status: 'available',
  cancellationPolicy: 'stop',
  priceVersion: 'acme-1',
  priceBasis: 'usage',
  prices: {
    input: picoUsd(37_500),
    cacheRead: picoUsd(3_750),
    output: picoUsd(1_200_000),
    request: picoUsd(5_000_000_000),
  },
  longContext: { inputTokensAbove: 272_000, prices: { input: picoUsd(75_000), output: picoUsd(1_800_000) } },
  asOf: '2026-11-05',
}

describe('the model list', () => {
  // Requirements: 26, 28
  test('shows of a model what OpenAI shows, and its price, limits, status, region and policy', () => {
    const entry = modelEntry(listed)
    const asOpenAi: OpenAiModel = entry
    expect(asOpenAi).toMatchObject({ id: 'm-1', object: 'model', created: 1_793_836_800, owned_by: 'Acme' })
    expect(entry).toMatchObject({
      name: 'Model One',
      provider: 'acme',
      region: 'eu',
      context_length: 100_000,
      max_output: 4_000,
      supported_parameters: ['max_tokens', 'tools'],
      status: 'available',
      modalities: { input: ['text'], output: ['text'] },
      price_version: 'acme-1',
      price_basis: 'usage',
      cancellation_policy: 'stop',
    })
  })

  // Requirements: 42
  test('states prices as exact decimal dollars per unit, long inputs as a tier', () => {
    expect(modelEntry(listed).pricing).toEqual({
      prompt: '0.0000000375',
      completion: '0.0000012',
      input_cache_read: '0.00000000375',
      request: '0.005',
      tiers: [{ prompt_tokens_above: 272_000, prompt: '0.000000075', completion: '0.0000018' }],
    })
  })

  test('hides what cannot be called, unless all are asked for', () => {
    const soon: ListedModel = { ...listed, id: 'm-2', status: 'unavailable' }
    expect(modelsList([listed, soon])).toMatchObject({ object: 'list', data: [{ id: 'm-1' }] })
    expect(modelsList([listed, soon], 'all').data.map((entry) => [entry.id, entry.status])).toEqual([
      ['m-1', 'available'],
      ['m-2', 'unavailable'],
    ])
  })
})
