// What may stand in an entry's text and detail: bounded in size, and free of characters that Postgres refuses, so that
// one strange name or upstream id can never stop the outbox.

import type { Json } from '#core/errors.ts'
import { isObject } from '#core/readers.ts'

/** An entry must fit a queue message of 128 KB with room to spare. */
const detailBytesMax = 32_768
export const textCharactersMax = 200
const clippedStringMax = 100

export function boundedText(text: string): string {
  return plainText(text).slice(0, textCharactersMax).toWellFormed()
}

/** The detail itself, or where it is too large its short plain values and a mark. */
export function boundedDetail(detail: Json): Json {
  const clean = withPlainText(detail)
  const bytes = new TextEncoder().encode(JSON.stringify(clean)).length
  if (bytes <= detailBytesMax) return clean
  const kept = isObject(clean) ? Object.entries(clean).slice(0, clippedStringMax).map(clipped) : []
  return { ...Object.fromEntries(kept), isClipped: true }
}

function clipped([name, value]: readonly [string, unknown]): [string, Json] {
  if (typeof value === 'string') return [name, value.slice(0, clippedStringMax).toWellFormed()]
  if (typeof value === 'number' || typeof value === 'boolean') return [name, value]
  return [name, Array.isArray(value) ? [] : typeof value === 'object' && value !== null ? {} : null]
}

/** Postgres's jsonb refuses U+0000 and lone surrogates. */
function plainText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

function withPlainText(value: Json): Json {
  if (typeof value === 'string') return plainText(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(withPlainText)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [plainText(name), withPlainText(inner)]),
  )
}

/** `Array.isArray` does not narrow a readonly list out of a union. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
