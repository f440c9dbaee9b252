// A newer price list shows what has changed, figure by figure.

import { expect, test } from 'vitest'
import type { Model } from '#catalog/model.ts'
import { pricesOf, usdEach } from '#catalog/rates.ts'
import { aModel } from '#catalog/test-model.ts'
import { comparePrices } from './price-list.ts'

const entry = {
  input_cost_per_token: 1e-6,
  output_cost_per_token: 4e-6,
  cache_read_input_token_cost: 1e-7,
  cache_creation_input_token_cost: 1.25e-6,
  max_input_tokens: 100_000,
  max_output_tokens: 4_000,
  litellm_provider: 'openai',
}

const compare = (model: Partial<Model>, listed: object) =>
  comparePrices([aModel(model)], { 'test-model': listed, sample_spec: {} })

test('a model that costs the same in both has no line', () => {
  expect(compare({}, entry)).toEqual({ differences: [], unknown: [], compared: 1 })
})

test('a price and a limit that differ are shown as both say them', () => {
  const listed = { ...entry, output_cost_per_token: 5e-6, max_output_tokens: 8_000 }
  expect(compare({}, listed).differences).toEqual([
    'test-model: output $0.000004 here, $0.000005 in the list',
    'test-model: output 4000 tokens here, 8000 in the list',
  ])
})

test('what only one of them states is no difference', () => {
  const { cache_read_input_token_cost: _, ...less } = entry
  expect(compare({}, { ...less, output_cost_per_reasoning_token: 9e-6 }).differences).toEqual([])
})

test('a price in fractions of a cent per million is compared exactly', () => {
  const prices = pricesOf({ input: '0.0375', output: '4', cacheRead: '0.1' })
  expect(compare({ prices }, { ...entry, input_cost_per_token: 3.75e-8 }).differences).toEqual([])
  expect(compare({ prices }, { ...entry, input_cost_per_token: 3.76e-8 }).differences).toEqual([
    'test-model: input $0.0000000375 here, $0.0000000376 in the list',
  ])
})

test('a second card is compared at its own threshold, and found where only one has it', () => {
  const longContext = { inputTokensAbove: 200_000, prices: pricesOf({ input: '2', output: '8' }) }
  const long = { input_cost_per_token_above_200k_tokens: 2e-6, output_cost_per_token_above_200k_tokens: 9e-6 }
  expect(compare({ longContext }, { ...entry, ...long }).differences).toEqual([
    'test-model: output_above_200k_tokens $0.000008 here, $0.000009 in the list',
  ])
  expect(compare({ longContext }, entry).differences).toEqual([
    'test-model: above 200k here, no second card in the list',
  ])
  expect(compare({}, { ...entry, ...long }).differences).toEqual([
    'test-model: the list has a second card above 200k, the catalog none',
  ])
})

test('pictures, seconds and characters are compared as well', () => {
  const prices = { image: usdEach('0.04'), videoSecond: usdEach('0.4'), character: usdEach('0.000015') }
  const listed = {
    output_cost_per_image: 0.04,
    output_cost_per_second: 0.6,
    input_cost_per_character: 1.5e-5,
  }
  expect(compare({ kind: 'video', prices }, listed).differences).toEqual([
    'test-model: videoSecond $0.4 here, $0.6 in the list',
  ])
})

test("a model is looked for under its provider's name, and one that is not there is named", () => {
  const models = [
    aModel({ id: 'a', provider: 'google', upstreamId: 'gemini' }),
    aModel({ id: 'b', provider: 'xai', upstreamId: 'grok' }),
    aModel({ id: 'c', upstreamId: '__proto__' }),
    aModel({ id: 'd', provider: 'groq', upstreamId: 'bare' }),
  ]
  const list = { 'gemini/gemini': entry, 'xai/grok': entry, bare: entry }
  expect(comparePrices(models, list)).toEqual({ differences: [], unknown: ['c', 'd'], compared: 2 })
})

test('a list that is no list of prices contradicts nothing', () => {
  expect(
    compare({}, { input_cost_per_token: '1', max_input_tokens: -1, output_cost_per_token: null }),
  ).toEqual({ differences: [], unknown: [], compared: 1 })
  expect(comparePrices([aModel()], { 'test-model': 'free' }).unknown).toEqual(['test-model'])
})
