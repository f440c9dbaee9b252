// Lines that came too late for their epoch: each is booked once more as what it was, and never twice.

import { expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { hourMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { erase } from './erasure.ts'
import {
  admitOf,
  captureOf,
  dollar,
  exampleTerms,
  grantOf,
  keyOf,
  meterOf,
  planOf,
  secretHashOf,
} from './example-commands.ts'
import { meter } from './meter.ts'
import { beat } from './holds.ts'
import { editKey, putKey, revokeKey, rotateKey } from './keys.ts'
import { setPlan } from './plans.ts'
import { rebook } from './rebook.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversals.ts'
import { changeSettings } from './settings.ts'
import { timings } from './timings.ts'

const operator = { reason: 'r', actor: 'a' }

/** What the lost object did after all that Postgres has of it, one line of every kind that can be booked again. */
function lostTail(lost: Simulator): void {
  const budgets = [{ window: 'day' as const, amountNanoUsd: nanoUsd(3 * dollar) }]
  lost.ask((draft) => putKey(draft, { ...keyOf(2, { budgets }), scopes: ['keys:manage'], rpm: 7 }))
  lost.ask((draft) => editKey(draft, { reference: 'e', keyNumber: keyNumber(1), terms: { tpm: 9_000 } }))
  const rotated = { keyNumber: keyNumber(2), newKeyNumber: keyNumber(3), secretHash: secretHashOf(3) }
  lost.ask((draft) => rotateKey(draft, { reference: 'rotation', ...rotated, graceMs: hourMs }))
  lost.ask((draft) => putKey(draft, keyOf(4)))
  lost.ask((draft) => revokeKey(draft, { reference: 'revocation', keyNumber: keyNumber(4) }))
  lost.ask((draft) => credit(draft, grantOf(dollar, { expiresInMs: hourMs })))
  lost.ask((draft) => credit(draft, grantOf(2 * dollar, { kind: 'purchase' })))
  lost.ask((draft) => changeSettings(draft, { reference: 'settings', settings: { rpm: 11 }, ...operator }))
  lost.ask((draft) => setPlan(draft, planOf('plan', { terms: exampleTerms })))
  const callId = lost.newCall()
  lost.ask((draft) => admit(draft, admitOf(callId)))
  lost.ask((draft) => capture(draft, captureOf(callId, 400)))
  lost.ask((draft) =>
    reverse(draft, { reference: 'reversal', callId, amountNanoUsd: nanoUsd(150), ...operator }),
  )
  lost.ask((draft) => credit(draft, grantOf(dollar, { reference: 'paid', kind: 'purchase' })))
  lost.ask((draft) =>
    refund(draft, { reference: 'refund', payment: 'paid', amountNanoUsd: nanoUsd(700), ...operator }),
  )
  expect(lost.ask((draft) => meter(draft, meterOf(1, 5)))).toMatchObject({ ok: true })
  const beyond = lost.ask((draft) => meter(draft, meterOf(2, 120)))
  expect(beyond).toMatchObject({ ok: true, isRepeat: false })
  assert(beyond.ok && beyond.costNanoUsd > 0, 'more than the plan includes')
  lost.ask((draft) => erase(draft, { reference: 'erasure', ...operator }))
}

// Cases: billing-bugs 44, 45
test('every line of a lost tail is booked once more as what it was, in a new epoch, and only once', () => {
  const lost = Simulator.opened(5)
  const known = lost.store.entries.length
  lostTail(lost)
  const tail = lost.store.entries.slice(known)

  const rebuilt = Simulator.opened(5)
  rebuilt.live.epoch = 2
  for (const entry of tail)
    expect(rebuilt.ask((draft) => rebook(draft, { entry }))).toMatchObject({ ok: true })
  expect(rebuilt.live.postedNanoUsd).toBe(lost.live.postedNanoUsd)
  expect(rebuilt.live.settings).toEqual(lost.live.settings)
  expect(rebuilt.live.allowances.plan).toEqual(lost.live.allowances.plan)
  expect(rebuilt.live.lifetime).toEqual(lost.live.lifetime)
  expect(rebuilt.live.refunded).toMatchObject([{ amountNanoUsd: 700 }])
  const { live } = rebuilt
  expect(live.keys.get(keyNumber(1))).toMatchObject({ tpm: 9_000 })
  expect(live.keys.get(keyNumber(3))).toMatchObject({ scopes: ['keys:manage'], rpm: 7, family: 2 })
  // What was to end after a grace has ended: nobody knows who still had it.
  expect(live.keys.get(keyNumber(2))?.endsAtMs).toBe(live.nowMs)
  expect(live.keys.get(keyNumber(4))?.endsAtMs).toBe(live.nowMs)

  const entries = rebuilt.store.entries.length
  for (const entry of tail) rebuilt.ask((draft) => rebook(draft, { entry }))
  expect(rebuilt.store.entries).toHaveLength(entries)
  rebuilt.check()
})

// Cases: billing-bugs 44
test('a line of the epoch that runs is where it belongs, and is not booked again', () => {
  const other = Simulator.opened(5)
  const known = other.store.entries.length
  lostTail(other)
  const account = Simulator.opened(5)
  const before = account.store.entries.length
  for (const entry of other.store.entries.slice(known))
    expect(account.ask((draft) => rebook(draft, { entry }))).toEqual({ ok: true, isBooked: false })
  expect(account.store.entries).toHaveLength(before)
})

test('an expiry is booked once however often it is told, and its owner may still say what the call cost', () => {
  const lost = Simulator.opened(5)
  const callId = lost.newCall()
  lost.ask((draft) => admit(draft, admitOf(callId)))
  lost.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(300) }))
  lost.nowMs += timings.holdExpiryMs
  lost.ask(() => true)
  const expiry = lost.store.entries.find(({ kind }) => kind === 'usage')
  assert(expiry !== undefined, 'the call has expired')

  const rebuilt = Simulator.opened(5)
  rebuilt.nowMs = lost.nowMs
  rebuilt.live.epoch = 2
  const tell = () => rebuilt.ask((draft) => rebook(draft, { entry: expiry }))
  const before = rebuilt.store.entries.length
  expect(tell()).toEqual({ ok: true, isBooked: true })
  expect(tell()).toEqual({ ok: true, isBooked: false })
  expect(rebuilt.store.entries).toHaveLength(before + 1)
  rebuilt.ask((draft) => capture(draft, captureOf(callId, 200)))
  tell()
  expect(rebuilt.store.entries).toHaveLength(before + 2)
  expect(rebuilt.live.postedNanoUsd).toBe(5 * dollar - 200)
  // The difference counts where the call was admitted, as the rest of it.
  const spending = rebuilt.live.keys.get(keyNumber(1))?.spending
  expect([spending?.day.spentNanoUsd, spending?.lifetime.spentNanoUsd]).toEqual([200, 200])
})
