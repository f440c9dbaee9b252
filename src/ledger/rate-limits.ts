// Requests per minute, tokens per minute and calls in flight, of the account and of the key: what is left, and which of
// them refuses.

import type { LimitSource, RateFigures } from './call-commands.ts'
import { rateOfKey } from './key-rates.ts'
import { type RateLog, msUntilQuiet, msUntilRequestFits, msUntilTokensFit } from './rate.ts'
import { holdsOfKey } from './spending-limits.ts'
import type { Key, State } from './state.ts'

type RateWhy = {
  code: 'rate_limit_exceeded'
  limitSource: LimitSource
  limit: number
  remaining: number
  resetMs?: number
}

/** What one owner of limits may do, and what has been done under them. */
type Rates = {
  owner: '' | 'key_'
  rpm: number | null
  tpm: number | null
  inFlight: number | null
  log: RateLog
  running: () => number
}

export function rateRefusal(state: State, key: Key | undefined, expectedTokens: number): RateWhy | undefined {
  return (
    refusalUnder(ofAccount(state), expectedTokens, state.nowMs) ??
    (key === undefined ? undefined : refusalUnder(ofKey(state, key), expectedTokens, state.nowMs))
  )
}

/** The same for what sends no tokens and does not run: requests per minute alone. */
export function requestRefusal(state: State, key: Key): RateWhy | undefined {
  const requestsOnly = { tpm: null, inFlight: null }
  const { nowMs } = state
  return (
    refusalUnder({ ...ofAccount(state), ...requestsOnly }, 0, nowMs) ??
    refusalUnder({ ...ofKey(state, key), ...requestsOnly }, 0, nowMs)
  )
}

/** Of the account and its key, figure by figure, the one with less left. */
export function rateFigures(state: State, key?: Key): RateFigures {
  const account = figuresOf(ofAccount(state), state.nowMs)
  const own = key === undefined ? account : figuresOf(ofKey(state, key), state.nowMs)
  return {
    requests: tighter(account.requests, own.requests),
    tokens: tighter(account.tokens, own.tokens),
    inFlight: tighter(account.inFlight, own.inFlight),
  }
}

function ofAccount(state: State): Rates {
  const { rpm, tpm, inFlight } = state.settings
  return { owner: '', rpm, tpm, inFlight, log: state.rate, running: () => state.holds.size }
}

function ofKey(state: State, key: Key): Rates {
  const { rpm, tpm, inFlight, keyNumber } = key
  const running = () => [...holdsOfKey(state, state.holds, key)].length
  return { owner: 'key_', rpm, tpm, inFlight, log: rateOfKey(state, keyNumber), running }
}

function refusalUnder(rates: Rates, expectedTokens: number, nowMs: number): RateWhy | undefined {
  const { owner, rpm, tpm, inFlight, log, running } = rates
  if (rpm !== null) {
    const resetMs = msUntilRequestFits(log, rpm, nowMs)
    const source = `${owner}rpm` as const
    if (resetMs !== 0) return refusedBy(source, { limit: rpm, used: log.requests, resetMs })
  }
  if (tpm !== null) {
    const resetMs = msUntilTokensFit(log, tpm, expectedTokens, nowMs)
    const source = `${owner}tpm` as const
    if (resetMs !== 0) return refusedBy(source, { limit: tpm, used: log.tokens, resetMs })
  }
  if (inFlight !== null && running() >= inFlight) {
    return refusedBy(`${owner}in_flight`, { limit: inFlight, used: running(), resetMs: undefined })
  }
  return undefined
}

function refusedBy(
  limitSource: LimitSource,
  { limit, used, resetMs }: { limit: number; used: number; resetMs: number | undefined },
): RateWhy {
  const remaining = Math.max(0, limit - used)
  return {
    code: 'rate_limit_exceeded',
    limitSource,
    limit,
    remaining,
    ...(resetMs === undefined ? {} : { resetMs }),
  }
}

type Figure = { limit: number; remaining: number; resetMs: number }
type Figures = { requests?: Figure; tokens?: Figure; inFlight?: Figure }

function figuresOf({ rpm, tpm, inFlight, log, running }: Rates, nowMs: number): Figures {
  const resetMs = msUntilQuiet(log, nowMs)
  const figure = (limit: number, used: number) => ({ limit, remaining: Math.max(0, limit - used), resetMs })
  return {
    ...(rpm === null ? {} : { requests: figure(rpm, log.requests) }),
    ...(tpm === null ? {} : { tokens: figure(tpm, log.tokens) }),
    ...(inFlight === null ? {} : { inFlight: figure(inFlight, running()) }),
  }
}

const none: Figure = { limit: 0, remaining: 0, resetMs: 0 }

function tighter(account: Figure = none, own: Figure = account): Figure {
  if (own.remaining !== account.remaining) return own.remaining < account.remaining ? own : account
  return own.limit < account.limit ? own : account
}
