// The canonical usage vector: whatever a provider of any dialect states is split into disjoint whole parts, and written again it
// says the same.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inputTokensOf, outputTokensOf, type Usage, usageUnits } from '#calls/usage.ts'
import { messagesUsageOf, readMessagesUsage, wholeMessagesUsageOf } from './anthropic-messages-usage.ts'
import { readResponsesUsage, responsesUsageOf } from './openai-responses-usage.ts'
import { openAiUsageOf, readOpenAiUsage } from './openai-usage.ts'

/** A figure as providers give them, and as broken ones do. */
const figure = fc.oneof(
  fc.nat({ max: 200_000 }),
  fc.constantFrom(-1, 0.5, Number.NaN, Infinity, 1e15, '7', null, undefined, {}),
)
const details = fc.oneof(
  fc.record({
    cached_tokens: figure,
    cache_write_tokens: figure,
    audio_tokens: figure,
    reasoning_tokens: figure,
    thinking_tokens: figure,
    ephemeral_5m_input_tokens: figure,
    ephemeral_1h_input_tokens: figure,
  }),
  fc.constantFrom(null, undefined, 'none'),
)
const stated = fc.record({
  prompt_tokens: figure,
  completion_tokens: figure,
  total_tokens: figure,
  input_tokens: figure,
  output_tokens: figure,
  cache_read_input_tokens: figure,
  cache_creation_input_tokens: figure,
  prompt_tokens_details: details,
  completion_tokens_details: details,
  input_tokens_details: details,
  output_tokens_details: details,
  cache_creation: details,
})

function expectSound(usage: Usage | undefined): void {
  if (usage === undefined) return
  for (const unit of usageUnits) {
    expect(Number.isSafeInteger(usage[unit]), unit).toBe(true)
    expect(usage[unit], unit).toBeGreaterThanOrEqual(0)
  }
}

const whole = fc.nat({ max: 1_000_000 })
/** What every dialect can say: one kind of cache write, no audio. */
const vector = fc
  .record({ input: whole, cacheRead: whole, cacheWrite5m: whole, output: whole, reasoning: whole })
  .map((parts): Usage => ({ cacheWrite1h: 0, audioInput: 0, audioOutput: 0, ...parts }))

describe('the usage vector', () => {
  // Cases: billing-bugs 14; dialects 26, 27, 29, 30
  test('of whatever was stated has whole parts from zero on, and never more of them than was stated', () => {
    fc.assert(
      fc.property(stated, (value) => {
        const chat = readOpenAiUsage(value)
        expectSound(chat)
        if (chat !== undefined) {
          expect(inputTokensOf(chat)).toBe(value.prompt_tokens)
          const { reasoning } = chat
          expect([0, reasoning].map((beside) => outputTokensOf(chat) - beside)).toContain(
            value.completion_tokens,
          )
        }
        const responses = readResponsesUsage(value)
        expectSound(responses)
        if (responses !== undefined) expect(inputTokensOf(responses)).toBe(value.input_tokens)
        const messages = readMessagesUsage(value)
        expectSound(messages)
        if (messages !== undefined) {
          expect(messages.input).toBe(value.input_tokens)
          expect(outputTokensOf(messages)).toBe(value.output_tokens)
        }
      }),
    )
  })

  // Cases: billing-bugs 2, 14; dialects 26
  test('is the same in every dialect that it is written in', () => {
    fc.assert(
      fc.property(vector, (usage) => {
        expect(readOpenAiUsage(openAiUsageOf(usage))).toEqual(usage)
        expect(readResponsesUsage(responsesUsageOf(usage))).toEqual(usage)
        expect(readMessagesUsage(messagesUsageOf(usage))).toEqual(usage)
        expect(readMessagesUsage(wholeMessagesUsageOf(usage))).toEqual(usage)
      }),
    )
  })
})
