// From messages to rows: repeats, orders, and what explains a charge.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import { readSentEntries, type SentEntries } from './message.ts'
import { rowsOf } from './rows.ts'

const accountId = 'acct_e00000000000000'
const receivedAt = asMillis(Date.parse('2026-11-01T12:00:00Z'))

type Line = {
  seq: number
  kind: string
  reference?: string
  hash?: string
  keyNumber?: number
  detail?: object
}

function sent(...lines: Line[]): SentEntries {
  const entries = lines.map(({ seq, kind, reference = 'r', hash = `h${seq}`, keyNumber, detail = {} }) => ({
    epoch: 1,
    seq,
    kind,
    reference,
    hash,
    detail,
    keyNumber: keyNumber ?? null,
    amountNanoUsd: 0,
    balanceAfterNanoUsd: 0,
    createdAtMs: Date.parse('2026-11-01T00:00:00Z') + seq * 1_000,
  }))
  const read = readSentEntries({ accountId, entries })
  if (read === undefined) throw new Error('the test wrote a bad message')
  return read
}

describe('messages become rows', () => {
  // Cases: billing-bugs 45
  test('the same line twice in one batch is one row, and another line under its number is a conflict', () => {
    const rows = rowsOf(
      [
        sent({ seq: 1, kind: 'create' }),
        sent({ seq: 1, kind: 'create' }),
        sent({ seq: 1, kind: 'create', hash: 'no' }),
      ],
      receivedAt,
    )
    expect(rows.entries.map(({ seq, hash }) => ({ seq, hash }))).toEqual([{ seq: 1, hash: 'h1' }])
    expect(rows.conflicts).toEqual([{ accountId, epoch: 1, seq: 1, stored: 'h1', sent: 'no' }])
  })

  test('a call is explained by its newest line, in whatever order they come', () => {
    const usage: Line = { seq: 2, kind: 'usage', reference: 'gen_1', detail: { rule: 'hold_expired' } }
    const late: Line = { seq: 5, kind: 'late', reference: 'gen_1', detail: { rule: 'done' } }
    for (const lines of [
      [usage, late],
      [late, usage],
    ])
      expect(rowsOf([sent(...lines)], receivedAt).charges).toMatchObject([{ rule: 'done', last_seq: 5 }])
  })

  // Requirements: 62
  test('a charge says who executed its call, and nothing where nobody could tell', () => {
    const detail = { provider: 'together', executedModel: 'zai-org/GLM-5.3', upstreamId: 'up-1' }
    const rows = rowsOf(
      [sent({ seq: 2, kind: 'usage', detail }), sent({ seq: 3, kind: 'usage', reference: 's' })],
      receivedAt,
    )
    expect(rows.charges).toMatchObject([
      { provider: 'together', executed_model: 'zai-org/GLM-5.3', upstream_id: 'up-1' },
      { provider: '', executed_model: null, upstream_id: null },
    ])
  })

  test('a charge without a word of explanation is a row all the same', () => {
    const [charge] = rowsOf([sent({ seq: 2, kind: 'usage', reference: 'gen_1' })], receivedAt).charges
    expect(charge).toMatchObject({ call_id: 'gen_1', model: '', input_tokens: 0, price_lines: [] })
  })

  test('input and output are the sums of their disjoint parts', () => {
    const usage = { input: 7, cacheRead: 3, cacheWrite5m: 2, audioInput: 1, output: 5, reasoning: 4 }
    const [charge] = rowsOf([sent({ seq: 2, kind: 'usage', detail: { usage } })], receivedAt).charges
    expect(charge).toMatchObject({ input_tokens: 13, output_tokens: 9 })
  })

  test('a revoked key keeps its name and stays revoked, in whatever order the words come', () => {
    const put: Line = { seq: 3, kind: 'key', keyNumber: 1, detail: { action: 'put', name: 'laptop' } }
    const revoke: Line = { seq: 4, kind: 'key', keyNumber: 1, detail: { action: 'revoke' } }
    for (const lines of [
      [put, revoke],
      [revoke, put],
    ])
      expect(rowsOf([sent(...lines)], receivedAt).keys).toMatchObject([
        { key_number: 1, name: 'laptop', is_disabled: true, created_at: '2026-11-01T00:00:03.000Z' },
      ])
  })

  test('the rows of a batch come in the order of their keys, so that two writers never wait for each other', () => {
    const rows = rowsOf(
      [sent({ seq: 9, kind: 'usage', reference: 'gen_b' }, { seq: 3, kind: 'usage' })],
      receivedAt,
    )
    expect(rows.charges.map(({ call_id }) => call_id)).toEqual(['gen_b', 'r'])
  })
})
