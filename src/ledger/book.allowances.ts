// What must be true of an account's plan at any time, counted from its entries alone. Not part of the product.

import { assert } from '#core/assert.ts'
import { type Consumable, consumables } from '#core/consumables.ts'
import { objectOf } from '#core/readers.ts'
import { type Taken, readTaken, usedOf } from './allowances.ts'
import type { Entry } from './entry.ts'
import { readTerms } from './plan-details.ts'
import type { State } from './state.ts'

/** What is used is what the entries of the period say, and no period was granted twice. */
export function checkAllowances({ allowances }: State, entries: readonly Entry[]): void {
  const grants = entries.filter(({ kind }) => kind === 'allowance')
  const starts = new Set(grants.map(({ reference }) => reference))
  assert(starts.size === grants.length, 'a period is granted once')
  const isNow = ({ periodStartMs }: Taken) => periodStartMs === allowances.period?.startMs
  const taken = entries.flatMap(({ detail }) => readTaken(objectOf(detail)) ?? [])
  for (const consumable of consumables) {
    const units = taken.filter((one) => isNow(one) && one.consumable === consumable)
    const sum = units.reduce((total, one) => total + one.units, 0)
    assert(usedOf(allowances, consumable) === sum && sum >= 0, 'what is used is the sum of what was taken')
    const most = Math.max(0, ...plansOf(entries, consumable))
    assert(sum <= most, 'no more is used than a plan has ever included')
  }
}

/** Agreed with, or granted for a period that was paid for. */
function plansOf(entries: readonly Entry[], consumable: Consumable): number[] {
  const plans = entries.filter(({ kind }) => kind === 'plan' || kind === 'allowance')
  return plans.flatMap(({ detail }) => {
    const { terms, included } = objectOf(detail)
    const granted = Number(objectOf(included)[consumable] ?? 0)
    return [readTerms(terms)?.included[consumable] ?? 0, granted]
  })
}
