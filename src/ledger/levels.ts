// Whether an account is running out: a level that follows from the entries alone, so that what a listener was told and what
// it missed are the same (events.ts). What falls and rises again by little changes nothing: rising takes one step more.

import { type NanoUsd, addNanoUsd, maxNanoUsd, nanoUsd } from '#core/money.ts'

export type Level = 'ok' | 'low' | 'depleted'

/** After which entry the level became another one, with the figures that made it so. */
export type LevelChange = {
  readonly seq: number
  readonly level: Level
  readonly balanceNanoUsd: NanoUsd
  readonly thresholdNanoUsd: NanoUsd
  readonly atMs: number
}

/** Whoever was away for more changes than these hears the present alone. */
export const levelChangesKept = 20

/** One cent: the least that counts as rising, where a tenth of the threshold is less. */
const leastStepNanoUsd = nanoUsd(10_000_000)

export function levelOf(levels: readonly LevelChange[]): Level {
  return levels.at(-1)?.level ?? 'depleted'
}

/** `fundsNanoUsd`: what the account has and is lent. What running calls hold comes back or becomes an entry. */
export function levelsAfter(
  levels: readonly LevelChange[],
  { fundsNanoUsd, ...figures }: Omit<LevelChange, 'level'> & { fundsNanoUsd: NanoUsd },
): readonly LevelChange[] {
  const before = levelOf(levels)
  const level = levelAfter(before, fundsNanoUsd, figures.thresholdNanoUsd)
  return level === before ? levels : [...levels.slice(1 - levelChangesKept), { ...figures, level }]
}

export function levelAfter(before: Level, fundsNanoUsd: NanoUsd, thresholdNanoUsd: NanoUsd): Level {
  const step = maxNanoUsd(leastStepNanoUsd, nanoUsd(Math.floor(thresholdNanoUsd / 10)))
  if (fundsNanoUsd <= 0) return 'depleted'
  if (before === 'depleted' && fundsNanoUsd <= step) return 'depleted'
  if (fundsNanoUsd <= thresholdNanoUsd) return 'low'
  return before !== 'ok' && fundsNanoUsd <= addNanoUsd(thresholdNanoUsd, step) ? 'low' : 'ok'
}
