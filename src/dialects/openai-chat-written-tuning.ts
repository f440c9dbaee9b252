// What tunes an answer, as a chat request for an upstream says it: sampling, and how much to think.

import type { NeutralCall, ReasoningAsked } from '#calls/neutral-call.ts'
import type { JsonObject } from '#core/readers.ts'
import type { UpstreamTarget } from './dialect.ts'

export type ChatWriter = { target: UpstreamTarget; dropped: string[] }

/** What tunes an answer and does not change what is asked for: left out, and named, where the model does not take it. */
const tuningNames = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  verbosity: 'verbosity',
  cacheKey: 'prompt_cache_key',
} as const

export function writtenTuning(call: NeutralCall, { target, dropped }: ChatWriter): JsonObject {
  const written: JsonObject = {}
  for (const [field, name] of Object.entries(tuningNames)) {
    const value: unknown = Object.entries(call).find(([one]) => one === field)?.[1]
    if (value === undefined) continue
    if (target.supportedParameters.includes(name)) written[name] = value
    else dropped.push(name)
  }
  return written
}

/**
 * Companies that speak chat completions have three ways to be told how much to think: a word, an object that switches it,
 * and a switch with a number of tokens beside it. A model announces the one that it takes.
 */
export function writtenReasoning(
  asked: ReasoningAsked | undefined,
  { target, dropped }: ChatWriter,
): JsonObject {
  if (asked === undefined) return {}
  const effort = asked.effort ?? effortOf(asked)
  if (effort === undefined) return {}
  const takes = (name: string) => target.supportedParameters.includes(name)
  const thinks = effort !== 'none'
  if (takes('reasoning_effort')) return { reasoning_effort: effort }
  if (takes('thinking')) return { thinking: { type: thinks ? 'enabled' : 'disabled' } }
  if (!takes('enable_thinking')) {
    dropped.push('reasoning_effort')
    return {}
  }
  const { budgetTokens } = asked
  const isBudgetTaken = thinks && budgetTokens !== undefined && takes('thinking_budget')
  return { enable_thinking: thinks, ...(isBudgetTaken ? { thinking_budget: budgetTokens } : {}) }
}

const lowBudgetTokens = 4_096
const mediumBudgetTokens = 16_384

/** A budget of thoughts as the effort that takes about as many; an adaptive model is asked for what it does by itself. */
function effortOf({ budgetTokens }: ReasoningAsked): ReasoningAsked['effort'] {
  if (budgetTokens === undefined) return undefined
  if (budgetTokens < lowBudgetTokens) return 'low'
  return budgetTokens < mediumBudgetTokens ? 'medium' : 'high'
}
