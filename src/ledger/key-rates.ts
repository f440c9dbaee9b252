// The minute of the rate limits, of the account and of each family of keys: an admission counts in both, and so does its
// correction.

import type { KeyNumber } from '#core/ids.ts'
import { type RateLog, addAdmission, ageRate, correctTokens, emptyRateLog } from './rate.ts'
import type { Hold, State } from './state.ts'

type Numbers = { admissionNumber: number; keyAdmissionNumber: number }

/** What one key and those that it was rotated from have been admitted to in the last minute. */
export function rateOfKey(state: State, key: KeyNumber): RateLog {
  const log = state.keyRates.get(familyOf(state, key))
  return log === undefined ? emptyRateLog : ageRate(log, state.nowMs)
}

export function countAdmission(
  state: State,
  call: { keyNumber: KeyNumber; atMs: number; tokens: number },
): Numbers {
  const account = addAdmission(state.rate, call.atMs, call.tokens)
  const key = addAdmission(rateOfKey(state, call.keyNumber), call.atMs, call.tokens)
  state.rate = account.log
  state.keyRates.set(familyOf(state, call.keyNumber), key.log)
  return { admissionNumber: account.admissionNumber, keyAdmissionNumber: key.admissionNumber }
}

/** What a call really used, in the minute of its admission or nowhere. */
export function correctAdmission(state: State, hold: Hold, tokens: number): void {
  if (hold.admissionNumber !== null) state.rate = correctTokens(state.rate, hold.admissionNumber, tokens)
  const family = familyOf(state, hold.keyNumber)
  const log = state.keyRates.get(family)
  if (hold.keyAdmissionNumber === null || log === undefined) return
  state.keyRates.set(family, correctTokens(log, hold.keyAdmissionNumber, tokens))
}

export function familyOf(state: State, key: KeyNumber): KeyNumber {
  return state.keys.get(key)?.family ?? key
}
