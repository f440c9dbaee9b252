// The door of the entries queue: what is a message and what is not.

import { describe, expect, test } from 'vitest'
import { readSentEntries } from './message.ts'

const entry = {
  epoch: 1,
  seq: 1,
  kind: 'grant',
  reference: 'grant:1',
  amountNanoUsd: 5,
  balanceAfterNanoUsd: 5,
  createdAtMs: 1_700_000_000_000,
  keyNumber: null,
  detail: { reason: 'start' },
  hash: 'abc',
}
const accountId = 'acct_e00000000000000'

describe('a queue message is read at the door', () => {
  test('entries of a kind that is not known yet are kept as they are', () => {
    const sent = readSentEntries({ accountId, entries: [{ ...entry, kind: 'opening' }] })
    expect(sent?.entries[0]).toMatchObject({ kind: 'opening', amountNanoUsd: 5, keyNumber: null })
  })

  test.each([
    ['no object', 'text'],
    ['no account', { entries: [entry] }],
    ['an id that is none', { accountId: "acct_'; drop table accounts", entries: [entry] }],
    ['no entries', { accountId, entries: [] }],
    ['an amount as text', { accountId, entries: [{ ...entry, amountNanoUsd: '5' }] }],
    ['an amount beyond exact numbers', { accountId, entries: [{ ...entry, amountNanoUsd: 2 ** 53 }] }],
    ['a fraction', { accountId, entries: [{ ...entry, balanceAfterNanoUsd: 0.5 }] }],
    ['a number below one', { accountId, entries: [{ ...entry, seq: 0 }] }],
    ['no hash', { accountId, entries: [{ ...entry, hash: '' }] }],
    ['a time beyond the year 9999', { accountId, entries: [{ ...entry, createdAtMs: 8e15 }] }],
    ['one bad line among good ones', { accountId, entries: [entry, null] }],
  ])('%s is no message', (_what, body) => {
    expect(readSentEntries(body)).toBeUndefined()
  })

  test('what Postgres cannot hold in a text is replaced, everywhere in the detail', () => {
    const detail = { ['a\u0000b']: ['x\uD800', { deep: '\u0000' }], figure: 1.5, flag: true, none: null }
    const sent = readSentEntries({ accountId, entries: [{ ...entry, reference: 'r\u0000', detail }] })
    expect(sent?.entries[0]?.reference).toBe('r\uFFFD')
    expect(sent?.entries[0]?.detail).toEqual({
      ['a\uFFFDb']: ['x\uFFFD', { deep: '\uFFFD' }],
      figure: 1.5,
      flag: true,
      none: null,
    })
  })
})
