// The buckets: what is drawn first, what a hold keeps, what expires, what comes back.

import { describe, expect, test } from 'vitest'

import { hourMs, minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountSettings, Credit } from './account-commands.ts'
import { admit, extend } from './admission.ts'
import { nextDueAt } from './alarm.ts'
import { drawLotsMax } from './lots.ts'
import { availableOf } from './available.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { capture, overrunDebtMaxNanoUsd } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { changeSettings } from './settings.ts'
import { timings } from './timings.ts'

const dollars = (amount: number) => nanoUsd(amount * dollar)

function give(account: Simulator, amount: number, changes: Partial<Credit> = {}) {
  const reference = `${changes.kind ?? 'grant'} ${account.live.headSeq}`
  return account.ask((draft) => credit(draft, grantOf(dollars(amount), { reference, ...changes })))
}

function hold(account: Simulator, amount: number) {
  const callId = account.newCall()
  const answer = account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: dollars(amount) })))
  return { callId, answer }
}

function charge(account: Simulator, callId: ReturnType<typeof hold>['callId'], amount: number) {
  return account.ask((draft) => capture(draft, captureOf(callId, dollars(amount))))
}

function set(account: Simulator, settings: Partial<AccountSettings>): void {
  const reference = `settings ${account.live.headSeq}`
  account.ask((draft) => changeSettings(draft, { reference, settings, reason: '', actor: '' }))
}

/** What is left in each bucket, in dollars, and the debt. */
function funds(account: Simulator) {
  account.check()
  account.checkRestart()
  const left: { [bucket: string]: number } = {}
  for (const { bucket, remainingNanoUsd } of account.live.lots)
    left[bucket] = (left[bucket] ?? 0) + remainingNanoUsd / dollar
  return { ...left, debt: account.live.debtNanoUsd / dollar }
}

describe('a charge', () => {
  // Cases: payments 50
  // Requirements: 77
  test('takes what was given before what was paid: promotional, bonus, paid', () => {
    const account = Simulator.opened(0)
    give(account, 3, { kind: 'purchase' })
    give(account, 2, { kind: 'bonus' })
    give(account, 1)
    const { callId } = hold(account, 4)
    charge(account, callId, 4)
    expect(funds(account)).toEqual({ paid: 2, debt: 0 })
  })

  test('takes what expires first before what expires later or never', () => {
    const account = Simulator.opened(0)
    give(account, 1)
    give(account, 1, { expiresInMs: 2 * hourMs })
    give(account, 1, { expiresInMs: hourMs })
    charge(account, hold(account, 1.5).callId, 1.5)
    account.nowMs += hourMs
    account.ask(() => true)
    expect(funds(account)).toEqual({ promotional: 1.5, debt: 0 })
  })

  test('draws what its hold has pinned, whatever others have drawn meanwhile', () => {
    const account = Simulator.opened(0)
    give(account, 1)
    give(account, 5, { kind: 'purchase' })
    const first = hold(account, 1)
    const second = hold(account, 2)
    charge(account, second.callId, 2)
    expect(funds(account)).toEqual({ promotional: 1, paid: 3, debt: 0 })
    charge(account, first.callId, 1)
    expect(funds(account)).toEqual({ paid: 3, debt: 0 })
  })

  // Cases: billing-bugs 41
  test('beyond its hold and all lots becomes one debt, which a purchase pays first and a gift never does', () => {
    const account = Simulator.opened(0)
    give(account, 1, { kind: 'purchase' })
    charge(account, hold(account, 1).callId, 1.5)
    expect(funds(account)).toEqual({ debt: 0.5 })
    give(account, 2)
    expect(funds(account)).toEqual({ promotional: 2, debt: 0.5 })
    expect(account.live.postedNanoUsd).toBe(dollars(1.5))
    give(account, 3, { kind: 'purchase' })
    expect(funds(account)).toEqual({ promotional: 2, paid: 2.5, debt: 0 })
  })
})

