// Holds a value against a JSON schema of the kind that schemas/generate.mjs makes: every field that the schema does not know is
// a problem, every enumeration is closed. A small checker of our own, because its words must lead to the field: of a union it
// reports the alternative that was meant, not fifty that were not.

import { isObject, type JsonObject } from '#core/readers.ts'

export type Schema = {
  $ref?: string
  type?: string | readonly string[]
  properties?: { readonly [name: string]: Schema }
  required?: readonly string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: readonly Schema[]
  const?: unknown
  enum?: readonly unknown[]
  pattern?: string
}

export type Definitions = { readonly [name: string]: Schema }

/** What is known to this checker: a schema with any other word in it would be checked in part only. */
export const knownKeywords: readonly string[] = [
  '$ref',
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'const',
  'enum',
  'pattern',
  // Of numbers and dates in text: no dialect lets us write one wrongly.
  'format',
]

const refPrefix = '#/definitions/'

/** Empty where the value holds to the schema; else one sentence per difference, with the place in front. */
export function differences(value: unknown, name: string, definitions: Definitions): string[] {
  return check(value, { $ref: `${refPrefix}${name}` }, { at: name, definitions })
}

export function fits(value: unknown, schema: Schema, definitions: Definitions): boolean {
  return check(value, schema, { at: '', definitions }).length === 0
}

type Place = { at: string; definitions: Definitions }

function check(value: unknown, schema: Schema, place: Place): string[] {
  if (schema.$ref !== undefined) return check(value, resolved(schema, place.definitions), place)
  if (schema.anyOf !== undefined) return checkUnion(value, schema.anyOf, place)
  const { at } = place
  if ('const' in schema && value !== schema.const)
    return [`${at} is ${shown(value)}, not ${shown(schema.const)}`]
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${at} is ${shown(value)}, not one of ${shown(schema.enum)}`]
  if (!isOfType(value, schema.type)) return [`${at} is ${shown(value)}, not of type ${shown(schema.type)}`]
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value)))
    return [`${at} is ${shown(value)}, not like ${schema.pattern}`]
  if (Array.isArray(value)) return checkItems(value, schema.items, place)
  return isObject(value) ? checkFields(value, schema, place) : []
}

function resolved(schema: Schema, definitions: Definitions): Schema {
  if (schema.$ref === undefined) return schema
  const name = schema.$ref.slice(refPrefix.length)
  const found = definitions[name]
  if (found === undefined) throw new Error(`the schemas have no ${name}`)
  return resolved(found, definitions)
}

function checkItems(value: readonly unknown[], items: Schema | undefined, place: Place): string[] {
  if (items === undefined) return []
  return value.flatMap((one, index) => check(one, items, { ...place, at: `${place.at}[${index}]` }))
}

function checkFields(value: JsonObject, schema: Schema, place: Place): string[] {
  const { properties = {}, required = [], additionalProperties: others = true } = schema
  const missing = required
    .filter((name) => value[name] === undefined)
    .map((name) => `${place.at}.${name} is missing`)
  const wrong = Object.entries(value).flatMap(([name, one]) => {
    const at = { ...place, at: `${place.at}.${name}` }
    const known = properties[name]
    if (known !== undefined) return check(one, known, at)
    if (typeof others === 'object') return check(one, others, at)
    return others ? [] : [`${at.at} is no field there`]
  })
  return [...missing, ...wrong]
}

/** The alternatives whose constant fields fit are those that were meant; of these the nearest one is reported. */
function checkUnion(value: unknown, alternatives: readonly Schema[], place: Place): string[] {
  const all = alternatives.flatMap((one) => flattened(one, place.definitions))
  const meant = all.filter((one) => isMeant(value, one, place.definitions))
  if (meant.length === 0)
    return [`${place.at} is ${shown(value)}, which none of ${all.length} alternatives is`]
  let nearest: string[] | undefined
  for (const one of meant) {
    const found = check(value, one, place)
    if (found.length === 0) return []
    if (nearest === undefined || found.length < nearest.length) nearest = found
  }
  return nearest ?? []
}

/** A schema without references and unions at its top: each of the alternatives that it stands for. */
export function flattened(schema: Schema, definitions: Definitions): readonly Schema[] {
  const known = flat.get(definitions) ?? new WeakMap<Schema, readonly Schema[]>()
  flat.set(definitions, known)
  const found = known.get(schema)
  if (found !== undefined) return found
  const at = resolved(schema, definitions)
  const all = at.anyOf === undefined ? [at] : at.anyOf.flatMap((one) => flattened(one, definitions))
  known.set(schema, all)
  return all
}

/** The union of a stream's events has sixty alternatives and is asked for at every event. */
const flat = new WeakMap<Definitions, WeakMap<Schema, readonly Schema[]>>()

function isMeant(value: unknown, schema: Schema, definitions: Definitions): boolean {
  if ('const' in schema) return value === schema.const
  if (schema.enum !== undefined) return schema.enum.includes(value)
  if (!isOfType(value, schema.type)) return false
  if (!isObject(value)) return true
  return Object.entries(schema.properties ?? {}).every(([name, field]) => {
    const known = resolved(field, definitions)
    return !('const' in known) || !(name in value) || value[name] === known.const
  })
}

function isOfType(value: unknown, type: Schema['type']): boolean {
  if (type === undefined) return true
  return typeof type === 'string' ? isOf(value, type) : type.some((one) => isOf(value, one))
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

const shownCharactersMax = 120

/** A value in a sentence. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text
}
