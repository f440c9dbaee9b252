// How a model is told how much to think, in the parameter that it takes.

import { describe, expect, test } from 'vitest'
import type { ReasoningAsked } from '#calls/neutral-call.ts'
import { writtenReasoning } from './openai-chat-written-tuning.ts'

function written(reasoning: ReasoningAsked, ...supportedParameters: string[]) {
  const dropped: string[] = []
  const target = {
    upstreamModel: 'up-1',
    origin: 'acme',
    outputParameter: 'max_tokens',
    outputTokensMax: undefined,
    supportedParameters,
    acceptsStreamOptions: true,
  } as const
  return { said: writtenReasoning(reasoning, { target, dropped }), dropped }
}

describe('a wish to think', () => {
  // Cases: dialects 48
  test.each([
    [{ effort: 'none' }, { type: 'disabled' }, { enable_thinking: false }],
    [{ effort: 'max' }, { type: 'enabled' }, { enable_thinking: true }],
    [{ budgetTokens: 8_000 }, { type: 'enabled' }, { enable_thinking: true, thinking_budget: 8_000 }],
    [{ effort: 'none', budgetTokens: 8_000 }, { type: 'disabled' }, { enable_thinking: false }],
  ] as const)('of %j is said in the words of a model that knows no effort', (reasoning, thinking, flags) => {
    expect(written(reasoning, 'thinking')).toEqual({ said: { thinking }, dropped: [] })
    expect(written(reasoning, 'enable_thinking', 'thinking_budget')).toEqual({ said: flags, dropped: [] })
    expect(written(reasoning)).toEqual({ said: {}, dropped: ['reasoning_effort'] })
  })

  // Cases: dialects 48
  test('is a word wherever the model takes one', () => {
    expect(written({ budgetTokens: 1_024 }, 'reasoning_effort', 'thinking').said).toEqual({
      reasoning_effort: 'low',
    })
    expect(written({ isAdaptive: true }, 'thinking')).toEqual({ said: {}, dropped: [] })
  })
})
