// Reads the fields of a JSON body at the door (pure): the value, or a refusal that names the field. A field that is not
// ours is refused, never ignored: who misspells a limit must hear it, and nobody slips in what is not offered.

import { type Refusal, refuse } from './errors.ts'
import { type NanoUsd, nanoUsd, parseUsd } from './money.ts'
import { isObject, readString } from './readers.ts'

export type Read<Value> = { ok: true; value: Value } | Refusal

/** $1 million: what one account may hold at most, and so the most that one grant can be. */
const amountMaxNanoUsd = nanoUsd(1_000_000 * 1_000_000_000)
export const textLengthMax = 200
export const nameLengthMax = 100

export function readFields(
  body: unknown,
  known: readonly string[],
  prefix = '',
): Read<{ readonly [name: string]: unknown }> {
  if (!isObject(body))
    return prefix === '' ? notAnObject() : invalid(prefix.slice(0, -1), notAnObjectAt(prefix))
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  return unknown === undefined ? { ok: true, value: body } : unknownField(`${prefix}${unknown}`)
}

export function readText(value: unknown, field: string, lengthMax: number): Read<string> {
  const text = readString(value)?.trim()
  if (text !== undefined && text !== '' && text.length <= lengthMax && isPlainText(text))
    return { ok: true, value: text }
  return invalid(field, `${field} must be a text of 1 to ${lengthMax} characters on one line.`)
}

/** No control characters: names stand in logs, headers and Postgres. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text)
}

/** Text only: a JSON number has been rounded before we see it. */
export function readAmount(value: unknown, field: string): Read<NanoUsd> {
  const amount = readAmountFromZero(value, field)
  return amount.ok && amount.value === 0 ? invalid(field, amountMessage(field, 'more than 0')) : amount
}

export function readSignedAmount(value: unknown, field: string): Read<NanoUsd> {
  const text = readString(value)
  const amount = text === undefined ? undefined : parseUsd(text)
  if (amount !== undefined && amount !== 0 && Math.abs(amount) <= amountMaxNanoUsd)
    return { ok: true, value: amount }
  return invalid(
    field,
    `${field} must be a decimal text of US dollars such as "-12.50": not 0, from -1000000 to 1000000, at most 9 decimals.`,
  )
}

export function readAmountFromZero(value: unknown, field: string): Read<NanoUsd> {
  const text = readString(value)
  const amount = text === undefined ? undefined : parseUsd(text)
  if (amount !== undefined && amount >= 0 && amount <= amountMaxNanoUsd) return { ok: true, value: amount }
  return invalid(field, amountMessage(field, 'at least 0'))
}

function amountMessage(field: string, least: string): string {
  return `${field} must be a decimal text of US dollars such as "12.50": ${least}, at most 1000000, at most 9 decimals.`
}

export function unknownField(field: string): Refusal {
  return invalid(field, `${field.slice(0, textLengthMax)} is not a field of this request.`)
}

export function notAnObject(): Refusal {
  return refuse('invalid_request', { message: 'The body must be a JSON object.' })
}

function notAnObjectAt(prefix: string): string {
  return `${prefix.slice(0, -1)} must be a JSON object.`
}

export function invalid(param: string, message: string): Refusal {
  return refuse('invalid_request', { message, param: param.slice(0, textLengthMax) })
}

/** How many of a list are asked for: a whole number in digits; `otherwise` where nothing is said. */
export function readPageLimit(
  query: URLSearchParams,
  { otherwise, most }: { otherwise: number; most: number },
): Read<number> {
  const text = query.get('limit') ?? String(otherwise)
  const limit = /^\d{1,15}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= most
    ? { ok: true, value: limit }
    : invalid('limit', `limit must be a whole number from 1 to ${most}.`)
}

export function invalidCursor(): Refusal {
  return invalid('cursor', 'cursor must be the next_cursor of the page before.')
}
