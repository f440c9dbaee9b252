// A call that may be lowered holds what there is, where that makes sense; and running streams keep room for their next slice.

import { describe, expect, test } from 'vitest'

import { keyNumber, type CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit, extend } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, dollar, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'

const dollars = (amount: number) => nanoUsd(amount * dollar)

function ask(account: Simulator, changes: Partial<Admit> = {}) {
  return account.ask((draft) => admit(draft, admitOf(changes.callId ?? account.newCall(), changes)))
}

/** $4 for everything, $2 for an answer of usual length, $1 at the very least. */
const lowerable = { holdNanoUsd: dollars(4), usualNanoUsd: dollars(2), floorNanoUsd: dollars(1) }

describe('a call that may be lowered', () => {
  test.each([
    { balance: 5, held: 0, gets: 4, why: 'all of it where there is enough' },
    { balance: 3, held: 0, gets: 3, why: 'what there is' },
    { balance: 1, held: 0, gets: 1, why: 'the floor, where no waiting would get it more' },
    { balance: 7, held: 5, gets: 2, why: 'a usual answer, where running calls hold the rest' },
    {
      balance: 7,
      held: 6,
      gets: 'in_flight_budget_exhausted',
      why: 'nothing below it: waiting gets it more',
    },
    { balance: 1, held: 0.5, gets: 'in_flight_budget_exhausted', why: 'nothing now, but the floor later' },
    { balance: 0.5, held: 0, gets: 'insufficient_credits', why: 'nothing below the floor' },
  ])('gets $gets of a balance of $balance with $held held: $why', ({ balance, held, gets }) => {
    const account = Simulator.opened(balance)
    if (held > 0) ask(account, { holdNanoUsd: dollars(held) })
    const answer = ask(account, lowerable)
    if (typeof gets === 'string')
      expect(answer).toMatchObject({ ok: false, code: gets, requiredNanoUsd: dollars(1) })
    else expect(answer).toMatchObject({ ok: true, heldNanoUsd: dollars(gets) })
  })

  test('is never lowered once it has been sent upstream', () => {
    const account = Simulator.opened(3)
    expect(ask(account, { ...lowerable, isDispatched: true })).toMatchObject({ code: 'insufficient_credits' })
  })

  test('is lowered to what its key may still spend as well', () => {
    const account = Simulator.opened(10)
    const budgets = [{ window: 'day' as const, amountNanoUsd: dollars(2.5) }]
    account.ask((draft) => putKey(draft, keyOf(2, { budgets })))
    const two = { keyNumber: keyNumber(2) }
    expect(ask(account, { ...two, ...lowerable })).toMatchObject({ heldNanoUsd: dollars(2.5) })
    expect(ask(account, { ...two, ...lowerable })).toMatchObject({ code: 'key_limit_exceeded' })
  })

  test.each([
    ['a floor above the hold', { floorNanoUsd: dollars(5) }],
    ['a floor above the usual', { floorNanoUsd: dollars(3) }],
    ['a fraction', { usualNanoUsd: 1.5 }],
    ['a negative slice', { sliceNanoUsd: -1 }],
  ])('is refused with %s', (_, changes) => {
    const account = Simulator.opened(10)
    const command = { ...admitOf(account.newCall(), lowerable), ...changes }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- What a broken owner might send over RPC.
    expect(account.ask((draft) => admit(draft, command as Admit))).toMatchObject({ code: 'internal' })
  })

  // Cases: billing-bugs 25, 28
  test('twenty calls of half their hold spend a balance of ten holds to the last nano-dollar', () => {
    const account = Simulator.opened(40)
    const running: CallId[] = []
    let served = 0
    for (let asked = 0; asked < 100; asked += 1) {
      const callId = account.newCall()
      if (ask(account, { ...lowerable, callId }).ok) running.push(callId)
      const done = running.length >= 10 ? running.shift() : undefined
      if (done === undefined) continue
      account.ask((draft) => capture(draft, captureOf(done, dollars(2))))
      served += 1
    }
    for (const done of running) {
      account.ask((draft) => capture(draft, captureOf(done, dollars(2))))
      served += 1
    }
    expect({ served, left: account.live.postedNanoUsd }).toEqual({ served: 20, left: 0 })
  })
})

describe('a rolling hold', () => {
  const rolling = {
    holdNanoUsd: dollars(2),
    usualNanoUsd: dollars(2),
    floorNanoUsd: dollars(2),
    sliceNanoUsd: dollars(1),
  }

  test('keeps its next slice free of new admissions, for itself to take', () => {
    const account = Simulator.opened(5)
    const callId = account.newCall()
    ask(account, { ...rolling, callId })
    expect(ask(account, { holdNanoUsd: dollars(2.5) })).toMatchObject({ code: 'in_flight_budget_exhausted' })
    expect(ask(account, { holdNanoUsd: dollars(2) })).toMatchObject({ ok: true })
    expect(
      account.ask((draft) => extend(draft, { callId, totalNanoUsd: dollars(3), leastNanoUsd: dollars(3) })),
    ).toMatchObject({
      ok: true,
    })
    expect(
      account.ask((draft) => extend(draft, { callId, totalNanoUsd: dollars(4), leastNanoUsd: dollars(4) })),
    ).toMatchObject({
      code: 'in_flight_budget_exhausted',
    })
  })

  test('keeps it across a restart, and no longer than it is open', () => {
    const account = Simulator.opened(5)
    const callId = account.newCall()
    ask(account, { ...rolling, callId })
    account.crash()
    expect(account.live.slicesNanoUsd).toBe(dollars(1))
    account.ask((draft) => capture(draft, captureOf(callId, dollars(2))))
    expect(account.live.slicesNanoUsd).toBe(0)
    expect(ask(account, { holdNanoUsd: dollars(3) })).toMatchObject({ ok: true })
  })
})

describe('an extension', () => {
  const rolling = { holdNanoUsd: dollars(2), usualNanoUsd: dollars(2), floorNanoUsd: dollars(2) }

  test.each([
    { balance: 5, total: 4, least: 3, gets: 4, why: 'all of it where there is enough' },
    { balance: 3.5, total: 4, least: 3, gets: 3.5, why: 'what there is' },
    { balance: 2.5, total: 4, least: 3, gets: 'insufficient_credits', why: 'nothing below what is of use' },
    { balance: 2, total: 4, least: 2, gets: 'insufficient_credits', why: 'nothing of nothing' },
  ])('of a balance of $balance gets $gets: $why', ({ balance, total, least, gets }) => {
    const account = Simulator.opened(balance)
    const callId = account.newCall()
    ask(account, { ...rolling, callId })
    const answer = account.ask((draft) =>
      extend(draft, { callId, totalNanoUsd: dollars(total), leastNanoUsd: dollars(least) }),
    )
    if (typeof gets === 'string') expect(answer).toMatchObject({ ok: false })
    else expect(answer).toMatchObject({ ok: true, heldNanoUsd: dollars(gets) })
    account.check()
  })
})
