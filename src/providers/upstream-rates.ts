// For how long a credential has nothing left at its provider, by the provider's own headers. Pure.

import { type Millis, minuteMs, secondMs } from '#core/clock.ts'
import type { Verdict } from './leg-failure.ts'

/** What a provider states beyond this is asked about again anyway. */
const pauseMsMax = 10 * minuteMs
/** After a 429 that names no time. */
const limitedPauseMs = 5 * secondMs
/** A key that was refused stays refused until somebody pays or stores another one. */
const refusedPauseMs = minuteMs

/** After a leg that failed. */
export function pauseMsAfter(verdict: Verdict, headers: Headers | undefined, now: Millis): number {
  const stated = headers === undefined ? undefined : retryAfterMs(headers, now)
  switch (verdict) {
    case 'limited':
      return bounded(
        stated ?? (headers === undefined ? undefined : exhaustedMs(headers, now)) ?? limitedPauseMs,
      )
    case 'credential':
      return refusedPauseMs
    case 'overloaded':
      return bounded(stated ?? 0)
    case 'unreachable':
    case 'capped':
    case 'erred':
    case 'refused':
    case 'failed':
      return 0
  }
}

/** After a good answer: the time until the quota that it used up returns, 0 while some is left. */
export function pauseMsAfterAnswer(headers: Headers, now: Millis): number {
  return bounded(exhaustedMs(headers, now) ?? 0)
}

/** Remaining and reset, as OpenAI and who copies it name them, and as Anthropic does. */
const quotas: readonly (readonly [remaining: string, reset: string])[] = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
]

function exhaustedMs(headers: Headers, now: Millis): number | undefined {
  const waits = quotas.flatMap(([remaining, reset]) =>
    headers.get(remaining)?.trim() === '0' ? [durationMs(headers.get(reset) ?? '', now)] : [],
  )
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function retryAfterMs(headers: Headers, now: Millis): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? '')
  if (exact > 0) return exact
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const ms = durationMs(text, now)
  return ms > 0 ? ms : undefined
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: secondMs, m: minuteMs, h: 60 * minuteMs }

/** `12`, `1.5s`, `6m0s`, `20ms`, or a date; 0 where it is none of them. */
function durationMs(text: string, now: Millis): number {
  const trimmed = text.trim()
  if (/^\d{1,9}(\.\d{1,9})?$/.test(trimmed)) return Number(trimmed) * secondMs
  const parts = [...trimmed.matchAll(/(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)/g)]
  if (parts.length > 0 && parts.map(([part]) => part).join('') === trimmed)
    return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
  const at = Date.parse(trimmed)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}

function bounded(ms: number): number {
  return Math.min(Math.ceil(ms), pauseMsMax)
}
