// The price of a usage: one card, one rounding up, the same for streamed and whole answers.

import type { PricedLine, PricedUsage } from '#calls/charge.ts'
import { inputTokensOf, type Usage, type UsageUnit, usageUnits } from '#calls/usage.ts'
import { assert } from '#core/assert.ts'
import { type PicoUsd, priceOfRoundedUp } from '#core/money.ts'
import type { Model, Prices } from './model.ts'
import { cardOf, type ServiceTier } from './service-tiers.ts'

/** What `usage` costs, with a line for every unit that occurred. */
export function chargeOf(model: Model, usage: Usage, tier?: ServiceTier): PricedUsage {
  if (hasFixedFee(model)) return feeOf(model)
  const prices = pricesFor(model, inputTokensOf(usage), tier)
  const lines: PricedLine[] = []
  for (const unit of usageUnits) {
    if (usage[unit] !== 0) lines.push({ unit, units: usage[unit], pricePicoUsd: rateOf(prices, unit) })
  }
  // The fee of a call is due for a call that used something; a declared zero costs nothing.
  if (prices.request !== undefined && lines.length > 0)
    lines.push({ unit: 'request', units: 1, pricePicoUsd: prices.request })
  return { costNanoUsd: priceOfRoundedUp(lines), lines }
}

/** One call costs one fee, whatever is asked and answered: policy `accept`. */
export function hasFixedFee({ cancellationPolicy }: Pick<Model, 'cancellationPolicy'>): boolean {
  return cancellationPolicy === 'accept'
}

export function feeOf({ prices }: Pick<Model, 'prices'>): PricedUsage {
  assert(prices.request !== undefined, 'a loaded model of a fixed fee has its price')
  const lines: PricedLine[] = [{ unit: 'request', units: 1, pricePicoUsd: prices.request }]
  return { costNanoUsd: priceOfRoundedUp(lines), lines }
}

/** The card that prices a whole call with this much input. */
export function pricesFor(model: Model, inputTokens: number, tier?: ServiceTier): Prices {
  const { prices, longContext } = cardOf(model, tier)
  return longContext !== undefined && inputTokens > longContext.inputTokensAbove ? longContext.prices : prices
}

/**
 * The price of a unit, or of the plain input or output that it is a kind of: a unit without a price of its own is never
 * free. The catalog refuses models whose known units would need this.
 */
export function rateOf(prices: Prices, unit: UsageUnit): PicoUsd {
  const rate = prices[unit] ?? prices[fallbacks[unit]] ?? prices[classOf[unit]]
  assert(rate !== undefined, `a loaded model has an ${classOf[unit]} price`)
  return rate
}

/** The dearest that one token of this class can cost. */
export function dearestRateOf(prices: Prices, side: 'input' | 'output'): PicoUsd {
  const rates = usageUnits.filter((unit) => classOf[unit] === side).map((unit) => rateOf(prices, unit))
  return rates.reduce((dearest, rate) => (rate > dearest ? rate : dearest))
}

const classOf: Readonly<Record<UsageUnit, 'input' | 'output'>> = {
  input: 'input',
  cacheRead: 'input',
  cacheWrite5m: 'input',
  cacheWrite1h: 'input',
  audioInput: 'input',
  output: 'output',
  reasoning: 'output',
  audioOutput: 'output',
}

const fallbacks: Readonly<Record<UsageUnit, UsageUnit>> = { ...classOf, cacheWrite1h: 'cacheWrite5m' }
