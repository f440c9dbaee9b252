// How much text and how many pictures a request holds, counted on the decoded body without recursion: neither depth nor
// size of a body can overflow the stack.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject } from '#core/readers.ts'

export type BodyMeasure = { ok: true; textBytes: number; images: number }

/** Deeper than any real JSON schema; JSON.stringify would overflow the stack at some thousands. */
const depthMax = 100

/** `none` is only checked, `values` counts texts, `all` counts names too: schemas reach the model with their names. */
type Counting = 'none' | 'values' | 'all'

const countingOf: ReadonlyMap<string, Counting> = new Map([
  ['messages', 'values'],
  ['tools', 'all'],
  ['functions', 'all'],
  ['response_format', 'all'],
  ['prediction', 'values'],
])

type Item = { value: unknown; depth: number; counting: Counting; field: string }

export function measureBody(body: JsonObject): BodyMeasure | Refusal {
  const measure: BodyMeasure = { ok: true, textBytes: 0, images: 0 }
  const open: Item[] = Object.entries(body).map(([field, value]) => ({
    value,
    depth: 1,
    counting: countingOf.get(field) ?? 'none',
    field,
  }))
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { value, depth, field } = item
    if (depth > depthMax)
      return refuse('invalid_request', {
        message: `"${field}" is nested more than ${depthMax} levels deep.`,
        param: field,
      })
    if (typeof value === 'number' && !Number.isFinite(value))
      return refuse('invalid_request', {
        message: `"${field}" holds a number that is too large.`,
        param: field,
      })
    if (Array.isArray(value)) pushAll(open, item, value)
    else if (isObject(value)) openObject(open, item, measure, value)
    else measure.textBytes += textBytesOf(item)
  }
  return measure
}

function pushAll(open: Item[], parent: Item, values: readonly unknown[]): void {
  for (const value of values) open.push({ ...parent, value, depth: parent.depth + 1 })
}

function openObject(open: Item[], item: Item, measure: BodyMeasure, value: JsonObject): void {
  // A picture is priced by its own rule; its address or its base64 bytes are not text.
  const isImage = item.field === 'messages' && value['type'] === 'image_url'
  if (isImage) measure.images += 1
  if (item.counting === 'all') {
    for (const name of Object.keys(value)) measure.textBytes += utf8BytesOf(name)
  }
  pushAll(open, isImage ? { ...item, counting: 'none' } : item, Object.values(value))
}

function textBytesOf({ value, counting }: Item): number {
  if (counting === 'none') return 0
  if (typeof value === 'string') return utf8BytesOf(value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value).length : 0
}
