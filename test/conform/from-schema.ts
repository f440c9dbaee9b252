// Values that a schema allows, made by chance: requests and answers as the vendors' types permit them, not as we would have
// written them. A seed always makes the same one; its number is all that a failure has to print.

import type { Definitions, Schema } from './schema-check.ts'
import { fits, flattened } from './schema-check.ts'

/** A whole number below `count`. */
export type Chance = (count: number) => number

/** Mulberry32: as good as is needed here, and the same on every machine. */
export function chanceOf(seed: number): Chance {
  let state = seed
  return (count) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count)
  }
}

/** Below this depth only what is required is made. */
const depthMax = 7
const itemsMax = 3
/** Of an optional field to be there, in percent. */
const optionalPercent = 25

const texts = [
  'Hello',
  '{}',
  '{"city":"Paris"}',
  'Grüße 世界 🌍',
  'https://example.com/a.png',
  'data:image/png;base64,iVBORw0KGgo=',
  'call_1',
  'get_weather',
  'rs_1',
]
const numbers = [0, 1, 2, 7, 0.5, 1_024, 4_096]

export type Making = {
  definitions: Definitions
  chance: Chance
  /** Values for fields of these names, where chance would never find one that means anything. */
  fixed: { readonly [field: string]: readonly unknown[] }
  /** Fields that are always there, lists among them with one item at least. */
  filled: readonly string[]
  /** Of many alternatives, those of these types are taken four times out of five. */
  likely: readonly string[]
}

const likelyPercent = 80

export function made(name: string, making: Making): unknown {
  return makeValue({ $ref: `#/definitions/${name}` }, making, 0)
}

function makeValue(schema: Schema, making: Making, depth: number): unknown {
  const alternatives = flattened(schema, making.definitions)
  const likely = alternatives.filter((one) => isLikely(one, making.likely))
  const isUsual = likely.length > 0 && making.chance(100) < likelyPercent
  const chosen = oneOf(isUsual ? likely : alternatives, making.chance) ?? {}
  if ('const' in chosen) return chosen.const
  if (chosen.enum !== undefined) return oneOf(chosen.enum, making.chance)
  const types = typeof chosen.type === 'string' ? [chosen.type] : (chosen.type ?? ['object'])
  const type = oneOf(types, making.chance) ?? 'null'
  if (type === 'array') return makeItems(chosen, making, depth)
  if (type === 'object') return makeFields(chosen, making, depth)
  if (type === 'string') return oneOf(texts, making.chance)
  if (type === 'number' || type === 'integer') return oneOf(numbers, making.chance)
  return type === 'boolean' ? making.chance(2) === 1 : null
}

function isLikely({ properties }: Schema, likely: readonly string[]): boolean {
  const type = properties?.['type']
  return type === undefined || !('const' in type) || likely.some((one) => one === type.const)
}

function makeItems({ items }: Schema, making: Making, depth: number): unknown[] {
  if (items === undefined) return []
  const count = depth > depthMax ? 0 : making.chance(itemsMax + 1)
  return Array.from({ length: count }, () => makeValue(items, making, depth + 1))
}

function makeFields(
  { properties = {}, required = [] }: Schema,
  making: Making,
  depth: number,
): { [name: string]: unknown } {
  const { chance, fixed, filled } = making
  const wanted = Object.entries(properties).filter(
    ([name]) =>
      required.includes(name) ||
      filled.includes(name) ||
      (depth <= depthMax && chance(100) < optionalPercent),
  )
  return Object.fromEntries(
    wanted.map(([name, schema]) => {
      const values = (fixed[name] ?? []).filter((value) =>
        value === undefined ? !required.includes(name) : fits(value, schema, making.definitions),
      )
      if (values.length > 0) return [name, oneOf(values, chance)]
      const value = makeValue(schema, making, depth + 1)
      return [name, isEmpty(value) && filled.includes(name) ? makeOneItem(schema, making, depth) : value]
    }),
  )
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}

function makeOneItem(schema: Schema, making: Making, depth: number): unknown {
  const items = flattened(schema, making.definitions).find((one) => one.items !== undefined)?.items
  return items === undefined ? [] : [makeValue(items, making, depth + 1)]
}

export function oneOf<Value>(values: readonly Value[], chance: Chance): Value | undefined {
  return values.length === 0 ? undefined : values[chance(values.length)]
}
