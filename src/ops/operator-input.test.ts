// What the operator API takes, and what it refuses by name.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import * as keyInput from '#keys/key-input.ts'
import { readGrant, readNewAccount, readSettingsChange } from './operator-input.ts'

const readNewKey = (body: unknown) => keyInput.readNewKey(body, asMillis(0))

const bad = (param: string) => ({ ok: false, code: 'invalid_request', param })
const grant = { amount: '10.00', reason: 'start', idempotency_key: 'k1' }

describe('what an operator may send', () => {
  test('an account needs a name, and lives where it was asked to', () => {
    expect(
      readNewAccount({ name: ' Ada ', region: 'apac', settings: { rpm: 5, monthly_spend_limit: '2' } }),
    ).toEqual({
      ok: true,
      value: { name: 'Ada', region: 'apac', settings: { rpm: 5, monthlySpendLimitNanoUsd: 2_000_000_000 } },
    })
    expect(readNewAccount({ name: 'Ada' })).toMatchObject({ value: { region: 'weur', settings: {} } })
    expect(readNewAccount({ name: 'Ada', region: 'moon' })).toMatchObject(bad('region'))
    expect(readNewAccount({ name: 'a\u0000b' })).toMatchObject(bad('name'))
    expect(readNewAccount({})).toMatchObject(bad('name'))
    expect(readNewAccount([])).toMatchObject({ ok: false, code: 'invalid_request' })
  })

  test('a key has at most one limit per window', () => {
    const limits = [
      { window: 'day', amount: '1' },
      { window: 'month', amount: '20.5' },
    ]
    expect(readNewKey({ name: 'k', limits, allowed_models: ['gpt-test'] })).toEqual({
      ok: true,
      value: {
        name: 'k',
        budgets: [
          { window: 'day', amountNanoUsd: 1_000_000_000 },
          { window: 'month', amountNanoUsd: 20_500_000_000 },
        ],
        allowedModels: ['gpt-test'],
      },
    })
    expect(readNewKey({ name: 'k', limits: [...limits, ...limits] })).toMatchObject(bad('limits[2].window'))
    expect(readNewKey({ name: 'k', limits: [{ window: 'hour', amount: '1' }] })).toMatchObject(
      bad('limits[0].window'),
    )
    expect(readNewKey({ name: 'k', limits: [{ window: 'day', amount: 1 }] })).toMatchObject(
      bad('limits[0].amount'),
    )
    expect(readNewKey({ name: 'k', allowed_models: [] })).toMatchObject(bad('allowed_models'))
    expect(readNewKey({ name: 'k', allowed_models: [1] })).toMatchObject(bad('allowed_models'))
  })

  test('a change needs a reason and something to change', () => {
    expect(readSettingsChange({ rpm: 0, frozen: true, reason: 'abuse' })).toEqual({
      ok: true,
      value: { settings: { rpm: 0, isFrozen: true }, reason: 'abuse' },
    })
    expect(readSettingsChange({ monthly_spend_limit: null, reason: 'r' })).toMatchObject({
      value: { settings: { monthlySpendLimitNanoUsd: null } },
    })
    expect(readSettingsChange({ rpm: 1 })).toMatchObject(bad('reason'))
    expect(readSettingsChange({ reason: 'nothing' })).toMatchObject({ ok: false, code: 'invalid_request' })
  })
})

describe('what is not offered is refused by name', () => {
  // Cases: billing-bugs 56
  test.each(['balance', 'mode', 'credit_limit', 'is_admin', 'epoch', 'constructor', '__proto__', 'settings'])(
    'a change of %s',
    (field) => {
      expect(readSettingsChange(JSON.parse(`{"${field}": 1, "reason": "r"}`))).toMatchObject(bad(field))
    },
  )

  // Cases: billing-bugs 56
  test('fields of an account, a grant or a key that are not ours', () => {
    expect(readNewAccount({ name: 'Ada', id: 'acct_e00000000000000' })).toMatchObject(bad('id'))
    expect(readNewAccount({ name: 'Ada', settings: { user_role: 'admin' } })).toMatchObject(
      bad('settings.user_role'),
    )
    expect(readGrant({ ...grant, kind: 'purchase' })).toMatchObject(bad('kind'))
    expect(readNewKey({ name: 'k', scopes: ['all'] })).toMatchObject(bad('scopes'))
    expect(readNewKey({ name: 'k', user_role: 'admin' })).toMatchObject(bad('user_role'))
    expect(readNewKey({ name: 'k', key_number: 1 })).toMatchObject(bad('key_number'))
    expect(readNewKey({ name: 'k', limits: [{ window: 'day', amount: '1', used: '0' }] })).toMatchObject(
      bad('limits[0].used'),
    )
  })

  // Cases: billing-bugs 30
  test.each([-1, 1.5, '5', Number.POSITIVE_INFINITY, 2 ** 53, null, true, 1_000_001])('rpm of %s', (rpm) => {
    expect(readSettingsChange({ rpm, reason: 'r' })).toMatchObject(bad('rpm'))
  })
})

describe('an amount is a decimal text within its limits', () => {
  test('the smallest and the largest amounts are taken to the nano-dollar', () => {
    expect(readGrant({ ...grant, amount: '0.000000001' })).toMatchObject({ value: { amountNanoUsd: 1 } })
    expect(readGrant({ ...grant, amount: '1000000' })).toMatchObject({ value: { amountNanoUsd: 1e15 } })
  })

  // Cases: billing-bugs 30
  test.each([
    10,
    '0',
    '0.00',
    '-1',
    '-1000',
    '+5',
    '1e3',
    '1.0000000001',
    '1000000.01',
    '1,000',
    '',
    ' 5',
    '5$',
    null,
  ])('%s is refused', (amount) => {
    expect(readGrant({ ...grant, amount })).toMatchObject(bad('amount'))
  })

  test('a grant needs its reason and the key that makes it happen once', () => {
    expect(readGrant({ ...grant, reason: '' })).toMatchObject(bad('reason'))
    expect(readGrant({ amount: '1', reason: 'r' })).toMatchObject(bad('idempotency_key'))
    expect(readGrant({ ...grant, idempotency_key: 'k'.repeat(151) })).toMatchObject(bad('idempotency_key'))
  })
})
