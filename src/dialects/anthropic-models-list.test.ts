// The model list as Anthropic's clients read it, held to the SDK's type and read by its client.

import Anthropic from '@anthropic-ai/sdk'
import type { ModelInfo } from '@anthropic-ai/sdk/resources/models'
import { expect, test } from 'vitest'
import { picoUsd } from '#core/money.ts'
import { messagesModelEntry, messagesModelsList } from './anthropic-models-list.ts'
import type { ListedModel } from './models-list.ts'

const listed = (id: string, status: ListedModel['status'] = 'available'): ListedModel => ({
  id,
  kind: 'chat',
  name: `Model ${id}`,
  company: 'Acme',
  provider: 'acme',
  region: 'eu',
  contextLength: 100_000,
  outputTokensMax: 4_000,
  supportedParameters: ['max_tokens'],
  modalities: { input: ['text'], output: ['text'] },
  status,
  cancellationPolicy: 'stop',
  priceVersion: 'acme-1',
  priceBasis: 'usage',
  prices: { input: picoUsd(37_500), output: picoUsd(1_200_000) },
  asOf: '2026-11-05',
})

test('a model has Anthropic’s fields and ours', () => {
  const entry = messagesModelEntry(listed('m-1'))
  const asAnthropic: ModelInfo = entry
  expect(asAnthropic).toMatchObject({
    type: 'model',
    id: 'm-1',
    display_name: 'Model m-1',
    created_at: '2026-11-05T00:00:00.000Z',
    max_input_tokens: 100_000,
    max_tokens: 4_000,
  })
  expect(entry).toMatchObject({
    owned_by: 'Acme',
    pricing: { prompt: '0.0000000375' },
    price_version: 'acme-1',
    cancellation_policy: 'stop',
    status: 'available',
  })
})

test('the list is one page with its ends, without what cannot be called, and read whole by the official SDK', async () => {
  const models = [listed('m-1'), listed('m-2', 'unavailable'), listed('m-3')]
  expect(messagesModelsList(models)).toMatchObject({ has_more: false, first_id: 'm-1', last_id: 'm-3' })
  expect(messagesModelsList(models, 'all').data).toHaveLength(3)
  expect(messagesModelsList([])).toEqual({ data: [], has_more: false, first_id: null, last_id: null })
  const client = new Anthropic({
    apiKey: 'none',
    baseURL: 'http://sluice.test',
    fetch: async () => Response.json(messagesModelsList(models)),
  })
  const ids: string[] = []
  for await (const { id } of client.models.list()) ids.push(id)
  expect(ids).toEqual(['m-1', 'm-3'])
})
