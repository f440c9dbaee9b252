// What is given back of a charge: where it goes, how much at most, and what a repeat hears.

import { describe, expect, test } from 'vitest'
import { dayMs, minuteMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Credit, Reverse } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { entriesPerCallMax, reverse } from './reversals.ts'

function charged(simulator: Simulator, cost: number, hold = cost): CallId {
  const callId = simulator.newCall()
  simulator.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(hold) })))
  simulator.ask((draft) => capture(draft, captureOf(callId, cost)))
  return callId
}

function giveBack(
  simulator: Simulator,
  callId: CallId,
  amount: number | null,
  changes: Partial<Reverse> = {},
) {
  const amountNanoUsd = amount === null ? null : nanoUsd(amount)
  const reference = `reversal ${amount}`
  return simulator.ask((draft) =>
    reverse(draft, { reference, callId, amountNanoUsd, reason: '', actor: '', ...changes }),
  )
}

const add = (simulator: Simulator, amount: number, changes: Partial<Credit>) =>
  simulator.ask((draft) => credit(draft, grantOf(amount, { reference: JSON.stringify(changes), ...changes })))

const lotsOf = ({ live }: Simulator) =>
  live.lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd / dollar])

describe('a reversal', () => {
  test('returns to the lots that the charge came from, the last one first', () => {
    const simulator = Simulator.opened(1)
    add(simulator, 4 * dollar, { kind: 'purchase' })
    const callId = charged(simulator, 3 * dollar)
    expect(lotsOf(simulator)).toEqual([['paid', 2]])
    expect(giveBack(simulator, callId, 2 * dollar)).toMatchObject({ ok: true, amountNanoUsd: 2 * dollar })
    expect(lotsOf(simulator)).toEqual([['paid', 4]])
    expect(giveBack(simulator, callId, null)).toMatchObject({ ok: true, amountNanoUsd: dollar })
    expect(lotsOf(simulator)).toEqual([
      ['promotional', 1],
      ['paid', 4],
    ])
    simulator.check()
    simulator.checkRestart()
  })

  test('never gives back more than was charged, in whatever parts', () => {
    const simulator = Simulator.opened(5)
    const callId = charged(simulator, 2 * dollar)
    giveBack(simulator, callId, dollar + 1)
    const refused = { ok: false, code: 'beyond_charge', leftNanoUsd: dollar - 1 }
    expect(giveBack(simulator, callId, dollar)).toEqual(refused)
    giveBack(simulator, callId, null)
    const again = giveBack(simulator, callId, null, { reference: 'another' })
    expect(again).toMatchObject({ code: 'beyond_charge', leftNanoUsd: 0 })
    expect(simulator.live.postedNanoUsd).toBe(5 * dollar)
  })

  test('is booked once per reference, and the reference stands for its amount', () => {
    const simulator = Simulator.opened(5)
    const callId = charged(simulator, 2 * dollar)
    const first = giveBack(simulator, callId, dollar, { reference: 'r' })
    expect(giveBack(simulator, callId, dollar, { reference: 'r' })).toEqual({ ...first, isRepeat: true })
    expect(giveBack(simulator, callId, null, { reference: 'r' })).toEqual({
      ok: false,
      code: 'reference_reused',
    })
    expect(simulator.live.postedNanoUsd).toBe(4 * dollar)
  })

  test('into a lot that has expired meanwhile expires at once, and says so', () => {
    const simulator = Simulator.opened(0)
    add(simulator, 2 * dollar, { kind: 'bonus', expiresInMs: dayMs })
    const callId = charged(simulator, 2 * dollar)
    simulator.nowMs += dayMs
    giveBack(simulator, callId, null)
    expect(simulator.live.postedNanoUsd).toBe(0)
    const moved = simulator.store.entries.filter(({ kind }) => kind !== 'level')
    const [reversal, expiry] = moved.slice(-2)
    expect(reversal).toMatchObject({ kind: 'reversal', detail: { expiredNanoUsd: 2 * dollar } })
    expect(expiry).toMatchObject({ kind: 'expiry', amountNanoUsd: -2 * dollar })
    simulator.check()
  })

  test('lowers what the account and its key have spent in the window of the charge', () => {
    const simulator = Simulator.opened(5)
    const before = JSON.stringify([simulator.live.lifetime.spent])
    giveBack(simulator, charged(simulator, 2 * dollar), null)
    expect(JSON.stringify([simulator.live.lifetime.spent])).toBe(before)
  })

  test.each([0, -1, 0.5, Number.NaN, 2 ** 53])('of %d is refused and books nothing', (amount) => {
    const simulator = Simulator.opened(5)
    const callId = charged(simulator, dollar)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Over RPC anything may come.
    const command = { reference: 'r', callId, amountNanoUsd: amount as Reverse['amountNanoUsd'] }
    const head = simulator.live.headSeq
    const answer = simulator.ask((draft) => reverse(draft, { ...command, reason: '', actor: '' }))
    expect(answer).toEqual({ ok: false, code: 'invalid_amount' })
    expect(simulator.live.headSeq).toBe(head)
  })

  test('without a reference, or of what is no call id, is refused', () => {
    const simulator = Simulator.opened(5)
    const callId = charged(simulator, dollar)
    const refused = { ok: false, code: 'invalid_amount' }
    expect(giveBack(simulator, callId, dollar, { reference: '' })).toEqual(refused)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Over RPC anything may come.
    expect(giveBack(simulator, 'gen_x' as CallId, dollar)).toEqual(refused)
  })

  test('of one call may come in forty-nine parts beside its charge, and no more', () => {
    const simulator = Simulator.opened(5)
    const callId = charged(simulator, dollar)
    for (let n = 1; n < entriesPerCallMax; n += 1)
      expect(giveBack(simulator, callId, 1, { reference: `part ${n}` }).ok).toBe(true)
    expect(giveBack(simulator, callId, 1, { reference: 'one more' })).toMatchObject({ code: 'beyond_charge' })
  })

  test('in the same commit as its charge gives back what that call cost, not another one', () => {
    const simulator = Simulator.opened(5)
    const [callId, other] = [simulator.newCall(), simulator.newCall()]
    const answers: unknown[] = []
    simulator.askTogether([
      (draft) => capture(draft, captureOf(callId, dollar)),
      (draft) => capture(draft, captureOf(other, 2 * dollar)),
      (draft) =>
        answers.push(reverse(draft, { reference: 'v', callId, amountNanoUsd: null, reason: '', actor: '' })),
    ])
    expect(answers).toMatchObject([{ ok: true, amountNanoUsd: dollar, isRepeat: false }])
  })

  test('of a debt that was paid meanwhile is a paid lot of the reversal’s own entry', () => {
    const simulator = Simulator.opened(0)
    const callId = simulator.newCall()
    simulator.ask((draft) => capture(draft, captureOf(callId, dollar)))
    add(simulator, dollar, { kind: 'purchase' })
    giveBack(simulator, callId, null)
    const { headSeq } = simulator.live
    expect(simulator.live.lots).toEqual([
      { seq: headSeq, bucket: 'paid', remainingNanoUsd: dollar, expiresAtMs: null },
    ])
  })

  test('counts where its charge counted, and tells of nothing expired where nothing is', () => {
    const simulator = Simulator.opened(5)
    const callId = simulator.newCall()
    const admittedAtMs = simulator.nowMs
    simulator.ask((draft) => admit(draft, admitOf(callId)))
    simulator.nowMs += minuteMs / 2
    simulator.ask((draft) => capture(draft, captureOf(callId, dollar)))
    simulator.nowMs += dayMs
    giveBack(simulator, callId, null)
    expect(simulator.store.entries.at(-1)).toMatchObject({ detail: { admittedAtMs, expiredNanoUsd: 0 } })
  })

  test('of a call that was never charged is refused', () => {
    const simulator = Simulator.opened(5)
    const callId = simulator.newCall()
    simulator.ask((draft) => admit(draft, admitOf(callId)))
    expect(giveBack(simulator, callId, null)).toEqual({ ok: false, code: 'no_such_charge' })
  })
})

test('a late end that costs less gives back no more than a reversal has left of the charge', () => {
  const simulator = Simulator.opened(5)
  const callId = simulator.newCall()
  simulator.ask((draft) => admit(draft, admitOf(callId)))
  simulator.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: dollar }))
  simulator.nowMs += 5 * minuteMs
  giveBack(simulator, callId, null)
  expect(simulator.live.postedNanoUsd).toBe(5 * dollar)
  simulator.ask((draft) => capture(draft, captureOf(callId, 0)))
  expect(simulator.live.postedNanoUsd).toBe(5 * dollar)
  simulator.check()
})
