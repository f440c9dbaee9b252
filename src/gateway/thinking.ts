// How much a request asks its model to think, wherever its dialect says that. For where a call runs, never for its price.

import type { Thinking } from '#catalog/duration.ts'
import { type JsonObject, isObject, readString, readWhole } from '#core/readers.ts'

export function thinkingOf(body: JsonObject): Thinking {
  const { reasoning, thinking, output_config: config } = body
  const budget = isObject(thinking) ? readWhole(thinking['budget_tokens'], 0) : undefined
  if (budget !== undefined) return { budgetTokens: budget }
  const effort =
    readString(body['reasoning_effort']) ??
    (isObject(reasoning) ? readString(reasoning['effort']) : undefined) ??
    (isObject(config) ? readString(config['effort']) : undefined)
  if (effort !== undefined) return { effort }
  return isObject(thinking) && thinking['type'] === 'disabled' ? { effort: 'none' } : {}
}
