// What an account, a key and a hold look like from outside, to the nano-dollar and the millisecond.

import { describe, expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf, keyOf, planOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { putKey } from './keys.ts'
import { setPlan } from './plans.ts'
import { accountView, holdView, keyView } from './views.ts'

function admitted(account: Simulator, dollars: number) {
  const callId = account.newCall()
  const command = admitOf(callId, { holdNanoUsd: nanoUsd(dollars * dollar) })
  account.ask((draft) => admit(draft, command))
  return callId
}

describe('an account', () => {
  test('shows its money by bucket, what is held, and how long each bucket lasts', () => {
    const account = Simulator.opened(0)
    account.ask((draft) => credit(draft, grantOf(2 * dollar, { expiresInMs: hourMs })))
    account.ask((draft) => credit(draft, grantOf(3 * dollar, { kind: 'purchase', reference: 'p' })))
    const held = admitted(account, 1)
    account.ask((draft) => beat(draft, { callId: held, n: 1, costNanoUsd: nanoUsd(5) }))
    const view = accountView(account.live, [], account.nowMs + minuteMs)
    expect(view).toMatchObject({
      postedNanoUsd: 5 * dollar,
      heldNanoUsd: dollar,
      availableNanoUsd: 4 * dollar,
      debtNanoUsd: 0,
      buckets: [
        { bucket: 'promotional', remainingNanoUsd: 2 * dollar, expiresInMs: hourMs - minuteMs },
        { bucket: 'paid', remainingNanoUsd: 3 * dollar, expiresInMs: null },
      ],
      openHolds: 1,
      monthUsedNanoUsd: dollar,
      lifetimeAdded: '3.00',
      lifetimeBonus: '2.00',
      lifetimeSpent: '0.00',
      plan: null,
      allowances: [],
      rate: { requests: { remaining: 50 } },
      marks: { head: 4, sent: 0, confirmed: 0 },
      recent: [],
    })
    expect(accountView(account.live, [], account.nowMs + dayMs).buckets[0]?.expiresInMs).toBe(0)
  })

  test('shows of its plan what it names, what is used, and when it begins anew', () => {
    const account = Simulator.opened(1)
    account.ask((draft) => setPlan(draft, planOf('plan', { anchorDay: 5 })))
    const { period } = account.live.allowances
    assert(period !== null, 'a plan begins with a period')
    const view = accountView(account.live, [], account.nowMs)
    expect(view.plan).toEqual({ id: 'basic', name: 'Basic', anchorDay: 5 })
    const resetsInMs = period.endMs - account.nowMs
    expect([...view.allowances].sort((a, b) => a.included - b.included)).toEqual([
      { consumable: 'sms', included: 10, used: 0, overagePicoUsd: 10_000_000_000, resetsInMs },
      { consumable: 'tokens', included: 1_000, used: 0, overagePicoUsd: null, resetsInMs },
    ])
    expect(accountView(account.live, [], period.endMs + 1).allowances[0]?.resetsInMs).toBe(0)
  })
})

describe('a key', () => {
  test('shows what is used of its budgets and when each is whole again', () => {
    const account = Simulator.opened(5)
    const budgets = [
      { window: 'day' as const, amountNanoUsd: nanoUsd(2 * dollar) },
      { window: 'lifetime' as const, amountNanoUsd: nanoUsd(4 * dollar) },
    ]
    account.ask((draft) => putKey(draft, keyOf(2, { budgets })))
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId, { keyNumber: keyNumber(2) })))
    const command = captureOf(callId, dollar, { keyNumber: keyNumber(2) })
    account.ask((draft) => capture(draft, command))
    const key = account.live.keys.get(keyNumber(2))
    assert(key !== undefined, 'the key was put')
    expect(keyView(account.live, key, account.nowMs)).toMatchObject({
      isDisabled: false,
      force: 'active',
      usedNanoUsd: dollar,
      budgets: [
        { window: 'day', amountNanoUsd: 2 * dollar, usedNanoUsd: dollar, resetMs: hourMs + minuteMs },
        { window: 'lifetime', amountNanoUsd: 4 * dollar, usedNanoUsd: dollar, resetMs: null },
      ],
      rate: { requests: { remaining: 49 } },
    })
    expect(keyView(account.live, key, account.nowMs + minuteMs).rate.requests.remaining).toBe(50)
    expect(keyView(account.live, { ...key, isDisabled: true }, account.nowMs)).toMatchObject({
      isDisabled: true,
      force: 'disabled',
    })
  })
})

test('a hold shows what it holds, what it has cost so far, and its age', () => {
  const account = Simulator.opened(5)
  const callId = admitted(account, 1)
  account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(7) }))
  const hold = account.live.holds.get(callId)
  assert(hold !== undefined, 'the call is open')
  expect(holdView(hold, account.nowMs + minuteMs)).toEqual({
    callId,
    keyNumber: 1,
    model: 'm',
    heldNanoUsd: dollar,
    checkpointNanoUsd: 7,
    ageMs: minuteMs,
  })
  expect(holdView(hold, account.nowMs - 1).ageMs).toBe(0)
})
