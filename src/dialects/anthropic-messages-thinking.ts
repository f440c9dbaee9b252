// How much a Claude model is to think: a budget of tokens or a word, by what the model takes.

import type { NeutralCall, ReasoningAsked, ReasoningEffort } from '#calls/neutral-call.ts'
import { isObject, type JsonObject, readWhole } from '#core/readers.ts'
import type { UpstreamTarget } from './dialect.ts'

/** The least that Anthropic thinks with. */
export const thinkingTokensMin = 1_024

/** Below every model's limit, and each read back as the same effort. */
const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_000,
}

/** Anthropic knows no less than "low". */
const efforts: Readonly<Record<ReasoningEffort, string | undefined>> = {
  none: undefined,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
}

export type WrittenThinking = { thinking?: JsonObject; effort?: string; isDropped: boolean }

/** `canThink`: nothing else in the request forbids it. */
export function writtenThinking(
  call: NeutralCall,
  target: UpstreamTarget,
  canThink: boolean,
): WrittenThinking {
  const { reasoning: asked } = call
  if (asked === undefined) return { isDropped: false }
  const control = target.reasoning ?? 'adaptive'
  const isNone = asked.effort === 'none'
  if (control === 'none' || (isNone && control !== 'adaptive')) return { isDropped: !isNone }
  if (isNone) return { thinking: { type: 'disabled' }, isDropped: false }
  if (control === 'budget') return budgeted(call, target, canThink)
  const effort = efforts[asked.effort ?? effortOf(asked.budgetTokens) ?? 'none']
  const named = effort === undefined ? {} : { effort }
  if (control === 'effort') return { ...named, isDropped: false }
  if (!canThink) return { ...named, isDropped: true }
  return { thinking: { type: 'adaptive', ...displayOf(asked) }, ...named, isDropped: false }
}

function budgeted(
  { reasoning = {}, outputTokensMax }: NeutralCall,
  target: UpstreamTarget,
  canThink: boolean,
): WrittenThinking {
  const wanted = reasoning.budgetTokens ?? budgets[reasoning.effort ?? 'medium']
  const limit = target.outputTokensMax ?? outputTokensMax
  const budget = limit === undefined ? wanted : Math.min(wanted, limit - 1)
  if (!canThink || budget < thinkingTokensMin) return { isDropped: true }
  const thinking = { type: 'enabled', budget_tokens: budget, ...displayOf(reasoning) }
  return { thinking, isDropped: false }
}

function displayOf({ isShown }: ReasoningAsked): JsonObject {
  return isShown === undefined ? {} : { display: isShown ? 'summarized' : 'omitted' }
}

const lowBudgetTokens = 4_096
const mediumBudgetTokens = 16_384

/** A budget as the effort that takes about as many. */
function effortOf(budgetTokens: number | undefined): ReasoningEffort | undefined {
  if (budgetTokens === undefined) return undefined
  if (budgetTokens < lowBudgetTokens) return 'low'
  return budgetTokens < mediumBudgetTokens ? 'medium' : 'high'
}

/** The thinking that fits below a limit: less of it, or none; undefined where it fits as it is. */
export function thinkingBelow(
  thinking: unknown,
  limit: number,
): { thinking: JsonObject | undefined } | undefined {
  const budget = isObject(thinking) ? readWhole(thinking['budget_tokens']) : undefined
  if (!isObject(thinking) || budget === undefined || budget < limit) return undefined
  return { thinking: limit > thinkingTokensMin ? { ...thinking, budget_tokens: limit - 1 } : undefined }
}

/** A written request under the limit that is covered. */
export function limitedMessages(body: JsonObject, outputTokens: number): JsonObject {
  const limited: JsonObject = { ...body, max_tokens: outputTokens }
  const below = thinkingBelow(body['thinking'], outputTokens)
  if (below === undefined) return limited
  const { thinking: _, ...without } = limited
  return below.thinking === undefined ? without : { ...without, thinking: below.thinking }
}
