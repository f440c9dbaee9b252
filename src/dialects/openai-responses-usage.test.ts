// The usage of responses, inclusive as in chat completions, as disjoint parts and back.

import fc from 'fast-check'
import type { ResponseUsage } from 'openai/resources/responses/responses'
import { expect, test } from 'vitest'
import { inputTokensOf, outputTokensOf, type Usage } from '#calls/usage.ts'
import { nanoUsd } from '#core/money.ts'
import { readResponsesUsage, responsesUsageOf, withResponsesCost } from './openai-responses-usage.ts'

const stated: ResponseUsage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 30 },
  total_tokens: 150,
}
const usage: Usage = {
  input: 30,
  cacheRead: 60,
  cacheWrite5m: 10,
  cacheWrite1h: 0,
  audioInput: 0,
  output: 20,
  reasoning: 30,
  audioOutput: 0,
}

// Cases: billing-bugs 14; dialects 26, 27, 30
test('a usage is split so that no token is in two parts', () => {
  expect(readResponsesUsage(stated)).toEqual(usage)
})

// Cases: dialects 26, 29
test('a vector is stated with its cached tokens inside the input, and the total is the sum', () => {
  expect(responsesUsageOf(usage)).toEqual(stated)
  const tokens = fc.nat(1_000_000)
  const anyUsage = fc.record({
    input: tokens,
    cacheRead: tokens,
    cacheWrite5m: tokens,
    cacheWrite1h: tokens,
    audioInput: tokens,
    output: tokens,
    reasoning: tokens,
    audioOutput: tokens,
  })
  fc.assert(
    fc.property(anyUsage, (one) => {
      const said = responsesUsageOf(one)
      const [input, output] = [inputTokensOf(one), outputTokensOf(one)]
      expect(said).toMatchObject({ input_tokens: input, output_tokens: output, total_tokens: input + output })
    }),
  )
})

// Cases: dialects 26, 30
test.each([
  [
    'more cached than input',
    { ...stated, input_tokens_details: { cached_tokens: 900 } },
    { input: 0, cacheRead: 100 },
  ],
  [
    'more reasoning than output',
    { ...stated, output_tokens_details: { reasoning_tokens: 99 } },
    { output: 0 },
  ],
])('a usage that claims %s has no part below zero', (_, said, parts) => {
  expect(readResponsesUsage(said)).toMatchObject(parts)
})

test.each([
  [undefined],
  [{}],
  [{ input_tokens: -1, output_tokens: 3 }],
  [{ input_tokens: '5', output_tokens: 3 }],
])('a usage that cannot be true is no statement: %j', (said) => {
  expect(readResponsesUsage(said)).toBeUndefined()
})

// Cases: dialects 35, 36
test('a whole answer has its cost on top and in its usage, beside what the provider stated', () => {
  const shown = {
    priced: { costNanoUsd: nanoUsd(2_500), lines: [] },
    metered: { usage, source: 'final' as const },
  }
  expect(withResponsesCost({ id: 'resp_1', model: 'x-2026', usage: stated }, shown, 'x')).toEqual({
    id: 'resp_1',
    model: 'x',
    usage: { ...stated, cost: 0.0000025, cost_details: { usage_source: 'final', lines: [] } },
    cost: 0.0000025,
  })
})
