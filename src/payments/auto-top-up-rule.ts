// What customers may agree to about automatic top-up, as data: change the figures here. Another rule than this product's
// (a threshold from zero, any amount above it) is other figures, not other code.

import { type NanoUsd, formatUsd, nanoUsd, timesNanoUsd } from '#core/money.ts'
import type { AutoTopUpTerms } from '#ledger/auto-top-up-commands.ts'

const dollarNanoUsd = 1_000_000_000

export type AutoTopUpRule = {
  readonly thresholdMinNanoUsd: NanoUsd
  /** The amount is at least so many times the threshold, so that one attempt is enough. */
  readonly multipleMin: number
  readonly amountMinNanoUsd: NanoUsd
  readonly amountMaxNanoUsd: NanoUsd
}

export const autoTopUpRule: AutoTopUpRule = {
  thresholdMinNanoUsd: nanoUsd(5 * dollarNanoUsd),
  multipleMin: 2,
  amountMinNanoUsd: nanoUsd(5 * dollarNanoUsd),
  amountMaxNanoUsd: nanoUsd(2_500 * dollarNanoUsd),
}

/** Which field of the terms breaks the rule, and how to mend it; undefined where none does. */
export function breachOf(
  { thresholdNanoUsd, amountNanoUsd, monthlyCapNanoUsd }: AutoTopUpTerms,
  rule: AutoTopUpRule = autoTopUpRule,
): { field: 'threshold' | 'amount' | 'monthly_cap'; message: string } | undefined {
  const { thresholdMinNanoUsd, multipleMin, amountMinNanoUsd, amountMaxNanoUsd } = rule
  if (thresholdNanoUsd < thresholdMinNanoUsd)
    return {
      field: 'threshold',
      message: `threshold must be at least "${formatUsd(thresholdMinNanoUsd)}".`,
    }
  const multiple = timesNanoUsd(thresholdNanoUsd, multipleMin)
  const least = multiple > amountMinNanoUsd ? multiple : amountMinNanoUsd
  if (amountNanoUsd < least)
    return {
      field: 'amount',
      message: `amount must be at least ${multipleMin} times the threshold: "${formatUsd(least)}".`,
    }
  if (amountNanoUsd > amountMaxNanoUsd)
    return { field: 'amount', message: `amount must be at most "${formatUsd(amountMaxNanoUsd)}".` }
  if (monthlyCapNanoUsd !== null && monthlyCapNanoUsd < amountNanoUsd)
    return { field: 'monthly_cap', message: 'monthly_cap must be at least the amount, or null for none.' }
  return undefined
}
