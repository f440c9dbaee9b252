// What must hold after every step: the cheap ones on every group in production, all of them in the simulation.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Entry } from './entry.ts'
import { freeOf, worthOf } from './lots.ts'
import type { State } from './state.ts'

/** The names of the invariants that a group of commands has broken; `written` are its entries. */
export function brokenInvariants(before: State, after: State, written: readonly Entry[]): readonly string[] {
  const sum = addNanoUsd(before.postedNanoUsd, ...written.map((entry) => entry.amountNanoUsd))
  const broken: string[] = []
  if (sum !== after.postedNanoUsd) broken.push('posted is the sum of all entries')
  if (heldBy(after) !== after.heldNanoUsd) broken.push('held is the sum of all open holds')
  if (worthOf(after) !== after.postedNanoUsd) broken.push('posted is the sum of all lots less the debt')
  if (!areLotsSound(after)) broken.push('no lot holds less than what is pinned of it')
  if (!isGapless(before.headSeq, written) || after.headSeq !== before.headSeq + written.length) {
    broken.push('entries are numbered without a gap')
  }
  return broken
}

function heldBy(state: State): NanoUsd {
  return [...state.holds.values()].reduce((sum, hold) => addNanoUsd(sum, hold.heldNanoUsd), zeroNanoUsd)
}

/** I12. */
function areLotsSound({ lots, debtNanoUsd, pinned }: State): boolean {
  const known = new Set(lots.map(({ seq }) => seq))
  return (
    debtNanoUsd >= 0 &&
    lots.every((lot) => lot.remainingNanoUsd > 0 && freeOf(lot, pinned) >= 0) &&
    [...pinned.keys()].every((seq) => known.has(seq))
  )
}

function isGapless(headSeq: number, written: readonly Entry[]): boolean {
  return written.every((entry, index) => entry.seq === headSeq + 1 + index)
}
