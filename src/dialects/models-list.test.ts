// The model list, held to OpenAI's type.

import type { Model as OpenAiModel } from 'openai/resources/models'
import { describe, expect, test } from 'vitest'
import { picoUsd } from '#core/money.ts'
import { type ListedModel, modelEntry, modelsList } from './models-list.ts'

const listed: ListedModel = {
  id: 'm-1',
  kind: 'chat',
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
      kind: 'chat',
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

  // Requirements: 2, 27
  test('states the prices of media in their own units, a larger size as a tier of its own', () => {
    const { longContext: _, ...plain } = listed
    const video: ListedModel = {
      ...plain,
      kind: 'video',
      contextLength: 0,
      outputTokensMax: 0,
      prices: {
        image: picoUsd(40_000_000_000),
        audioSecond: picoUsd(100_000_000),
        videoSecond: picoUsd(400_000_000_000),
        character: picoUsd(15_000_000),
        imageOutput: picoUsd(30_000_000),
      },
      variants: [{ name: '4k', prices: { videoSecond: picoUsd(600_000_000_000) } }],
    }
    expect(modelEntry(video)).toMatchObject({ kind: 'video', context_length: null, max_output: null })
    expect(modelEntry(video).supported_dialects).toEqual([])
    expect(modelEntry(video).pricing).toEqual({
      image: '0.04',
      audio_second: '0.0001',
      video_second: '0.4',
      character: '0.000015',
      image_output: '0.00003',
      tiers: [{ variant: '4k', video_second: '0.6' }],
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
