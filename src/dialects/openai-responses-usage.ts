// The usage object of the responses dialect to and from the canonical vector: the figures of chat completions, inclusive
// as there, under names of their own.

import { inputTokensOf, outputTokensOf, type Usage } from '#calls/usage.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import type { ShownCost } from './answer-meter.ts'
import { costField, usageWithCost } from './openai-cost.ts'
import { readOpenAiUsage } from './openai-usage.ts'

/** Undefined for figures that cannot be true. */
export function readResponsesUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  return readOpenAiUsage({
    prompt_tokens: value['input_tokens'],
    completion_tokens: value['output_tokens'],
    total_tokens: value['total_tokens'],
    prompt_tokens_details: value['input_tokens_details'],
    completion_tokens_details: value['output_tokens_details'],
  })
}

export function responsesUsageOf(usage: Usage): JsonObject {
  const input = inputTokensOf(usage)
  const output = outputTokensOf(usage)
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: input + output,
  }
}

/** The provider's own object where it stated one, else one that says the same, with its cost. */
export function shownResponsesUsage(stated: unknown, shown: ShownCost): JsonObject {
  const isStated = isObject(stated) && readResponsesUsage(stated) !== undefined
  return usageWithCost(isStated ? stated : responsesUsageOf(shown.metered.usage), shown)
}

/** A whole answer with its cost on top and in its usage, under the model name that the client asked for. */
export function withResponsesCost(body: JsonObject, shown: ShownCost, modelName?: string): JsonObject {
  return {
    ...body,
    ...(modelName === undefined ? {} : { model: modelName }),
    usage: shownResponsesUsage(body['usage'], shown),
    ...costField(shown),
  }
}

/** What an answer that broke off cost all the same; nothing is said where nobody settled it. */
export function costOfFailed(shown: ShownCost | undefined): JsonObject {
  if (shown === undefined) return {}
  return { usage: shownResponsesUsage(undefined, shown), ...costField(shown) }
}
