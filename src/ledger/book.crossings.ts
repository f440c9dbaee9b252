// What must be true of the levels and limits in a log, by an outsider's own count. Not part of the product.

import { assert } from '#core/assert.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { Entry } from './entry.ts'
import { levelOf } from './levels.ts'
import type { State } from './state.ts'

export function checkCrossings(entries: readonly Entry[], state: State): void {
  const levels = entries.filter(({ kind }) => kind === 'level')
  for (const [index, level] of levels.entries()) {
    const before = levels[index - 1]
    assert(fieldOf(level, 'level') !== fieldOf(level, 'before'), 'a level that is told is another one')
    if (before !== undefined)
      assert(fieldOf(level, 'before') === fieldOf(before, 'level'), 'each change of level is told once')
    const cause = entries[level.seq - 2]
    assert(cause?.balanceAfterNanoUsd === level.balanceAfterNanoUsd, 'a level stands behind its cause')
  }
  const last = levels.at(-1)
  if (last !== undefined) assert(fieldOf(last, 'level') === levelOf(state.levels), 'the last level is now')
  const limits = entries.filter(({ kind }) => kind === 'limit_reached')
  assert(new Set(limits.map(({ reference }) => reference)).size === limits.length, 'a limit is told once')
  for (const limit of limits) {
    const [step, most, spent] = ['step', 'limitNanoUsd', 'spentNanoUsd'].map(
      (name) => readWhole(fieldOf(limit, name)) ?? 0,
    )
    assert((spent ?? 0) * 100 >= (most ?? 0) * (step ?? 0), 'a limit is told when so much of it is spent')
  }
}

function fieldOf({ detail }: Entry, name: string): unknown {
  return isObject(detail) ? detail[name] : undefined
}
