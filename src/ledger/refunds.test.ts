// What goes back to whoever paid: how much at most, from which lots, and what a repeat hears.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { Refund } from './account-commands.ts'
import { admit } from './admission.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { balanceMaxNanoUsd, credit } from './credits.ts'
import { textCharactersMax } from './detail.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { refundLotsMax } from './payment-draw.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversals.ts'

const payment = (simulator: Simulator, reference: string, dollars: number) =>
  simulator.ask((draft) => credit(draft, grantOf(dollars * dollar, { reference, kind: 'purchase' })))

function payBack(simulator: Simulator, dollars: number | null, changes: Partial<Refund> = {}) {
  const amountNanoUsd = dollars === null ? null : nanoUsd(dollars * dollar)
  const command = { reference: `refund ${dollars}`, payment: null, amountNanoUsd, reason: '', actor: '' }
  return simulator.ask((draft) => refund(draft, { ...command, ...changes }))
}

function hold(simulator: Simulator, dollars: number, slice = 0) {
  const callId = simulator.newCall()
  const holdNanoUsd = nanoUsd(dollars * dollar)
  const answer = simulator.ask((draft) =>
    admit(draft, admitOf(callId, { holdNanoUsd, sliceNanoUsd: nanoUsd(slice * dollar) })),
  )
  expect(answer.ok).toBe(true)
  return callId
}

const lotsOf = ({ live }: Simulator) =>
  live.lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd / dollar])

function check(simulator: Simulator): void {
  simulator.check()
  simulator.checkRestart()
  checkRebuild(simulator)
}

