// OpenAI's usage object into disjoint parts.

import fc from 'fast-check'
import type { CompletionUsage } from 'openai/resources/completions'
import { describe, expect, test } from 'vitest'
import { inputTokensOf, noUsage, outputTokensOf } from '#calls/usage.ts'
import { openAiUsageOf, readOpenAiUsage } from './openai-usage.ts'

const stated = (parts: object) => ({ prompt_tokens: 100, completion_tokens: 50, total_tokens: 150, ...parts })

describe('a usage object', () => {
  // Cases: billing-bugs 14; dialects 26, 27, 30
  test('is split so that no token is in two parts', () => {
    const usage: CompletionUsage = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10, audio_tokens: 5 },
      completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 4 },
    }
    expect(readOpenAiUsage(usage)).toEqual({
      input: 25,
      cacheRead: 60,
      cacheWrite5m: 10,
      cacheWrite1h: 0,
      audioInput: 5,
      output: 16,
      reasoning: 30,
      audioOutput: 4,
    })
  })

  // Cases: dialects 26, 29, 30
  test('keeps its totals whatever its details claim, with no part below zero', () => {
    const tokens = fc.oneof(
      fc.nat(1_000),
      fc.constantFrom(-1, 0.5, '7', null, undefined, Number.POSITIVE_INFINITY, 2 ** 53),
    )
    const details = fc.record({ cached_tokens: tokens, cache_write_tokens: tokens, audio_tokens: tokens })
    const outputDetails = fc.record({ reasoning_tokens: tokens, audio_tokens: tokens })
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), details, outputDetails, (prompt, completion, inputs, outputs) => {
        const usage = readOpenAiUsage({
          prompt_tokens: prompt,
          completion_tokens: completion,
          total_tokens: prompt + completion,
          prompt_tokens_details: inputs,
          completion_tokens_details: outputs,
        })
        if (usage === undefined) throw new Error('valid totals are a usage')
        expect([inputTokensOf(usage), outputTokensOf(usage)]).toEqual([prompt, completion])
        expect(Object.values(usage).every((part) => Number.isSafeInteger(part) && part >= 0)).toBe(true)
      }),
    )
  })

  test.each([
    ['DeepSeek', { prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 }],
    ['Mistral', { num_cached_tokens: 60 }],
    ['OpenAI', { prompt_tokens_details: { cached_tokens: 60 } }],
  ])('has its cached tokens under the name of %s', (_name, parts) => {
    expect(readOpenAiUsage(stated(parts))).toMatchObject({ input: 40, cacheRead: 60 })
  })

  // Cases: dialects 30
  test('counts reasoning beside the completion where its total says so, and inside it otherwise', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 30 } }
    expect(readOpenAiUsage(stated(details))).toMatchObject({ output: 20, reasoning: 30 })
    expect(readOpenAiUsage(stated({ ...details, total_tokens: 180 }))).toMatchObject({
      output: 50,
      reasoning: 30,
    })
  })

  test.each([-1, 1.5, '5', Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 100_000_001, null, {}, true])(
    'with the figure %s is no statement at all',
    (figure) => {
      expect(readOpenAiUsage(stated({ prompt_tokens: figure }))).toBeUndefined()
      expect(readOpenAiUsage(stated({ completion_tokens: figure }))).toBeUndefined()
    },
  )

  test('that is missing, empty or no object is no statement', () => {
    for (const value of [undefined, null, {}, [], 'usage', 7]) expect(readOpenAiUsage(value)).toBeUndefined()
  })

  // Cases: dialects 29
  test('that we write says what we counted, and its total is the sum', () => {
    const usage = {
      ...noUsage,
      input: 7,
      cacheRead: 2,
      audioInput: 1,
      output: 4,
      reasoning: 3,
      audioOutput: 1,
    }
    const written = openAiUsageOf(usage)
    expect(written).toMatchObject({ prompt_tokens: 10, completion_tokens: 8, total_tokens: 18 })
    expect(readOpenAiUsage(written)).toEqual(usage)
  })
})
