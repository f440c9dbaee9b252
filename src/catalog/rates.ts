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

/** `usdEach('0.40')` is the price of one picture or second; exact to twelve decimals. */
export function usdEach(text: string): PicoUsd {
  const match = /^(\d{1,3})(?:\.(\d{1,12}))?$/.exec(text)
  assert(match !== null, `"${text}" is a decimal number of dollars with at most 12 decimals`)
  const [, whole = '', fraction = ''] = match
  return picoUsd(Number(`${whole}${fraction.padEnd(12, '0')}`))
}

/** Per second. An hour's price is seldom a whole number of pico-dollars per second: up by less than one. */
export function usdPerHourRoundedUp(text: string): PicoUsd {
  return picoUsd(Math.ceil(usdEach(text) / 3_600))
}

/** Dollars per million tokens, as a price page shows them. */
export type Rates = {
  input: string
  output: string
  cacheRead?: string
  cacheWrite?: string
  cacheWrite1h?: string
  audioInput?: string
}

export function pricesOf(rates: Rates): Prices {
  const { input, output, ...others } = rates
  const prices: Prices = { input: usdPerMillion(input), output: usdPerMillion(output) }
  for (const [name, unit] of rateUnits) {
    const rate = others[name]
    if (rate !== undefined) prices[unit] = usdPerMillion(rate)
  }
  return prices
}

const rateUnits = [
  ['cacheRead', 'cacheRead'],
  ['cacheWrite', 'cacheWrite5m'],
  ['cacheWrite1h', 'cacheWrite1h'],
  ['audioInput', 'audioInput'],
] as const
