// Reads the query of a reading route (pure): our type, or a refusal that names the parameter.

import { invalidCursor } from '#core/fields.ts'
import { addMillis, asMillis, dayMs, type Millis } from '#core/clock.ts'
import { refuse, type Refusal } from '#core/errors.ts'
import { readCallId } from '#core/ids.ts'
import type { CallCursor, GroupBy } from '#settlement/usage.ts'

export type Read<Value> = { ok: true; value: Value } | Refusal

export const pageLimitDefault = 50
/** A page is one answer of the object or one query: both stay far below their limits. */
export const pageLimitMax = 100

export function readLimit(query: URLSearchParams): Read<number> {
  const text = query.get('limit')
  if (text === null) return { ok: true, value: pageLimitDefault }
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > pageLimitMax)
    return refuse('invalid_request', {
      message: `limit must be a whole number from 1 to ${pageLimitMax}.`,
      param: 'limit',
    })
  return { ok: true, value }
}

/** The number of the entry before which the next page begins. */
export function readSeqCursor(query: URLSearchParams): Read<number> {
  const text = query.get('cursor')
  if (text === null) return { ok: true, value: Number.MAX_SAFE_INTEGER }
  return /^\d{1,15}$/.test(text) ? { ok: true, value: Number(text) } : invalidCursor()
}

export function readCallCursor(query: URLSearchParams): Read<CallCursor | undefined> {
  const text = query.get('cursor')
  if (text === null) return { ok: true, value: undefined }
  const [time = '', id] = text.split('.')
  const callId = readCallId(id) ?? readMeteredId(id)
  if (!/^\d{1,14}$/.test(time) || callId === undefined) return invalidCursor()
  return { ok: true, value: { createdAt: asMillis(Number(time)), callId } }
}

/** What was metered stands among the calls. */
function readMeteredId(text: string | undefined): string | undefined {
  return text !== undefined && /^mtr_[0-9a-f]{32}$/.test(text) ? text : undefined
}

/** The longest name of a group: a model's. */
const groupCursorLengthMax = 200

export function readGroupCursor(query: URLSearchParams): Read<string | undefined> {
  const text = query.get('cursor')
  if (text === null) return { ok: true, value: undefined }
  const isName = text.length <= groupCursorLengthMax && !text.includes('\u0000')
  return isName ? { ok: true, value: text } : invalidCursor()
}

const groupNames: Readonly<Record<GroupBy, GroupBy>> = {
  model: 'model',
  key: 'key',
  day: 'day',
  end_user: 'end_user',
}

export function readGroupBy(query: URLSearchParams): Read<GroupBy | undefined> {
  const text = query.get('group_by')
  if (text === null) return { ok: true, value: undefined }
  const value = Object.values(groupNames).find((name) => name === text)
  if (value !== undefined) return { ok: true, value }
  return refuse('invalid_request', {
    message: 'group_by must be model, key, day or end_user.',
    param: 'group_by',
  })
}

/** A report covers at most a year at once. */
const rangeDaysMax = 366
const rangeDaysDefault = 30

/** From `from` up to, not including, `to`; a date alone means its first moment, UTC. */
export function readRange(query: URLSearchParams, now: Millis): Read<{ from: Millis; to: Millis }> {
  const to = readTime(query, 'to', now)
  if (!to.ok) return to
  const from = readTime(query, 'from', addMillis(to.value, -rangeDaysDefault * dayMs))
  if (!from.ok) return from
  if (from.value >= to.value)
    return refuse('invalid_request', { message: 'from must be before to.', param: 'from' })
  if (to.value - from.value > rangeDaysMax * dayMs)
    return refuse('invalid_request', {
      message: `The range may cover at most ${rangeDaysMax} days.`,
      param: 'from',
    })
  return { ok: true, value: { from: from.value, to: to.value } }
}

const isoDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

function readTime(query: URLSearchParams, name: 'from' | 'to', absent: Millis): Read<Millis> {
  const text = query.get(name)
  if (text === null) return { ok: true, value: absent }
  const value = isoDate.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(value) && value >= 0) return { ok: true, value: asMillis(value) }
  return refuse('invalid_request', {
    message: `${name} must be a date or a time with its zone, such as 2026-11-01 or 2026-11-01T12:00:00Z.`,
    param: name,
  })
}

type DayNames<Name extends string> = { first: Name; last: Name; absentLast: Millis }

/** Two dates that other platforms' routes call by other names, both as the first moment of their day; whether the last one counts is the route's affair. */
export function readDays<Name extends string>(
  query: URLSearchParams,
  names: DayNames<Name>,
): Read<{ first: Millis; last: Millis }> {
  const last = readDay(query, names.last, names.absentLast)
  if (!last.ok) return last
  const first = readDay(query, names.first, addMillis(last.value, -rangeDaysDefault * dayMs))
  if (!first.ok) return first
  if (first.value > last.value)
    return refuse('invalid_request', {
      message: `${names.first} must not be after ${names.last}.`,
      param: names.first,
    })
  if (last.value - first.value > rangeDaysMax * dayMs)
    return refuse('invalid_request', {
      message: `The range may cover at most ${rangeDaysMax} days.`,
      param: names.first,
    })
  return { ok: true, value: { first: first.value, last: last.value } }
}

function readDay(query: URLSearchParams, name: string, absent: Millis): Read<Millis> {
  const text = query.get(name)
  if (text === null) return { ok: true, value: absent }
  const value = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(value) && value >= 0) return { ok: true, value: asMillis(value) }
  return refuse('invalid_request', { message: `${name} must be a date such as 2026-11-01.`, param: name })
}
