// Good and bad queries of the reading routes.

import { describe, expect, test } from 'vitest'
import { asMillis, dayMs } from '#core/clock.ts'
import { readCallCursor, readGroupBy, readGroupCursor, readLimit, readRange, readSeqCursor } from './query.ts'

const now = asMillis(Date.parse('2026-11-20T12:00:00Z'))
const query = (text: string) => new URLSearchParams(text)
const aCall = `gen_${'0'.repeat(22)}`
const bad = (param: string) => ({ ok: false, code: 'invalid_request', param })

describe('a bad query is refused by the name of its parameter', () => {
  // Cases: billing-bugs 30
  test.each(['0', '-1', '101', '1.5', '1e2', '', 'NaN', '9007199254740993', '5 ', '"5"'])(
    'limit=%s',
    (limit) => {
      expect(readLimit(query(`limit=${encodeURIComponent(limit)}`))).toMatchObject(bad('limit'))
    },
  )

  // Cases: billing-bugs 60
  test.each([
    "'; drop table charges",
    '%_'.repeat(100),
    '1.gen_%',
    '1',
    '-1',
    '',
    '99999999999999999999',
    `%_%.${aCall}`,
    `${'9'.repeat(20)}.${aCall}`,
  ])('cursor=%s', (cursor) => {
    expect(readCallCursor(query(`cursor=${encodeURIComponent(cursor)}`))).toMatchObject(bad('cursor'))
  })

  test.each(['-1', 'x', '1.5', '', '9'.repeat(30)])('the cursor of transactions %s', (cursor) => {
    expect(readSeqCursor(query(`cursor=${cursor}`))).toMatchObject(bad('cursor'))
  })

  test('the cursor of groups is a name of bounded length', () => {
    expect(readGroupCursor(query(`cursor=${'x'.repeat(201)}`))).toMatchObject(bad('cursor'))
    expect(readGroupCursor(query('cursor=%00'))).toMatchObject(bad('cursor'))
  })

  test.each(['from=yesterday', 'from=2026-13-01', 'from=1763000000', 'from=', 'from=2026-11-01T12:00:00'])(
    '%s',
    (text) => {
      expect(readRange(query(text), now)).toMatchObject(bad('from'))
    },
  )

  test('a range that is backwards or longer than a year', () => {
    expect(readRange(query('from=2026-11-02&to=2026-11-01'), now)).toMatchObject(bad('from'))
    expect(readRange(query('from=2024-01-01&to=2026-01-01'), now)).toMatchObject(bad('from'))
  })

  test('a way to group that there is not', () => {
    expect(readGroupBy(query('group_by=end_user'))).toEqual({ ok: true, value: 'end_user' })
    expect(readGroupBy(query('group_by=colour'))).toMatchObject(bad('group_by'))
    expect(readGroupBy(query('group_by=__proto__'))).toMatchObject(bad('group_by'))
  })
})

describe('a good query is read', () => {
  test('without a range a report covers the last 30 days', () => {
    expect(readRange(query(''), now)).toEqual({ ok: true, value: { from: now - 30 * dayMs, to: now } })
  })

  test('a date alone means its first moment, and a zone counts', () => {
    expect(readRange(query('from=2026-11-01&to=2026-11-02T01:00:00%2B01:00'), now)).toEqual({
      ok: true,
      value: { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-11-02T00:00:00Z') },
    })
  })

  test('a cursor leads back to its call', () => {
    const cursor = `1763000000000.gen_${'0'.repeat(22)}`
    expect(readCallCursor(query(`cursor=${cursor}`))).toEqual({
      ok: true,
      value: { createdAt: 1_763_000_000_000, callId: `gen_${'0'.repeat(22)}` },
    })
  })
})
