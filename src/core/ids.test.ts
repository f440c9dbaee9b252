// Ids: their form, the time inside, and that nothing from outside passes for one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { asMillis } from './clock.ts'
import {
  accountIdPattern,
  callIdOf,
  callIdPattern,
  isOrderOfAccount,
  makeAccountId,
  makeRequestId,
  orderIdOf,
  orderIdOfEntry,
  readAccountId,
  readCallId,
  readOrderId,
} from './ids.ts'

const fixed = (value: number) => (bytes: number) => new Uint8Array(bytes).fill(value)
const latest = 2 ** 48 - 1

describe('a request id', () => {
  test('has its prefix and 22 characters, at the first and at the last moment it can carry', () => {
    for (const now of [0, 1, 1_777_777_777_777, latest])
      expect(makeRequestId(asMillis(now), fixed(255))).toMatch(/^req_[0-9A-Za-z]{22}$/)
  })

  test('sorts by the time at which it was made, whatever its random bits are', () => {
    const times = fc.integer({ min: 0, max: latest - 1 })
    fc.assert(
      fc.property(times, (time) => {
        const earlier = makeRequestId(asMillis(time), fixed(255))
        const later = makeRequestId(asMillis(time + 1), fixed(0))
        return earlier < later
      }),
    )
  })

  test('differs where one random bit differs', () => {
    const now = asMillis(1_777_777_777_777)
    const ids = Array.from({ length: 80 }, (_, bit) =>
      makeRequestId(now, (bytes) => {
        const random = new Uint8Array(bytes)
        random[bit >> 3] = 1 << (bit & 7)
        return random
      }),
    )
    expect(new Set(ids).size).toBe(80)
  })

  test('names its call by the same tail', () => {
    const requestId = makeRequestId(asMillis(1_777_777_777_777), fixed(7))
    const callId = callIdOf(requestId)
    expect(callId).toMatch(callIdPattern)
    expect(callId.slice('gen_'.length)).toBe(requestId.slice('req_'.length))
    expect(readCallId(callId)).toBe(callId)
  })
})

describe('an account id', () => {
  test('carries its region and 80 random bits', () => {
    expect(makeAccountId('e', fixed(0))).toBe('acct_e00000000000000')
    expect(makeAccountId('w', fixed(255))).toMatch(accountIdPattern)
    expect(makeAccountId('w', fixed(255)).startsWith('acct_w')).toBe(true)
  })

  test('is read back as it was made', () => {
    const random = fc.uint8Array({ minLength: 10, maxLength: 10 })
    fc.assert(
      fc.property(random, (bytes) => {
        const id = makeAccountId('e', () => bytes)
        return readAccountId(id) === id
      }),
    )
  })
})

test.each([
  [undefined],
  [null],
  [5],
  [{}],
  [['acct_e00000000000000']],
  [''],
  ['acct_'],
  ['acct_e0000000000000'],
  ['acct_e000000000000000'],
  ['acct_E00000000000000'],
  ['acct_e0000000000000-'],
  ['acct_e00000000000000\n'],
  [' acct_e00000000000000'],
  ["acct_e' OR 1=1 --   "],
  ['req_0000000000000000000000'],
  ['gen_000000000000000000000'],
  ['gen_00000000000000000000000'],
  ['gen_000000000000000000000/'],
])('%j is neither an account id nor a call id', (value) => {
  expect([readAccountId(value), readCallId(value)]).toEqual([undefined, undefined])
})

describe('an order that an account makes by itself', () => {
  const accountId = makeAccountId('w', fixed(7))
  const other = makeAccountId('w', fixed(8))

  test('has an id like any other, and differs by account, epoch and line', () => {
    const ids = [
      orderIdOfEntry(accountId, 1, 1),
      orderIdOfEntry(accountId, 1, 2),
      orderIdOfEntry(accountId, 2, 1),
      orderIdOfEntry(accountId, 1_000, 2 ** 31 - 1),
      orderIdOfEntry(other, 1, 1),
    ]
    for (const id of ids) expect(readOrderId(id)).toBe(id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('is known to be its own, and no other is', () => {
    expect(isOrderOfAccount(orderIdOfEntry(accountId, 1, 1), accountId)).toBe(true)
    expect(isOrderOfAccount(orderIdOfEntry(other, 1, 1), accountId)).toBe(false)
    expect(isOrderOfAccount(orderIdOf(fixed(7)(16)), accountId)).toBe(false)
    expect(isOrderOfAccount(`${orderIdOfEntry(accountId, 1, 1)}0`, accountId)).toBe(false)
  })
})
