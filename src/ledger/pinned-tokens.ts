// The tokens of a plan that running calls keep for themselves.

import type { State } from './state.ts'

/** Of this period: what a call of the last one pinned is no part of what is left now. */
export function pinnedTokens({ holds, allowances }: State): number {
  let sum = 0
  for (const { cover } of holds.values())
    if (cover !== null && cover.periodStartMs === allowances.period?.startMs) sum += cover.units
  return sum
}