describe('a refund', () => {
  test('takes what was paid, never what was given', () => {
    const simulator = Simulator.opened(3)
    payment(simulator, 'p', 5)
    expect(payBack(simulator, 6)).toEqual({ ok: false, code: 'beyond_refundable', leftNanoUsd: 5 * dollar })
    expect(payBack(simulator, 2)).toMatchObject({ ok: true, balanceNanoUsd: 6 * dollar })
    expect(payBack(simulator, null)).toMatchObject({ ok: true, amountNanoUsd: 3 * dollar })
    expect(lotsOf(simulator)).toEqual([['promotional', 3]])
    expect(payBack(simulator, null, { reference: 'more' })).toMatchObject({
      code: 'beyond_refundable',
      leftNanoUsd: 0,
    })
    check(simulator)
  })

  test('takes the lot of the payment that it names first, then the newest', () => {
    const simulator = Simulator.opened(0)
    for (const name of ['a', 'b', 'c']) payment(simulator, name, 2)
    const callId = hold(simulator, 1)
    simulator.ask((draft) => capture(draft, captureOf(callId, dollar)))
    expect(payBack(simulator, 1, { payment: 'b' }).ok).toBe(true)
    expect(simulator.live.lots.map(({ remainingNanoUsd }) => remainingNanoUsd / dollar)).toEqual([1, 1, 2])
    expect(payBack(simulator, 2, { payment: 'a' }).ok).toBe(true)
    expect(simulator.live.lots.map(({ remainingNanoUsd }) => remainingNanoUsd / dollar)).toEqual([1, 1])
    check(simulator)
  })

  test('of one payment is never more than it brought, in whatever parts', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 2)
    payment(simulator, 'b', 9)
    expect(payBack(simulator, 1.5, { payment: 'a' }).ok).toBe(true)
    const refused = { ok: false, code: 'beyond_refundable', leftNanoUsd: dollar / 2 }
    expect(payBack(simulator, 1, { payment: 'a' })).toEqual(refused)
    simulator.crash()
    expect(payBack(simulator, 1, { payment: 'a' })).toEqual(refused)
    expect(payBack(simulator, null, { payment: 'a' })).toMatchObject({ amountNanoUsd: dollar / 2 })
    check(simulator)
  })

  test('without a payment counts for the payments whose lots it took', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 2)
    payment(simulator, 'b', 2)
    expect(payBack(simulator, 1).ok).toBe(true)
    expect(payBack(simulator, 2, { payment: 'b' })).toMatchObject({ leftNanoUsd: dollar })
    expect(payBack(simulator, 2, { payment: 'a' }).ok).toBe(true)
    check(simulator)
  })

  test('leaves every running call its hold and its next slice', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 5)
    hold(simulator, 1, 2)
    expect(payBack(simulator, 3)).toMatchObject({ code: 'beyond_refundable', leftNanoUsd: 2 * dollar })
    expect(payBack(simulator, 2).ok).toBe(true)
    check(simulator)
  })

  test('waits until a debt is paid', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 2)
    const held = hold(simulator, 2)
    const other = simulator.newCall()
    // Nobody admitted it: it finds no free money and becomes a debt beside the pinned lot.
    simulator.ask((draft) => capture(draft, captureOf(other, dollar / 2)))
    expect(simulator.live.debtNanoUsd).toBe(dollar / 2)
    simulator.ask((draft) => capture(draft, captureOf(held, 0)))
    expect(payBack(simulator, 2)).toMatchObject({ leftNanoUsd: 1.5 * dollar })
    expect(payBack(simulator, 1.5).ok).toBe(true)
    check(simulator)
  })

  test('is booked once per reference, and the reference stands for its amount and payment', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 5)
    const first = payBack(simulator, 1, { reference: 'r' })
    expect(payBack(simulator, 1, { reference: 'r' })).toEqual({ ...first, isRepeat: true })
    expect(first).toMatchObject({ isRepeat: false })
    for (const other of [{ payment: 'a' }, { amountNanoUsd: null }, { amountNanoUsd: nanoUsd(2 * dollar) }])
      expect(payBack(simulator, 1, { reference: 'r', ...other })).toEqual({
        ok: false,
        code: 'reference_reused',
      })
    expect(simulator.live.postedNanoUsd).toBe(4 * dollar)
    expect(simulator.live.lifetime.added.dollars).toBe(4)
  })

  test('of all that is left of a payment is booked once per reference as well', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 5)
    const first = payBack(simulator, null, { payment: 'a' })
    expect(payBack(simulator, null, { payment: 'a' })).toEqual({ ...first, isRepeat: true })
    expect(simulator.live.postedNanoUsd).toBe(0)
  })

  test('counts for the payment that it names, also where it took the lot of another', () => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 2)
    payment(simulator, 'b', 9)
    const callId = hold(simulator, 2)
    simulator.ask((draft) => capture(draft, captureOf(callId, 2 * dollar)))
    expect(payBack(simulator, 1.5, { payment: 'a' }).ok).toBe(true)
    expect(payBack(simulator, 1, { payment: 'a' })).toMatchObject({ leftNanoUsd: dollar / 2 })
    expect(payBack(simulator, 7.5, { payment: 'b' }).ok).toBe(true)
    check(simulator)
  })

  test('takes from the newest lots, so many that one entry can tell of them', () => {
    const simulator = Simulator.opened(0)
    for (let n = 0; n < refundLotsMax + 2; n += 1) payment(simulator, `p ${n}`, 1)
    const [first, second] = simulator.live.lots
    expect(payBack(simulator, refundLotsMax + 1)).toMatchObject({ leftNanoUsd: refundLotsMax * dollar })
    expect(payBack(simulator, null).ok).toBe(true)
    expect(simulator.live.lots).toEqual([first, second])
  })

  test.each([
    [{ payment: 'p'.repeat(textCharactersMax + 1) }, 'invalid_amount'],
    [{ payment: 'p'.repeat(textCharactersMax) }, 'no_such_payment'],
    [{ amountNanoUsd: nanoUsd(balanceMaxNanoUsd + 1) }, 'invalid_amount'],
    [{ amountNanoUsd: balanceMaxNanoUsd }, 'beyond_refundable'],
    [{ payment: 'nobody' }, 'no_such_payment'],
    [{ payment: 'given' }, 'no_such_payment'],
    [{ payment: '' }, 'invalid_amount'],
    [{ reference: '' }, 'invalid_amount'],
    [{ amountNanoUsd: nanoUsd(0) }, 'invalid_amount'],
    [{ amountNanoUsd: nanoUsd(-1) }, 'invalid_amount'],
    [{ amountNanoUsd: null, isPaidOut: true }, 'invalid_amount'],
  ] as const)('with %j is refused: %s', (changes, code) => {
    const simulator = Simulator.opened(0)
    payment(simulator, 'a', 5)
    simulator.ask((draft) => credit(draft, grantOf(dollar, { reference: 'given' })))
    const entries = simulator.store.entries.length
    expect(payBack(simulator, 1, changes)).toMatchObject({ ok: false, code })
    expect(simulator.store.entries).toHaveLength(entries)
  })

  test('of money that has left already is booked whatever is there, and the rest is a debt', () => {
    const simulator = Simulator.opened(1)
    payment(simulator, 'a', 2)
    expect(payBack(simulator, 5, { isPaidOut: true, payment: 'a' })).toMatchObject({
      code: 'beyond_refundable',
    })
    const answer = payBack(simulator, 5, { isPaidOut: true })
    expect(answer).toMatchObject({ ok: true, balanceNanoUsd: -2 * dollar })
    expect([simulator.live.lots, simulator.live.debtNanoUsd]).toEqual([[], 2 * dollar])
  })

  test('after a reversal of what a debt had taken gives the paid money back', () => {
    const simulator = Simulator.opened(0)
    const callId = simulator.newCall()
    simulator.ask((draft) => capture(draft, captureOf(callId, dollar)))
    payment(simulator, 'a', 1)
    const back = { reference: 'v', callId, amountNanoUsd: null, reason: '', actor: '' }
    simulator.ask((draft) => reverse(draft, back))
    expect(payBack(simulator, null, { payment: 'a' })).toMatchObject({ amountNanoUsd: dollar })
    check(simulator)
  })
})
