// Good standing: how much the gateway may send upstream before the answer to its question is back (pure).
// Zero costs a customer one round trip; a wrong grant costs the operator what the upstream bills for a refused call.

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import type { NanoUsd } from '#core/money.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'

export type Standing = {
  /** A new account has proved nothing yet. */
  readonly hasCaptured: boolean
  /** Kept in memory only: after a restart the isolates' own rules still hold. */
  readonly refusedAtMs: number
  /** Refusals of calls that were already sent upstream, within the last hour. */
  readonly dispatchRefusalsMs: readonly number[]
  readonly barredUntilMs: number
}

export const newStanding: Standing = {
  hasCaptured: false,
  refusedAtMs: 0,
  dispatchRefusalsMs: [],
  barredUntilMs: 0,
}

const parallelCallsMax = 4
/** $0.05: what the upstreams may bill for calls that are refused after all. */
const parallelExposureMaxNanoUsd = nanoUsd(50_000_000)
const refusedRecentlyMs = 5 * minuteMs
const dispatchRefusalsMax = 3
const dispatchRefusalsWithinMs = 1 * hourMs
const barredForMs = 1 * dayMs

export type Grant = { calls: number; exposureNanoUsd: NanoUsd }

export function parallelGrant(standing: Standing, isFrozen: boolean, nowMs: number): Grant {
  const isRecentlyRefused = standing.refusedAtMs > 0 && nowMs - standing.refusedAtMs < refusedRecentlyMs
  const isGood = standing.hasCaptured && !isFrozen && !isRecentlyRefused && nowMs >= standing.barredUntilMs
  return isGood
    ? { calls: parallelCallsMax, exposureNanoUsd: parallelExposureMaxNanoUsd }
    : { calls: 0, exposureNanoUsd: zeroNanoUsd }
}

export function afterRefusal(standing: Standing, nowMs: number): Standing {
  return { ...standing, refusedAtMs: nowMs }
}

/** Counts a refusal of a dispatched call; three within an hour end all parallel dispatch for a day. */
export function afterDispatchRefusal(standing: Standing, nowMs: number): Standing {
  const recent = [...standing.dispatchRefusalsMs, nowMs].filter((at) => nowMs - at < dispatchRefusalsWithinMs)
  const isBarred = recent.length >= dispatchRefusalsMax
  return {
    ...standing,
    dispatchRefusalsMs: isBarred ? [] : recent,
    barredUntilMs: isBarred ? nowMs + barredForMs : standing.barredUntilMs,
  }
}
