// Anthropic's figures to and from the canonical vector.

import type { MessageDeltaUsage, Usage as WholeUsage } from '@anthropic-ai/sdk/resources/messages'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inputTokensOf, noUsage, outputTokensOf, type Usage } from '#calls/usage.ts'
import {
  laterUsage,
  messagesUsageOf,
  readMessagesUsage,
  wholeMessagesUsageOf,
} from './anthropic-messages-usage.ts'
import { openAiUsageOf, readOpenAiUsage } from './openai-usage.ts'

const full: WholeUsage = {
  input_tokens: 10,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 10 },
  output_tokens: 50,
  output_tokens_details: { thinking_tokens: 40 },
  server_tool_use: null,
  service_tier: 'standard',
  inference_geo: null,
  speed: null,
}
const vector: Usage = {
  ...noUsage,
  input: 10,
  cacheRead: 100,
  cacheWrite5m: 20,
  cacheWrite1h: 10,
  output: 10,
  reasoning: 40,
}

describe('the usage of a message', () => {
  // Cases: dialects 26, 27, 28, 30
  test('has disjoint parts: the cache beside the input, an hour apart from five minutes, thoughts inside the output', () => {
    expect(readMessagesUsage(full)).toEqual(vector)
    expect(inputTokensOf(vector)).toBe(140)
    expect(outputTokensOf(vector)).toBe(50)
  })

  // Cases: dialects 26
  test('says in OpenAI’s dialect the same with the cache included, and comes back the same', () => {
    const told = openAiUsageOf(vector)
    expect(told).toMatchObject({ prompt_tokens: 140, completion_tokens: 50, total_tokens: 190 })
    const chat = { prompt_tokens: 140, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 100 } }
    const read = readOpenAiUsage(chat)
    expect(messagesUsageOf(read ?? noUsage)).toMatchObject({
      input_tokens: 40,
      cache_read_input_tokens: 100,
      output_tokens: 50,
    })
  })

  // Cases: dialects 26
  test('never has an input below zero, whatever a chat provider says of its cache', () => {
    const lie = { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } }
    expect(messagesUsageOf(readOpenAiUsage(lie) ?? noUsage)).toMatchObject({
      input_tokens: 0,
      cache_read_input_tokens: 5,
    })
  })

  // Cases: dialects 28
  test.each<[string, object, [number, number]]>([
    ['total alone', { cache_creation_input_tokens: 30 }, [30, 0]],
    ['split alone', { cache_creation: full.cache_creation }, [20, 10]],
    [
      'total above its split',
      { cache_creation_input_tokens: 35, cache_creation: full.cache_creation },
      [25, 10],
    ],
    [
      'total below its split',
      { cache_creation_input_tokens: 4, cache_creation: full.cache_creation },
      [0, 4],
    ],
    ['null for both', { cache_creation_input_tokens: null, cache_creation: null }, [0, 0]],
  ])(
    'with its cache writes as a %s is split into five minutes and an hour',
    (_name, writes, [short, long]) => {
      expect(readMessagesUsage({ input_tokens: 1, output_tokens: 1, ...writes })).toMatchObject({
        cacheWrite5m: short,
        cacheWrite1h: long,
      })
    },
  )

  // Cases: dialects 31
  test('is overwritten by a later one, never added, and keeps what the later leaves out', () => {
    const delta: Partial<MessageDeltaUsage> = { output_tokens: 70, input_tokens: null }
    expect(readMessagesUsage(laterUsage({ ...full }, delta))).toEqual({ ...vector, output: 30 })
    expect(laterUsage({ ...full }, undefined)).toEqual(full)
  })

  test.each([
    ['negative', { input_tokens: -1, output_tokens: 1 }],
    ['fractional', { input_tokens: 1, output_tokens: 0.5 }],
    ['text', { input_tokens: '1', output_tokens: 1 }],
    ['absurd', { input_tokens: 1, output_tokens: 1e12 }],
    ['absent', { output_tokens: 1 }],
    ['no object', null],
  ])('that is %s is no statement', (_name, value) => {
    expect(readMessagesUsage(value)).toBeUndefined()
  })

  test('is written and read back as the same vector, with the totals unchanged', () => {
    const tokens = fc.integer({ min: 0, max: 1_000_000 })
    const vectors = fc.record({
      input: tokens,
      cacheRead: tokens,
      cacheWrite5m: tokens,
      cacheWrite1h: tokens,
      audioInput: fc.constant(0),
      output: tokens,
      reasoning: tokens,
      audioOutput: fc.constant(0),
    })
    fc.assert(
      fc.property(vectors, (usage) => {
        expect(readMessagesUsage(wholeMessagesUsageOf(usage))).toEqual(usage)
      }),
    )
  })

  test('has every field of the vendor’s own types', () => {
    expect(Object.keys(wholeMessagesUsageOf(noUsage)).toSorted()).toEqual(Object.keys(full).toSorted())
    const delta: MessageDeltaUsage = {
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      input_tokens: 0,
      output_tokens: 0,
      output_tokens_details: null,
      server_tool_use: null,
    }
    expect(messagesUsageOf(noUsage)).toEqual(delta)
  })
})
