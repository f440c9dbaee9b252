// How much text and how many pictures a request holds, and whether it may be read at all: neither depth nor size nor the
// number of its values can overflow the stack or fill the isolate's memory, which its other streams live in.

import { boundBytesOf } from '#calls/bound-bytes.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject } from '#core/readers.ts'

export type BodyMeasure = { ok: true; textBytes: number; images: number }

/** Deeper than any real JSON schema; JSON.stringify would overflow the stack at some thousands. */
const depthMax = 100
/** Parsed, a value of two bytes (`{}`) takes fifty: so many are 25 MB of the platform's 128, and more than any context holds. */
const valuesMax = 500_000
/** Too small a body to hold so many. */
const uncountedBytesMax = valuesMax

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBracket = 0x5b
const openBrace = 0x7b

/** Before it is parsed: the refusal of a body whose values would take many times the memory of its bytes. */
export function refuseManyValues(bytes: Uint8Array): Refusal | undefined {
  if (bytes.length <= uncountedBytesMax || valuesIn(bytes) <= valuesMax) return undefined
  return refuse('body_too_large', {
    message: `The request body has more than ${valuesMax} values. Send fewer, or send them as text.`,
  })
}

/** Each value but the first of a list or object stands behind a comma, and each list or object has its bracket. */
function valuesIn(bytes: Uint8Array): number {
  let values = 0
  let isText = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === quote) isText = !isText
    else if (isText) at += byte === backslash ? 1 : 0
    else if (byte === comma || byte === openBracket || byte === openBrace) values += 1
  }
  return values
}

/**
 * `none` is only checked, `values` counts texts, `all` counts names too (schemas reach the model with their names), `json`
 * counts all that the value's JSON text consists of.
 */
type Counting = 'none' | 'values' | 'all' | 'json'

/** What of a dialect's request reaches the model as text, by top-level field, and what of its messages does not. */
export type MeasureRules = {
  counting: ReadonlyMap<string, Counting>
  /** The field of the conversation, where parts are told apart by their type. */
  partsIn: 'messages' | 'input'
  /** The type of a picture's part: priced by its own rule; its address or its base64 bytes are not text. */
  imageType: string
  /** The type of a part whose content is a JSON value, and reaches the model as JSON text. */
  jsonType?: string
}

const chatCounting: MeasureRules['counting'] = new Map([
  ['messages', 'values'],
  ['tools', 'all'],
  ['functions', 'all'],
  ['response_format', 'all'],
  ['prediction', 'values'],
])

const chatRules: MeasureRules = { counting: chatCounting, partsIn: 'messages', imageType: 'image_url' }

export function measureBody(body: JsonObject, rules: MeasureRules = chatRules): BodyMeasure | Refusal {
  const measure: BodyMeasure = { ok: true, textBytes: 0, images: 0 }
  for (const [field, value] of Object.entries(body)) {
    const counting = rules.counting.get(field) ?? 'none'
    const why = measureValue(value, { rules, field, counting, depth: 1 }, measure)
    if (why !== undefined) return refuse('invalid_request', { message: `"${field}" ${why}.`, param: field })
  }
  return measure
}

type Place = { rules: MeasureRules; field: string; counting: Counting; depth: number }

/** Adds to `measure`, or says what is wrong. Recursive, because its own limit bounds the depth. */
function measureValue(value: unknown, place: Place, measure: BodyMeasure): string | undefined {
  if (place.depth > depthMax) return `is nested more than ${depthMax} levels deep`
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number that is too large'
  if (typeof value !== 'object' || value === null) {
    measure.textBytes += textBytesOf(value, place.counting)
    return undefined
  }
  const inner = insideOf(value, place, measure)
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    const why = measureValue(part, inner, measure)
    if (why !== undefined) return why
  }
  return undefined
}

/** The quotes of a name, its colon and the comma behind its value. */
const jsonBytesPerMember = 4
/** Brackets of a list or object; quotes of a text. */
const jsonBytesAround = 2

function insideOf(value: object, place: Place, measure: BodyMeasure): Place {
  const { rules, field, counting } = place
  const inner: Place = { ...place, depth: place.depth + 1 }
  const members = isObject(value) ? Object.keys(value) : []
  if (counting === 'all' || counting === 'json')
    for (const name of members) measure.textBytes += boundBytesOf(name)
  if (counting === 'json') {
    const count = isObject(value) ? members.length : Object.keys(value).length
    measure.textBytes += jsonBytesAround + count * jsonBytesPerMember
  }
  if (field !== rules.partsIn || !isObject(value)) return inner
  if (rules.jsonType !== undefined && value['type'] === rules.jsonType) return { ...inner, counting: 'json' }
  if (value['type'] !== rules.imageType) return inner
  measure.images += 1
  return { ...inner, counting: 'none' }
}

function textBytesOf(value: unknown, counting: Counting): number {
  if (counting === 'none') return 0
  if (typeof value === 'string') return boundBytesOf(value) + (counting === 'json' ? jsonBytesAround : 0)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value).length : 0
}