test('a charge over more lots than one entry can tell of is worth the same, and is replayed whole', () => {
  const account = Simulator.opened(0)
  const cents = 0.01
  for (let gift = 0; gift < drawLotsMax + 50; gift += 1) give(account, cents, { reference: `gift ${gift}` })
  charge(account, hold(account, 3.4).callId, 3.4)
  expect(account.live.debtNanoUsd).toBe(dollars(3.4) - drawLotsMax * dollars(cents))
  expect(account.live.postedNanoUsd).toBe(dollars(0.1))
  expect(JSON.stringify(account.store.entries.at(-1)?.detail)).not.toContain('isClipped')
  funds(account)
})

describe('a charge that is given back', () => {
  /** The owner dies after a beat; its capture arrives later and says less. */
  function lateAfter(account: Simulator, checkpoint: number, between: () => void) {
    const { callId } = hold(account, 0)
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: dollars(checkpoint) }))
    account.nowMs += timings.holdExpiryMs
    account.ask(() => true)
    between()
    return charge(account, callId, 0)
  }

  test('returns to the debt first, then to the lots it came from', () => {
    const account = Simulator.opened(0)
    give(account, 1)
    lateAfter(account, 1.5, () => expect(funds(account)).toEqual({ debt: 0.5 }))
    expect(funds(account)).toEqual({ promotional: 1, debt: 0 })
  })

  test('is money again where its debt has been paid meanwhile', () => {
    const account = Simulator.opened(0)
    lateAfter(account, 0.5, () => give(account, 2, { kind: 'purchase' }))
    expect(funds(account)).toEqual({ paid: 2, debt: 0 })
  })
})

describe('money that expires', () => {
  // Cases: billing-bugs 28
  test('is gone before a lost call is charged at the same moment: its debt keeps to the cap', () => {
    const account = Simulator.opened(0)
    const { callId } = hold(account, 0)
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: dollars(5) }))
    give(account, 2, { expiresInMs: timings.holdExpiryMs })
    account.nowMs += timings.holdExpiryMs
    account.ask(() => true)
    expect(funds(account)).toEqual({ debt: overrunDebtMaxNanoUsd / dollar })
  })

  // Cases: payments 50
  test('is gone at its time by the alarm alone, with an entry of its own, and takes nothing else along', () => {
    const account = Simulator.opened(0)
    give(account, 2, { expiresInMs: hourMs })
    give(account, 1, { kind: 'purchase' })
    const { headSeq: confirmedSeq } = account.live
    const marks = { ...account.live.marks, sentSeq: confirmedSeq, confirmedSeq }
    account.nowMs = nextDueAt({ ...account.live, marks }, timings) ?? 0
    expect(account.nowMs).toBe(startOfTime + hourMs)
    account.crash()
    account.ask(() => true)
    expect(funds(account)).toEqual({ paid: 1, debt: 0 })
    expect(account.store.entries.at(-2)).toMatchObject({ kind: 'expiry', amountNanoUsd: dollars(-2) })
    expect(account.store.entries.at(-1)).toMatchObject({ kind: 'level' })
    account.ask(() => true)
    expect(account.store.entries.filter(({ kind }) => kind === 'expiry')).toHaveLength(1)
  })

  // Cases: payments 50
  test('stays under an open hold until the call has ended; then what is left of it goes', () => {
    const account = Simulator.opened(0)
    give(account, 2, { expiresInMs: minuteMs / 2 })
    const { callId } = hold(account, 1.5)
    account.nowMs += minuteMs / 2
    account.ask(() => true)
    expect(funds(account)).toEqual({ promotional: 1.5, debt: 0 })
    charge(account, callId, 1)
    expect(funds(account)).toEqual({ debt: 0 })
    expect(account.live.postedNanoUsd).toBe(0)
  })

  test('goes at once when the call that held it cost nothing, before anybody is admitted on it', () => {
    const account = Simulator.opened(0)
    give(account, 2, { expiresInMs: minuteMs / 2 })
    const { callId } = hold(account, 2)
    account.nowMs += minuteMs / 2
    const next = account.newCall()
    const answers: unknown[] = []
    account.askTogether([
      (draft) => answers.push(release(draft, { callId, reason: 'test' })),
      (draft) => answers.push(admit(draft, admitOf(next, { holdNanoUsd: dollars(1) }))),
    ])
    expect(answers).toMatchObject([{ ok: true }, { ok: false, code: 'insufficient_credits' }])
    expect(funds(account)).toEqual({ debt: 0 })
  })

  test('that a late capture gives back to an expired lot expires with it', () => {
    const account = Simulator.opened(0)
    give(account, 2, { expiresInMs: 2 * minuteMs })
    const { callId } = hold(account, 2)
    const before = account.live.holds.get(callId)
    account.nowMs += minuteMs
    account.ask(() => true)
    expect(before?.pins).toHaveLength(1)
    charge(account, callId, 0)
    account.nowMs += minuteMs
    account.ask(() => true)
    expect(funds(account)).toEqual({ debt: 0 })
  })
})

