// What is metered, word for word: its entry, its answers, a repeat's, and every refusal with its figures.

import { describe, expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import type { KeyTerms } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { admitOf, dollar, keyOf, meterOf, planOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { isMetered, meter, quantityMax, saidOfMeter } from './meter.ts'
import type { Meter } from './plan-commands.ts'
import { setPlan } from './plans.ts'

const ask = (account: Simulator, command: Meter) => account.ask((draft) => meter(draft, command))

/** Ten messages a month; a message beyond costs a cent. */
function onPlan(dollars = 1): Simulator {
  const account = Simulator.opened(dollars)
  account.ask((draft) => setPlan(draft, planOf('plan')))
  return account
}

const cents = (count: number) => nanoUsd(count * 10_000_000)

test('an entry tells all that a charge of a call tells', () => {
  const account = onPlan()
  const answer = ask(account, meterOf(1, 12))
  expect(answer).toMatchObject({
    ok: true,
    isRepeat: false,
    allowanceUsed: 10,
    chargedQuantity: 2,
    costNanoUsd: cents(2),
    balanceNanoUsd: dollar - cents(2),
    rate: { requests: { limit: 50, remaining: 49, resetMs: minuteMs } },
  })
  expect(ask(account, meterOf(1, 12))).toEqual({ ...answer, isRepeat: true })
  expect(account.store.entries.at(-1)).toMatchObject({
    kind: 'usage',
    amountNanoUsd: 0 - cents(2),
    keyNumber: 1,
    detail: {
      requestId: 'req_1',
      model: 'sms',
      provider: '',
      endpoint: '/v1/meter',
      isStreamed: false,
      priceVersion: '',
      usage: {},
      usageSource: 'metered',
      lines: [{ unit: 'sms', units: 2, pricePicoUsd: 10_000_000_000 }],
      rule: 'metered',
      status: 'ok',
      durationMs: 0,
      firstTokenMs: null,
      upstreamId: null,
      metered: { consumable: 'sms', quantity: 12 },
      costNanoUsd: cents(2),
      allowance: { consumable: 'sms', units: 10, periodStartMs: startOfTime },
      draw: [[3, cents(2), 'promotional', null]],
      debtNanoUsd: 0,
    },
  })
})

test('an entry tells of no allowance where none was taken, and of no line where nothing has a price', () => {
  const [paid, free] = [Simulator.opened(1), onPlan(0)]
  ask(paid, meterOf(1, 2))
  expect(paid.store.entries.at(-1)?.detail).not.toHaveProperty('allowance')
  ask(free, meterOf(1, 2, { consumable: 'tokens' }))
  expect(free.store.entries.at(-1)?.detail).toMatchObject({ lines: [] })
  ask(free, meterOf(2, 8))
  expect(free.store.entries.at(-1)?.detail).toMatchObject({ lines: [{ unit: 'sms', units: 0 }] })
})

describe('an id stands for what it said', () => {
  test.each([{ quantity: 11 }, { consumable: 'tokens' as const }])('and is refused with %j', (changes) => {
    const account = onPlan()
    ask(account, meterOf(1, 12))
    expect(ask(account, { ...meterOf(1, 12), ...changes })).toEqual({ ok: false, code: 'reference_reused' })
  })
})

describe('what is no use of anything is refused', () => {
  test.each<Partial<Record<keyof Meter, unknown>>>([
    { id: 'mtr_1' },
    { id: `xmtr_${'0'.repeat(32)}` },
    { id: `mtr_${'0'.repeat(33)}` },
    { quantity: 0 },
    { quantity: 1.5 },
    { quantity: quantityMax + 1 },
    { consumable: 'gold' },
    { standardPicoUsd: 0 },
    { standardPicoUsd: 'free' },
  ])('%j', (changes) => {
    const account = Simulator.opened(1)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Over RPC anything may come.
    const command = { ...meterOf(1, 1), ...changes } as Meter
    expect(ask(account, command)).toEqual({ ok: false, code: 'invalid_command' })
  })

  test('but not the largest quantity there is', () => {
    const account = Simulator.opened(1)
    const command = meterOf(1, quantityMax, { standardPicoUsd: picoUsd(1) })
    expect(ask(account, command)).toMatchObject({ ok: true, costNanoUsd: 1_000_000 })
  })
})

describe('a refusal tells its figures', () => {
  test('of money: what is there, what is held and what it takes', () => {
    const account = Simulator.opened(2)
    account.ask((draft) => admit(draft, admitOf(account.newCall())))
    const command = meterOf(1, 3, { standardPicoUsd: picoUsd(dollar * 1_000) })
    expect(ask(account, command)).toMatchObject({
      ok: false,
      code: 'insufficient_credits',
      availableNanoUsd: dollar,
      heldNanoUsd: dollar,
      requiredNanoUsd: 3 * dollar,
      rate: { requests: { remaining: 49 } },
    })
  })

  test('of the requests per minute of its key', () => {
    const account = Simulator.opened(1)
    account.ask((draft) => putKey(draft, { ...keyOf(2), rpm: 1 }))
    const own = { keyNumber: keyNumber(2), secretHash: keyOf(2).secretHash }
    expect(ask(account, meterOf(1, 1, own)).ok).toBe(true)
    account.nowMs += 1_000
    expect(ask(account, meterOf(2, 1, own))).toMatchObject({
      code: 'rate_limit_exceeded',
      limitSource: 'key_rpm',
      limit: 1,
      remaining: 0,
      resetMs: minuteMs - 1_000,
      requiredNanoUsd: 0,
    })
  })

  test.each<[string, Partial<KeyTerms>, string]>([
    ['may not call models', { scopes: ['balance:read'] }, 'insufficient_role'],
    ['is disabled', { isDisabled: true }, 'key_disabled'],
  ])('of a key that %s', (_, terms, code) => {
    const account = Simulator.opened(1)
    account.ask((draft) => putKey(draft, { ...keyOf(2), ...terms }))
    const own = { keyNumber: keyNumber(2), secretHash: keyOf(2).secretHash }
    expect(ask(account, meterOf(1, 1, own))).toMatchObject({ ok: false, code })
  })

  test('of an account in which an invariant was broken', () => {
    const account = Simulator.opened(1)
    account.live.isDamaged = true
    expect(ask(account, meterOf(1, 1))).toMatchObject({ ok: false, code: 'internal' })
  })
})

test('a key that the account has not is refused as one that is wrong', () => {
  const command = { ...meterOf(1, 1), keyNumber: keyNumber(99) }
  expect(ask(onPlan(), command)).toMatchObject({ ok: false, code: 'invalid_api_key' })
})

test('a unit without a standard price is metered as long as the plan includes it', () => {
  expect(ask(onPlan(), meterOf(1, 10, { standardPicoUsd: null }))).toMatchObject({ ok: true, costNanoUsd: 0 })
})

test('an entry names the allowance only where something was taken from it', () => {
  const account = onPlan()
  ask(account, meterOf(1, 10))
  ask(account, meterOf(2, 1))
  const [taken, paid] = account.store.entries.slice(-2).map(({ detail }) => detail)
  expect(taken).toHaveProperty('allowance')
  expect(paid).not.toHaveProperty('allowance')
})

test('an entry that says nothing of what was metered is read as nothing', () => {
  const [entry] = Simulator.opened(1).store.entries
  if (entry === undefined) throw new Error('There is an entry.')
  const said = [null, 'text', [], {}, { metered: null }, { metered: [] }, { metered: 'sms' }].map((detail) =>
    saidOfMeter({ ...entry, detail, amountNanoUsd: nanoUsd(-3), balanceAfterNanoUsd: nanoUsd(7) }),
  )
  expect(new Set(said)).toEqual(new Set([' 0 0 3 7']))
})

test('only a charge is something metered, whatever its reference', () => {
  const [entry] = Simulator.opened(1).store.entries
  if (entry === undefined) throw new Error('There is an entry.')
  const { id } = meterOf(1, 1)
  expect(isMetered({ ...entry, kind: 'usage', reference: id })).toBe(true)
  expect(isMetered({ ...entry, kind: 'grant', reference: id })).toBe(false)
})
