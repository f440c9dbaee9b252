// How long an answer may take: the duration that nineteen in twenty stay below. Pure; decides where a call runs, never its price.

import { secondMs } from '#core/clock.ts'
import type { Model } from './model.ts'

/** What a request says about its thinking; neither where it says nothing. */
export type Thinking = { effort?: string; budgetTokens?: number }

/** Nobody publishes these: what answers without a limit have, seen in our own traffic and to be corrected by an operator's. */
const longAnswerTokens = 1_500
const longThinkingTokens: { readonly [effort: string]: number } = {
  none: 0,
  minimal: 200,
  low: 500,
  medium: 1_500,
  high: 8_000,
  xhigh: 24_000,
  max: 24_000,
}
const usualThinkingTokens = 1_500

export function longDurationMs(
  model: Pick<Model, 'reasoning' | 'tokensPerSecond'>,
  { outputTokens, thinking }: { outputTokens: number; thinking: Thinking },
): number {
  const tokens = Math.min(outputTokens, longAnswerTokens + thoughtTokens(model, thinking))
  return Math.ceil((tokens * secondMs) / Math.max(1, model.tokensPerSecond))
}

/** A model that thinks by budget thinks only when it is told to; the others decide for themselves. */
function thoughtTokens({ reasoning }: Pick<Model, 'reasoning'>, { effort, budgetTokens }: Thinking): number {
  if (reasoning === 'none') return 0
  if (budgetTokens !== undefined) return budgetTokens
  if (effort !== undefined) return longThinkingTokens[effort] ?? usualThinkingTokens
  return reasoning === 'budget' ? 0 : usualThinkingTokens
}
