// OpenAI's usage object to and from the canonical vector. A statement that cannot be true is no statement.

import { inputTokensOf, outputTokensOf, type Usage } from '#calls/usage.ts'
import { isObject, type JsonObject, objectOf } from '#core/readers.ts'
import { readTokens } from './usage-figures.ts'

/**
 * Splits inclusive figures into disjoint parts: cached and audio tokens are inside `prompt_tokens`, reasoning and audio
 * inside `completion_tokens`. Undefined for figures that are negative, fractional, text or absurd.
 */
export function readOpenAiUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const prompt = readTokens(value['prompt_tokens'])
  const completion = readTokens(value['completion_tokens'])
  if (prompt === undefined || completion === undefined) return undefined
  const inputDetails = objectOf(value['prompt_tokens_details'])
  const outputDetails = objectOf(value['completion_tokens_details'])

  const input = parts(prompt, [
    // DeepSeek and Mistral have had names of their own for the same figure.
    inputDetails['cached_tokens'] ?? value['prompt_cache_hit_tokens'] ?? value['num_cached_tokens'],
    inputDetails['cache_write_tokens'],
    inputDetails['audio_tokens'],
  ])
  const reasoning = readTokens(outputDetails['reasoning_tokens']) ?? 0
  const output = parts(completion + reasoningBeside(value, reasoning), [
    outputDetails['reasoning_tokens'],
    outputDetails['audio_tokens'],
  ])
  return {
    input: input.rest,
    cacheRead: input.taken[0] ?? 0,
    cacheWrite5m: input.taken[1] ?? 0,
    cacheWrite1h: 0,
    audioInput: input.taken[2] ?? 0,
    output: output.rest,
    reasoning: output.taken[0] ?? 0,
    audioOutput: output.taken[1] ?? 0,
  }
}

/** The usage object that says the same as the vector, for streams whose provider never sent one. */
export function openAiUsageOf(usage: Usage): JsonObject {
  const prompt = inputTokensOf(usage)
  const completion = outputTokensOf(usage)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      audio_tokens: usage.audioInput,
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: usage.audioOutput },
  }
}

/** Some providers count reasoning beside the completion, which only their total gives away. */
function reasoningBeside(value: JsonObject, reasoning: number): number {
  const prompt = readTokens(value['prompt_tokens']) ?? 0
  const completion = readTokens(value['completion_tokens']) ?? 0
  return reasoning > 0 && value['total_tokens'] === prompt + completion + reasoning ? reasoning : 0
}

/** Takes the parts out of a total, none below zero and none larger than what is left. */
function parts(total: number, values: readonly unknown[]): { taken: number[]; rest: number } {
  let rest = total
  const taken = values.map((value) => {
    const part = Math.min(readTokens(value) ?? 0, rest)
    rest -= part
    return part
  })
  return { taken, rest }
}
