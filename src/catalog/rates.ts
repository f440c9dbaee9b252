// Prices as people publish them, dollars per million tokens, into whole pico-dollars per token. Text in, so that no float touches money.

import { assert } from '#core/assert.ts'
import { type PicoUsd, picoUsd } from '#core/money.ts'
import type { Prices } from './model.ts'

/** `usdPerMillion('0.0375')` is 37,500 pico-dollars per token. */
export function usdPerMillion(text: string): PicoUsd {
  const match = /^(\d{1,6})(?:\.(\d{1,6}))?$/.exec(text)
  assert(match !== null, `"${text}" is a decimal number of dollars with at most 6 decimals`)
  const [, whole = '', fraction = ''] = match
  // $1 per million tokens is $0.000001, or 1,000,000 pico-dollars, per token: six decimals are exact.
  return picoUsd(Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0')))
}

/** Dollars per million tokens, as a price page shows them. */
export type Rates = { input: string; cacheRead?: string; cacheWrite?: string; output: string }

export function pricesOf(rates: Rates): Prices {
  return {
    input: usdPerMillion(rates.input),
    output: usdPerMillion(rates.output),
    ...(rates.cacheRead === undefined ? {} : { cacheRead: usdPerMillion(rates.cacheRead) }),
    ...(rates.cacheWrite === undefined ? {} : { cacheWrite5m: usdPerMillion(rates.cacheWrite) }),
  }
}
