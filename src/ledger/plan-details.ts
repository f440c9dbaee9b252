// A plan's figures as they stand in commands and in the log: the reader and the writer for both.

import type { Json } from '#core/errors.ts'
import { type Consumable, type PerConsumable, readConsumable } from '#core/consumables.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { PlanTerms } from './plan-commands.ts'

const textCharactersMax = 100
/** Far above any plan; sums of it stay far below 2^53. */
const unitsMax = 1_000_000_000_000
/** $1 million. */
const creditMaxNanoUsd = 1_000_000_000_000_000

export function readTerms(value: unknown): PlanTerms | undefined {
  if (!isObject(value)) return undefined
  const id = readShortText(value['id'])
  const name = readShortText(value['name'])
  const included = readPerConsumable(value['included'], unitsMax)
  const overage = readPerConsumable(value['overage'], Number.MAX_SAFE_INTEGER)
  const credit = readWhole(value['monthlyCreditNanoUsd'])
  if (id === undefined || name === undefined || included === undefined || overage === undefined)
    return undefined
  if (credit === undefined || credit > creditMaxNanoUsd) return undefined
  const prices = Object.entries(overage).map(([consumable, price]) => [consumable, picoUsd(price)] as const)
  return { id, name, included, overage: Object.fromEntries(prices), monthlyCreditNanoUsd: nanoUsd(credit) }
}

export function termsDetail({ id, name, included, overage, monthlyCreditNanoUsd }: PlanTerms): Json {
  return { id, name, included: { ...included }, overage: { ...overage }, monthlyCreditNanoUsd }
}

function readShortText(value: unknown): string | undefined {
  const text = readString(value)
  return text !== undefined && text !== '' && text.length <= textCharactersMax ? text : undefined
}

function readPerConsumable(value: unknown, max: number): PerConsumable<number> | undefined {
  if (!isObject(value)) return undefined
  const read: { [Name in Consumable]?: number } = {}
  for (const [name, units] of Object.entries(value)) {
    const consumable = readConsumable(name)
    const whole = readWhole(units, 1)
    if (consumable === undefined || whole === undefined || whole > max) return undefined
    read[consumable] = whole
  }
  return read
}
