// The minute of a key and of the keys that it was rotated from, and what entries make of a key.

import { expect, test } from 'vitest'

import { hourMs, minuteMs } from '#core/clock.ts'
import { makeAccountId, keyNumber } from '#core/ids.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, keyOf, secretHashOf } from './example-commands.ts'
import { release } from './holds.ts'
import { familyOf, rateOfKey } from './key-rates.ts'
import { putKey, revokeKey, rotateKey } from './keys.ts'
import { newState } from './state.ts'

const [first, second, third] = [keyNumber(1), keyNumber(2), keyNumber(3)]

function admitted(account: Simulator) {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  return callId
}

const rotate = (account: Simulator, graceMs: number) =>
  account.ask((draft) =>
    rotateKey(draft, {
      reference: 'rotate',
      keyNumber: first,
      newKeyNumber: second,
      secretHash: secretHashOf(2),
      graceMs,
    }),
  )

test('what a call really used counts in the minute of its key, of a released one nothing', () => {
  const account = Simulator.opened(5)
  account.ask((draft) => putKey(draft, keyOf(3)))
  const [one, other] = [admitted(account), admitted(account)]
  expect(rateOfKey(account.live, first)).toMatchObject({ requests: 2, tokens: 200 })
  account.ask((draft) => capture(draft, captureOf(one, 5, { tokens: 30 })))
  expect(rateOfKey(account.live, first)).toMatchObject({ requests: 2, tokens: 130 })
  account.ask((draft) => release(draft, { callId: other, reason: 'test' }))
  expect(rateOfKey(account.live, first)).toMatchObject({ requests: 2, tokens: 30 })
  expect(rateOfKey(account.live, third)).toMatchObject({ requests: 0, tokens: 0 })
})

test('a call whose minute is over corrects nothing of the minute that runs', () => {
  const account = Simulator.opened(5)
  const callId = admitted(account)
  account.nowMs += minuteMs - 1
  account.ask((draft) => admit(draft, admitOf(account.newCall())))
  account.nowMs += 1
  account.crash()
  account.ask((draft) => capture(draft, captureOf(callId, 5, { tokens: 7 })))
  expect(account.live.rate).toMatchObject({ requests: 1, tokens: 100 })
  expect(rateOfKey(account.live, first)).toMatchObject({ requests: 1, tokens: 100 })
})

test('a rotated key shares the minute of the one before it', () => {
  const account = Simulator.opened(5)
  admitted(account)
  rotate(account, hourMs)
  expect(rateOfKey(account.live, second)).toMatchObject({ requests: 1, tokens: 100 })
  expect([familyOf(account.live, second), familyOf(account.live, keyNumber(9))]).toEqual([1, 9])
})

test('a key that ends already may end earlier, never later', () => {
  const account = Simulator.opened(5)
  rotate(account, hourMs)
  const endsAtMs = () => account.live.keys.get(first)?.endsAtMs
  expect(endsAtMs()).toBe(account.nowMs + hourMs)
  account.nowMs += minuteMs
  account.ask((draft) => revokeKey(draft, { reference: 'r', keyNumber: first }))
  expect(endsAtMs()).toBe(account.nowMs)
  account.crash()
  expect(endsAtMs()).toBe(account.nowMs)
})

test('an account begins depleted, and no level has changed yet', () => {
  const state = newState(makeAccountId('w', (bytes) => new Uint8Array(bytes)))
  expect([state.levels, state.name]).toEqual([[], ''])
})
