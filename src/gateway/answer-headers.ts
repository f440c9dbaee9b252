// The headers that every answer of the inference routes carries, in one place. Not the CORS ones (routes.ts).

import type { CallId, RequestId } from '#core/ids.ts'
import { type NanoUsd, formatUsd } from '#core/money.ts'
import type { RateFigures } from '#ledger/call-commands.ts'
import { type ExecutedBy, executedHeaders } from './executed-by.ts'

export type AnswerFacts = {
  requestId: RequestId
  callId?: CallId
  rate?: RateFigures
  balanceCheck?: 'parallel' | 'first'
  costNanoUsd?: NanoUsd
  /** The output limit that the gateway set, because no more was covered. */
  outputTokensLoweredTo?: number | undefined
  /** Parameters that the model's dialect or the model does not take, and that were left out. */
  dropped?: readonly string[]
  executed?: ExecutedBy
}

/** Both names of the request id on every answer: OpenAI's SDK reads one, Anthropic's the other. */
export function answerHeaders(facts: AnswerFacts): Record<string, string> {
  return {
    'x-request-id': facts.requestId,
    'request-id': facts.requestId,
    'cache-control': 'private, no-store, no-transform',
    ...(facts.callId === undefined ? {} : { 'x-generation-id': facts.callId }),
    ...(facts.balanceCheck === undefined ? {} : { 'x-balance-check': facts.balanceCheck }),
    ...(facts.costNanoUsd === undefined ? {} : { 'x-cost': formatUsd(facts.costNanoUsd) }),
    ...(facts.outputTokensLoweredTo === undefined
      ? {}
      : { 'x-max-tokens-lowered': String(facts.outputTokensLoweredTo) }),
    ...(facts.dropped === undefined || facts.dropped.length === 0
      ? {}
      : { 'x-parameters-dropped': droppedNames(facts.dropped) }),
    ...(facts.executed === undefined ? {} : executedHeaders(facts.executed)),
    ...(facts.rate === undefined ? {} : rateHeaders(facts.rate)),
  }
}

const droppedCharactersMax = 500

/** Names come from requests: what a header cannot carry is left out, and nobody makes it long. */
function droppedNames(names: readonly string[]): string {
  const text = [...new Set(names)].join(', ').replaceAll(/[^\x20-\x7e]/g, '')
  return text.slice(0, droppedCharactersMax)
}

function rateHeaders(rate: RateFigures): Record<string, string> {
  return {
    'x-ratelimit-limit-requests': String(rate.requests.limit),
    'x-ratelimit-remaining-requests': String(Math.max(0, rate.requests.remaining)),
    'x-ratelimit-reset-requests': seconds(rate.requests.resetMs),
    'x-ratelimit-limit-tokens': String(rate.tokens.limit),
    'x-ratelimit-remaining-tokens': String(Math.max(0, rate.tokens.remaining)),
    'x-ratelimit-reset-tokens': seconds(rate.tokens.resetMs),
  }
}

/** OpenAI's form of a duration: `1.5s`. */
function seconds(ms: number): string {
  return `${Math.max(0, ms) / 1000}s`
}

/** Response headers that a browser's script may read. */
export const exposedHeaders = [
  'x-request-id',
  'request-id',
  'x-generation-id',
  'x-balance-check',
  'x-cost',
  'x-max-tokens-lowered',
  'x-parameters-dropped',
  'x-provider',
  'x-provider-name',
  'x-executed-model',
  'x-upstream-id',
  'idempotent-replayed',
  'x-should-retry',
  'x-error-code',
  'retry-after',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
]
