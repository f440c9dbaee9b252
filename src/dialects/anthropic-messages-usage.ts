// Anthropic's usage object to and from the canonical vector. Its input figure leaves out what was read from or written to
// the cache; a statement that cannot be true is no statement.

import { outputTokensOf, type Usage } from '#calls/usage.ts'
import { isObject, type JsonObject, objectOf } from '#core/readers.ts'
import { readTokens } from './usage-figures.ts'

/** Undefined for figures that are negative, fractional, text or absurd. */
export function readMessagesUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const input = readTokens(value['input_tokens'])
  const output = readTokens(value['output_tokens'])
  if (input === undefined || output === undefined) return undefined
  const details = objectOf(value['output_tokens_details'])
  const reasoning = Math.min(readTokens(details['thinking_tokens']) ?? 0, output)
  return {
    input,
    cacheRead: readTokens(value['cache_read_input_tokens']) ?? 0,
    ...cacheWrites(value),
    audioInput: 0,
    output: output - reasoning,
    reasoning,
    audioOutput: 0,
  }
}

/** The total is the later figure (a `message_delta` repeats it alone); the split says how much of it is kept for an hour. */
function cacheWrites(value: JsonObject): Pick<Usage, 'cacheWrite5m' | 'cacheWrite1h'> {
  const split = objectOf(value['cache_creation'])
  const short = readTokens(split['ephemeral_5m_input_tokens']) ?? 0
  const long = readTokens(split['ephemeral_1h_input_tokens']) ?? 0
  const total = readTokens(value['cache_creation_input_tokens']) ?? short + long
  const cacheWrite1h = Math.min(long, total)
  return { cacheWrite5m: total - cacheWrite1h, cacheWrite1h }
}

/** A later statement over an earlier one: figures are cumulative, and what the later leaves out or has as null stays. */
export function laterUsage(earlier: JsonObject, later: unknown): JsonObject {
  const stated = Object.entries(objectOf(later)).filter(([, figure]) => figure !== null)
  return { ...earlier, ...Object.fromEntries(stated) }
}

/** The usage of a `message_delta` that says the same as the vector. */
export function messagesUsageOf(usage: Usage): JsonObject {
  return {
    // Anthropic has no audio: what a model of another company heard is input here.
    input_tokens: usage.input + usage.audioInput,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: outputTokensOf(usage),
    output_tokens_details: usage.reasoning === 0 ? null : { thinking_tokens: usage.reasoning },
    server_tool_use: null,
  }
}

/** The usage of a whole message, or of a `message_start`: Claude Code fails on anything less than the full shape. */
export function wholeMessagesUsageOf(usage: Usage): JsonObject {
  return {
    ...messagesUsageOf(usage),
    cache_creation: {
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
    },
    inference_geo: null,
    service_tier: 'standard',
    speed: null,
  }
}