describe('a hold', () => {
  test('pins more lots when it is extended, and gives all back when it is released', () => {
    const account = Simulator.opened(0)
    give(account, 1)
    give(account, 4, { kind: 'purchase' })
    const { callId } = hold(account, 1)
    account.ask((draft) => extend(draft, { callId, totalNanoUsd: dollars(3), leastNanoUsd: dollars(3) }))
    expect(account.live.holds.get(callId)?.pins.map(({ amountNanoUsd }) => amountNanoUsd)).toEqual([
      dollars(1),
      dollars(2),
    ])
    account.crash()
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect(account.live.pinned.size).toBe(0)
    expect(funds(account)).toEqual({ promotional: 1, paid: 4, debt: 0 })
  })
})

describe('a correction', () => {
  test('that takes money away takes what was paid last, and never what a running call has pinned', () => {
    const account = Simulator.opened(0)
    give(account, 1)
    give(account, 2, { kind: 'purchase' })
    hold(account, 2)
    give(account, -2, { kind: 'adjustment' })
    expect(funds(account)).toEqual({ promotional: 1, paid: 1, debt: 1 })
  })
})

describe('a grant', () => {
  test.each([
    ['a paid bucket', { bucket: 'paid' as const }],
    ['an expiry of zero', { expiresInMs: 0 }],
    ['an expiry of half a millisecond', { expiresInMs: 0.5 }],
    ['an expiry beyond a century', { expiresInMs: 1e13 }],
    ['a purchase that expires', { kind: 'purchase' as const, expiresInMs: hourMs }],
    ['a bucket for a purchase', { kind: 'purchase' as const, bucket: 'bonus' as const }],
  ])('is refused with %s, and nothing is booked', (_, changes) => {
    const account = Simulator.opened(0)
    const { headSeq } = account.live
    expect(give(account, 1, changes)).toMatchObject({ ok: false, code: 'invalid_amount' })
    expect(account.live.headSeq).toBe(headSeq)
  })
})

describe('a postpaid account', () => {
  // Requirements: 49, 57
  test('goes below zero to its credit limit and no further, and says that it is the limit', () => {
    const account = Simulator.opened(1)
    set(account, { mode: 'postpaid', creditLimitNanoUsd: dollars(2) })
    expect(availableOf(account.live)).toBe(dollars(3))
    const { callId } = hold(account, 3)
    expect(hold(account, 0.5).answer).toMatchObject({ code: 'in_flight_budget_exhausted' })
    charge(account, callId, 3)
    expect(account.live).toMatchObject({ postedNanoUsd: dollars(-2), debtNanoUsd: dollars(2) })
    expect(hold(account, 0.5).answer).toMatchObject({ ok: false, code: 'credit_limit_reached' })
    give(account, 1, { kind: 'purchase' })
    expect(hold(account, 1).answer).toMatchObject({ ok: true })
  })

  test('that becomes prepaid again owes what it owes and is refused until it has paid', () => {
    const account = Simulator.opened(0)
    set(account, { mode: 'postpaid', creditLimitNanoUsd: dollars(2) })
    charge(account, hold(account, 1).callId, 1)
    set(account, { mode: 'prepaid' })
    expect(hold(account, 0.1).answer).toMatchObject({ ok: false, code: 'insufficient_credits' })
    give(account, 2, { kind: 'purchase' })
    expect(hold(account, 1).answer).toMatchObject({ ok: true })
  })
})
