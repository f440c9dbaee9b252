// Requests per minute, tokens per minute and calls in flight: what an account has left, and which of them refuses.

import type { RateFigures } from './call-commands.ts'
import { msUntilQuiet, msUntilRequestFits, msUntilTokensFit } from './rate.ts'
import type { State } from './state.ts'

type RateWhy = { code: 'rate_limit_exceeded'; limitSource: 'rpm' | 'tpm' | 'in_flight'; resetMs?: number }

export function rateRefusal(state: State, expectedTokens: number): RateWhy | undefined {
  const { rpm, tpm, inFlight } = state.settings
  const requestsIn = msUntilRequestFits(state.rate, rpm, state.nowMs)
  if (requestsIn !== 0) return rateLimited('rpm', requestsIn)
  const tokensIn = msUntilTokensFit(state.rate, tpm, expectedTokens, state.nowMs)
  if (tokensIn !== 0) return rateLimited('tpm', tokensIn)
  if (state.holds.size >= inFlight) return rateLimited('in_flight', undefined)
  return undefined
}

export function rateFigures(state: State): RateFigures {
  const { rpm, tpm, inFlight } = state.settings
  const resetMs = msUntilQuiet(state.rate, state.nowMs)
  return {
    requests: { limit: rpm, remaining: Math.max(0, rpm - state.rate.requests), resetMs },
    tokens: { limit: tpm, remaining: Math.max(0, tpm - state.rate.tokens), resetMs },
    inFlight: { limit: inFlight, remaining: Math.max(0, inFlight - state.holds.size) },
  }
}

function rateLimited(limitSource: RateWhy['limitSource'], resetMs: number | undefined): RateWhy {
  return { code: 'rate_limit_exceeded', limitSource, ...(resetMs === undefined ? {} : { resetMs }) }
}
