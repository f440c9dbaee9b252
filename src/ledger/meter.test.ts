// What is metered takes the allowance first, then money, once per id.

import { describe, expect, test } from 'vitest'
import { picoUsd, zeroNanoUsd } from '#core/money.ts'
import { minuteMs } from '#core/clock.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { admitOf, dollar, exampleTerms, keyOf, meterOf, planOf } from './example-commands.ts'
import { putKey, revokeKey } from './keys.ts'
import { meter, saidOfMeter } from './meter.ts'
import type { Meter } from './plan-commands.ts'
import { setPlan } from './plans.ts'
import { changeSettings } from './settings.ts'
import { keyNumber } from '#core/ids.ts'

const ask = (account: Simulator, command: Meter) => account.ask((draft) => meter(draft, command))

function onPlan(dollars: number): Simulator {
  const account = Simulator.opened(dollars)
  account.ask((draft) => setPlan(draft, planOf('plan')))
  return account
}

describe('what is metered', () => {
  // Requirements: 77
  test('takes the allowance first, and only what exceeds it costs credit', () => {
    const account = onPlan(1)
    expect(ask(account, meterOf(1, 7))).toMatchObject({ ok: true, allowanceUsed: 7, costNanoUsd: 0 })
    expect(ask(account, meterOf(2, 5))).toMatchObject({
      ok: true,
      allowanceUsed: 3,
      chargedQuantity: 2,
      costNanoUsd: 20_000_000,
      balanceNanoUsd: dollar - 20_000_000,
    })
    expect(account.store.entries.at(-1)?.detail).toMatchObject({
      allowance: { consumable: 'sms', units: 3 },
      costNanoUsd: 20_000_000,
      metered: { consumable: 'sms', quantity: 5 },
    })
    account.check()
    account.checkRestart()
  })

  test('leaves running calls the tokens that they may use, and takes no other unit for them', () => {
    const account = onPlan(10)
    const cover = { bound: 600, usual: 600, floor: 600 }
    const called = admitOf(account.newCall(), { tokenBounds: cover })
    expect(account.ask((draft) => admit(draft, called))).toMatchObject({ ok: true })
    const tokens = { consumable: 'tokens' } as const
    expect(ask(account, meterOf(1, 401, tokens))).toEqual({ ok: false, code: 'unpriced_consumable' })
    expect(ask(account, meterOf(2, 400, tokens))).toMatchObject({ ok: true, allowanceUsed: 400 })
    expect(ask(account, meterOf(3, 10))).toMatchObject({ ok: true, allowanceUsed: 10 })
  })

  test('costs the standard price where the account has no plan', () => {
    const account = Simulator.opened(1)
    expect(ask(account, meterOf(1, 5))).toMatchObject({ ok: true, costNanoUsd: 100_000_000 })
  })

  test('without a price beyond the allowance is refused and takes nothing', () => {
    const account = onPlan(1)
    const emails = { consumable: 'emails' } as const
    expect(ask(account, meterOf(1, 1, emails))).toEqual({ ok: false, code: 'unpriced_consumable' })
    expect(ask(account, meterOf(1, 1_001, { consumable: 'tokens' }))).toEqual({
      ok: false,
      code: 'unpriced_consumable',
    })
    expect(ask(account, meterOf(1, 1_000, { consumable: 'tokens' }))).toMatchObject({
      ok: true,
      costNanoUsd: 0,
    })
  })

  // Requirements: 79
  test('beyond allowance and credit is refused with when the allowance renews, until credit comes', () => {
    const account = onPlan(0)
    ask(account, meterOf(1, 9))
    const refused = ask(account, meterOf(2, 5))
    const { period } = account.live.allowances
    expect(refused).toMatchObject({
      ok: false,
      code: 'allowance_exhausted',
      limitSource: 'allowance',
      allowance: { consumable: 'sms', included: 10, left: 1 },
      resetMs: (period?.endMs ?? 0) - account.nowMs,
    })
    expect(account.live.allowances.used.sms).toBe(9)
    account.nowMs = period?.endMs ?? 0
    expect(ask(account, meterOf(2, 5))).toMatchObject({ ok: true, isRepeat: false, allowanceUsed: 5 })
  })

  test('is booked once per id, for ever, and the id stands for what it said', () => {
    const account = onPlan(1)
    const first = ask(account, meterOf(1, 12))
    account.crash()
    ask(account, meterOf(2, 1))
    const entries = account.store.entries.length
    expect(ask(account, meterOf(1, 12))).toEqual({ ...first, isRepeat: true, rate: expect.anything() })
    expect(ask(account, meterOf(1, 13))).toEqual({ ok: false, code: 'reference_reused' })
    expect(ask(account, meterOf(1, 12, { consumable: 'emails' }))).toEqual({
      ok: false,
      code: 'reference_reused',
    })
    expect(account.store.entries).toHaveLength(entries)
  })

  // Cases: billing-bugs 45
  test('twice in one group is booked once', () => {
    const account = onPlan(1)
    const answers: unknown[] = []
    account.askTogether([
      (draft) => answers.push(meter(draft, meterOf(1, 12))),
      (draft) => answers.push(meter(draft, meterOf(1, 12))),
    ])
    expect(answers).toMatchObject([{ isRepeat: false }, { isRepeat: true, costNanoUsd: 20_000_000 }])
    expect(account.live.postedNanoUsd).toBe(dollar - 20_000_000)
  })

  test('says of itself in its entry what a rebuild needs', () => {
    const account = onPlan(1)
    ask(account, meterOf(1, 12))
    const entry = account.store.entries.at(-1)
    const row = account.store.references.get(`meter ${meterOf(1, 12).id}`)
    expect(entry === undefined ? '' : saidOfMeter(entry)).toBe(row?.said)
  })

  // Cases: billing-bugs 30
  test.each([-1, 0, 1.5, '5', Number.POSITIVE_INFINITY, Number.NaN, 2 ** 53, 1_000_000_001, null])(
    'in the quantity %s is refused and writes nothing',
    (quantity) => {
      const account = onPlan(1)
      const before = account.store.entries.length
      const command = { ...meterOf(1, 1), ...Object.fromEntries([['quantity', quantity]]) }
      expect(ask(account, command)).toEqual({ ok: false, code: 'invalid_command' })
      expect(account.store.entries).toHaveLength(before)
    },
  )

  test('of a fortune is refused, and breaks nothing', () => {
    const account = Simulator.opened(5)
    const dear = meterOf(1, 1_000_000_000, { standardPicoUsd: picoUsd(Number.MAX_SAFE_INTEGER) })
    expect(ask(account, dear)).toMatchObject({ ok: false, code: 'insufficient_credits' })
    expect(account.live.postedNanoUsd).toBe(5 * dollar)
    account.check()
  })
})

