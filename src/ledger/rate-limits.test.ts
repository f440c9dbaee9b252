// Requests, tokens and calls in flight of an account and its key: which refuses, and the figures of the tighter one.

import { describe, expect, test } from 'vitest'

import { keyNumber } from '#core/ids.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { admitOf, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { rateFigures, rateRefusal, requestRefusal } from './rate-limits.ts'
import type { Key } from './state.ts'

type Limits = { rpm?: number; tpm?: number; inFlight?: number }

const unlimited = { rpm: null, tpm: null, inFlight: null }
const enough = { rpm: 1_000, tpm: 1_000, inFlight: 1_000 }

/** An account with one running call of 40 tokens by key 2, under these limits. */
function running({ account = {}, key = {} }: { account?: Limits; key?: Limits }) {
  const book = Simulator.opened(10)
  book.ask((draft) => putKey(draft, keyOf(2)))
  const called = admitOf(book.newCall(), { keyNumber: keyNumber(2), expectedTokens: 40 })
  expect(book.ask((draft) => admit(draft, called))).toMatchObject({ ok: true })
  const state = { ...book.live, settings: { ...book.live.settings, ...enough, ...account } }
  const made = state.keys.get(keyNumber(2))
  if (made === undefined) throw new Error('Key 2 was not made.')
  const limited: Key = { ...made, ...unlimited, ...key }
  return { state, key: limited }
}

describe('a refusal', () => {
  test('for tokens says what is left of them', () => {
    const { state } = running({ account: { tpm: 100 } })
    expect(rateRefusal(state, undefined, 61)).toMatchObject({ limitSource: 'tpm', limit: 100, remaining: 60 })
    expect(rateRefusal(state, undefined, 60)).toBeUndefined()
  })

  test('for calls in flight says their number, and of no reset', () => {
    const { state, key } = running({ key: { inFlight: 1 } })
    const refusal = { code: 'rate_limit_exceeded', limitSource: 'key_in_flight', limit: 1, remaining: 0 }
    expect(rateRefusal(state, key, 1)).toStrictEqual(refusal)
  })

  test('of what sends no tokens and does not run is for requests alone', () => {
    const account = { tpm: 1, inFlight: 1 }
    const { state, key } = running({ account, key: account })
    expect(requestRefusal(state, key)).toBeUndefined()
    expect(requestRefusal(state, { ...key, rpm: 1 })).toMatchObject({ limitSource: 'key_rpm', limit: 1 })
  })
})

describe('the figures of the tighter of account and key', () => {
  test.each([
    ['the key’s smaller limit', { account: { rpm: 10 }, key: { rpm: 9 } }, { limit: 9, remaining: 8 }],
    ['the account alone', { account: { rpm: 10 } }, { limit: 10, remaining: 9 }],
    ['the key alone', { key: { rpm: 7 } }, { limit: 7, remaining: 6 }],
    [
      'nothing left of either, the smaller limit',
      { account: { rpm: 0 }, key: { rpm: 1 } },
      { limit: 0, remaining: 0 },
    ],
  ])('requests, %s', (_, limits, figure) => {
    const { state, key } = running(limits)
    expect(rateFigures(state, key).requests).toMatchObject(figure)
  })

  // Calls of other keys count for the account alone, so that the larger limit may have less left.
  test.each([
    [
      'the account, with less left',
      { account: { inFlight: 4 }, key: { inFlight: 3 } },
      { limit: 4, remaining: 1 },
    ],
    [
      'the key, with less left',
      { account: { inFlight: 9 }, key: { inFlight: 3 } },
      { limit: 3, remaining: 2 },
    ],
    [
      'as much left, the key’s limit smaller',
      { account: { inFlight: 5 }, key: { inFlight: 3 } },
      { limit: 3, remaining: 2 },
    ],
  ])('calls in flight, %s', (_, limits, figure) => {
    const { state, key } = running(limits)
    const holds = new Map(state.holds)
    for (const hold of state.holds.values())
      for (const other of ['a', 'b'])
        holds
          .set(hold.callId, hold)
          .set(`${hold.callId}${other}` as typeof hold.callId, { ...hold, keyNumber: keyNumber(1) })
    expect(rateFigures({ ...state, holds }, key).inFlight).toMatchObject(figure)
  })
})
