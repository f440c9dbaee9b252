// What one run of the bench does and how long: the numbers of the full and of the quick run, and the requests that are sent.

import { directive } from './protocol.ts'

export type Plan = {
  name: string
  /** Each figure is the median of so many rounds, the gateways taking turns within each. */
  repeats: number
  warmUpMs: number
  requestsMs: number
  connections: number
  /** Rounds of 20 streams within one repeat. */
  streamRounds: number
  firstTokens: number
  /** The same, of an upstream that takes its time as models do. */
  slowFirstTokens: number
  /** How long a stream lasts whose rows are counted. */
  countedStreamMs: number
  /** The load on one object alone, per turn. */
  objectMs: number
  /** A stream that outlives its first beat; 0 leaves it out. */
  longStreamMs: number
}

export const streams = 20
export const chunksPerStream = 150
export const chunkGap = 20
/** Faster than any model's first token. */
export const slowFirstMs = 30
export const manyAccounts = 100
export const countedGroup = 8
/** Small events in quick succession, where a connection that waits for company would show. */
export const smallGap = 5
export const smallChunks = 400

export const fullPlan: Plan = {
  name: 'full',
  repeats: 3,
  warmUpMs: 2_000,
  requestsMs: 4_000,
  connections: 32,
  streamRounds: 2,
  firstTokens: 200,
  slowFirstTokens: 80,
  countedStreamMs: 10_000,
  longStreamMs: 17_000,
  objectMs: 5_000,
}

export const quickPlan: Plan = {
  name: 'quick',
  repeats: 2,
  warmUpMs: 500,
  requestsMs: 1_000,
  connections: 32,
  streamRounds: 1,
  firstTokens: 40,
  slowFirstTokens: 20,
  countedStreamMs: 1_000,
  longStreamMs: 0,
  objectMs: 2_000,
}

type Ask = {
  isStreamed: boolean
  includesUsage?: boolean
  chunks?: number
  gapMs?: number
  firstMs?: number
  maxTokens?: number
  model?: string
  /** One that the operator would risk too much with is checked first, whatever the account's standing. */
  isCheckedFirst?: boolean
}

/** $0.05 is the most that may leave before the answer to its check; this model's dearest answer costs more. */
const dearOutputTokens = 32_768

export function bodyOf({
  isStreamed,
  includesUsage,
  chunks = 1,
  gapMs = 0,
  firstMs = 0,
  isCheckedFirst,
  maxTokens = 200,
  model = 'gpt-4.1-mini',
}: Ask): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: directive(chunks, gapMs, firstMs) },
    ],
    max_tokens: isCheckedFirst === true ? dearOutputTokens : maxTokens,
    ...(isStreamed ? { stream: true } : {}),
    ...(includesUsage === true ? { stream_options: { include_usage: true } } : {}),
  })
}