describe('a key that meters', () => {
  test('is refused where it is unknown, wrong, revoked or of a frozen account', () => {
    const account = onPlan(1)
    expect(ask(account, meterOf(1, 1, { secretHash: '0'.repeat(63) }))).toMatchObject({
      code: 'invalid_api_key',
    })
    account.ask((draft) => putKey(draft, keyOf(2)))
    account.ask((draft) => revokeKey(draft, { reference: 'r', keyNumber: keyNumber(1) }))
    expect(ask(account, meterOf(1, 1))).toMatchObject({ code: 'key_disabled' })
    const settings = { isFrozen: true }
    account.ask((draft) =>
      changeSettings(draft, { reference: 's', settings, reason: 'test', actor: 'operator' }),
    )
    const second = { keyNumber: keyNumber(2), secretHash: keyOf(2).secretHash }
    expect(ask(account, meterOf(1, 1, second))).toMatchObject({ code: 'account_suspended' })
  })

  test('spends its own budget and the account’s month', () => {
    const account = Simulator.opened(5)
    account.ask((draft) => putKey(draft, keyOf(2, { budgets: [{ window: 'day', amountNanoUsd: dollar }] })))
    const second = { keyNumber: keyNumber(2), secretHash: keyOf(2).secretHash }
    expect(ask(account, meterOf(1, 40, second))).toMatchObject({ ok: true })
    expect(ask(account, meterOf(2, 40, second))).toMatchObject({
      code: 'key_limit_exceeded',
      limitSource: 'key_day',
    })
    const settings = { monthlySpendLimitNanoUsd: dollar }
    account.ask((draft) =>
      changeSettings(draft, { reference: 's', settings, reason: 'test', actor: 'operator' }),
    )
    expect(ask(account, meterOf(2, 40))).toMatchObject({ code: 'monthly_spend_limit_reached' })
  })

  test('is held to the requests per minute of its account, also after a restart', () => {
    const account = Simulator.opened(5, { rpm: 2 })
    ask(account, meterOf(1, 1))
    ask(account, meterOf(2, 1))
    account.crash()
    expect(ask(account, meterOf(3, 1))).toMatchObject({ code: 'rate_limit_exceeded', limitSource: 'rpm' })
    account.nowMs += minuteMs
    expect(ask(account, meterOf(3, 1))).toMatchObject({ ok: true })
  })

  test('is not charged for what costs nothing', () => {
    const account = Simulator.opened(0)
    account.ask((draft) => setPlan(draft, planOf('p', { terms: { ...exampleTerms, overage: {} } })))
    expect(ask(account, meterOf(1, 10))).toMatchObject({ ok: true, costNanoUsd: zeroNanoUsd })
  })
})
