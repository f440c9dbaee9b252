// What can be bought: how much at a time, and what is given on top. Data; an operator who sells otherwise changes it here.

import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'

const dollarNanoUsd = 1_000_000_000

export const topUpMinNanoUsd = nanoUsd(5 * dollarNanoUsd)
export const topUpMaxNanoUsd = nanoUsd(2_500 * dollarNanoUsd)

/** From so much on, so many hundredths of a percent on top. The highest tier that is reached counts for all of it. */
export const bonusTiers: readonly { fromNanoUsd: NanoUsd; basisPoints: number }[] = [
  { fromNanoUsd: nanoUsd(1_000 * dollarNanoUsd), basisPoints: 500 },
]

const basisPointsOfAll = 10_000

/** Rounded down: what is given away is never more than was offered. */
export function bonusRoundedDown(netNanoUsd: NanoUsd, tiers = bonusTiers): NanoUsd {
  const reached = tiers.filter(({ fromNanoUsd }) => fromNanoUsd <= netNanoUsd)
  const basisPoints = Math.max(0, ...reached.map((tier) => tier.basisPoints))
  if (basisPoints === 0) return zeroNanoUsd
  return nanoUsd(Number((BigInt(netNanoUsd) * BigInt(basisPoints)) / BigInt(basisPointsOfAll)))
}
