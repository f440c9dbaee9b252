// What a call used, in one canonical vector of disjoint parts: nothing is counted twice, so each part has one price.

/** Whole units, all ≥ 0, all disjoint. OpenAI's prompt_tokens = input + cacheRead + cacheWrite5m + cacheWrite1h + audioInput. */
export type Usage = {
  /** Input tokens at the full rate: neither read from nor written to a cache, and not audio. */
  input: number
  cacheRead: number
  cacheWrite5m: number
  cacheWrite1h: number
  audioInput: number
  /** Visible output tokens: neither reasoning nor audio. */
  output: number
  reasoning: number
  audioOutput: number
}

export type UsageUnit = keyof Usage

/**
 * Where the figures come from, best first: `final` the provider's closing usage · `cumulative` the last running
 * usage before a cut · `zero` the provider said zero · `counted` our own count of what was delivered · `none` nothing
 * was produced.
 */
export type UsageSource = 'final' | 'cumulative' | 'zero' | 'counted' | 'none'

export const usageUnits = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'audioInput',
  'output',
  'reasoning',
  'audioOutput',
] as const satisfies readonly UsageUnit[]

export const noUsage: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  audioInput: 0,
  output: 0,
  reasoning: 0,
  audioOutput: 0,
}

export function inputTokensOf(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.audioInput
}

export function outputTokensOf(usage: Usage): number {
  return usage.output + usage.reasoning + usage.audioOutput
}
