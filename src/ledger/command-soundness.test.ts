// What an owner that is broken might ask of an object, figure by figure: refused, and nothing is held, written or sliced.

import { describe, expect, test } from 'vitest'
import { hourMs } from '#core/clock.ts'
import { type CallId, keyNumber } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { admit, extend } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit, Extend } from './call-commands.ts'
import { callCostMaxNanoUsd } from './charges.ts'
import { admitOf, callAt, dollar } from './example-commands.ts'

const beyond = nanoUsd(callCostMaxNanoUsd + 1)
const half = nanoUsd(dollar / 2)
const tokens = (bound: number, usual: number, floor: number) => ({ tokenBounds: { bound, usual, floor } })
const broken = (value: unknown) => value as NanoUsd

/** As rich as an account may be, so that nothing but the figures refuses. */
const opened = () => {
  const account = Simulator.opened(10)
  account.ask((draft) => {
    draft.state.settings = {
      ...draft.state.settings,
      mode: 'postpaid',
      creditLimitNanoUsd: callCostMaxNanoUsd,
    }
    return true
  })
  return account
}

const asks = (account: Simulator, changes: Partial<Admit>, callId: CallId = account.newCall()) =>
  account.ask((draft) => admit(draft, admitOf(callId, changes)))

// Cases: billing-bugs 30
describe('an admission is refused', () => {
  test.each<[string, Partial<Admit>]>([
    [
      'that holds more than one call may cost',
      { holdNanoUsd: beyond, floorNanoUsd: zeroNanoUsd, usualNanoUsd: zeroNanoUsd },
    ],
    ['with a slice of more than one call may cost', { sliceNanoUsd: beyond }],
    ['whose least is above its usual', { floorNanoUsd: dollar, usualNanoUsd: half }],
    ['whose usual is above its hold', { floorNanoUsd: half, usualNanoUsd: nanoUsd(dollar + 1) }],
    ['whose least is no amount', { floorNanoUsd: broken(-1) }],
    ['whose usual is no amount', { usualNanoUsd: broken(0.5) }],
    ['whose slice is no amount', { sliceNanoUsd: broken(Number.NaN) }],
    ['with no token at least', tokens(5, 5, 0)],
    ['with half a token usually', tokens(5, 1.5, 1)],
    ['with tokens that are no number', tokens(Number.NaN, 1, 1)],
    ['with a bound of no token', tokens(0, 0, 0)],
    ['whose least tokens are above its usual ones', tokens(5, 2, 3)],
    ['whose usual tokens are above their bound', tokens(5, 6, 3)],
    ['with more tokens than any call has', tokens(1_000_000_001, 5, 5)],
  ])('%s', (_, changes) => {
    const account = opened()
    const before = account.store.rowsWritten
    expect(asks(account, changes)).toMatchObject({ ok: false, code: 'internal' })
    expect([account.store.rowsWritten, account.live.heldNanoUsd]).toEqual([before, 0])
  })

  test('with an id that is none', () => {
    expect(asks(opened(), {}, 'gen_nonsense' as CallId)).toMatchObject({ code: 'internal' })
  })

  test('with an exposure that is no amount, and books no finding of it', () => {
    const account = opened()
    const before = account.store.entries.length
    const changes = { isDispatched: true, exposureNanoUsd: broken(Number.NaN), keyNumber: keyNumber(9) }
    expect(asks(account, changes)).toMatchObject({ code: 'invalid_api_key' })
    expect(account.store.entries.length).toBe(before)
  })
})

test.each<[string, Partial<Admit>]>([
  ['as many tokens as any call has', tokens(1_000_000_000, 1_000_000_000, 1_000_000_000)],
  ['one token', tokens(1, 1, 1)],
  ['a slice of all that one call may cost', { sliceNanoUsd: callCostMaxNanoUsd }],
  ['a least of nothing', { floorNanoUsd: zeroNanoUsd, usualNanoUsd: zeroNanoUsd }],
])('an admission with %s is sound', (_, changes) => {
  expect(asks(opened(), changes)).toMatchObject({ ok: true })
})

test('an id is good for an hour before and after its birth', () => {
  const account = Simulator.opened(10)
  for (const bornAtMs of [account.nowMs - hourMs, account.nowMs + hourMs])
    expect(asks(account, {}, callAt(bornAtMs, 1))).toMatchObject({ ok: true })
  for (const bornAtMs of [account.nowMs - hourMs - 1, account.nowMs + hourMs + 1])
    expect(asks(account, {}, callAt(bornAtMs, 2))).toMatchObject({ code: 'call_resolved' })
})

describe('an extension is refused', () => {
  const raise = (account: Simulator, callId: CallId, command: Omit<Extend, 'callId'>) =>
    account.ask((draft) => extend(draft, { callId, ...command }))

  test.each([
    ['whose least is above its total', { totalNanoUsd: dollar, leastNanoUsd: nanoUsd(dollar + 1) }],
    ['of more than one call may cost', { totalNanoUsd: beyond, leastNanoUsd: zeroNanoUsd }],
    ['whose least is no amount', { totalNanoUsd: dollar, leastNanoUsd: broken(-1) }],
    ['whose total is no amount', { totalNanoUsd: broken(0.5), leastNanoUsd: zeroNanoUsd }],
  ])('%s', (_, command) => {
    const account = opened()
    const callId = account.newCall()
    asks(account, {}, callId)
    expect(raise(account, callId, command)).toEqual({ ok: false, code: 'internal' })
    expect(account.live.heldNanoUsd).toBe(dollar)
  })

  test('for an id that is none, as for a call that nobody knows', () => {
    const command = { totalNanoUsd: dollar, leastNanoUsd: dollar }
    expect(raise(opened(), 'gen_nonsense' as CallId, command)).toEqual({ ok: false, code: 'unknown_call' })
  })

  test('by nothing where it asks for all that one call may cost', () => {
    const account = opened()
    const callId = account.newCall()
    asks(account, {}, callId)
    const command = { totalNanoUsd: callCostMaxNanoUsd, leastNanoUsd: dollar }
    expect(raise(account, callId, command)).toMatchObject({ ok: true })
  })
})
