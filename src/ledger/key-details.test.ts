// The limits of a key and of an account at the edges of what is read as one.

import { describe, expect, test } from 'vitest'

import { readBudgets, readModels } from './key-details.ts'
import { readSettings } from './settings-details.ts'

describe('budgets', () => {
  const day = { window: 'day', amountNanoUsd: 5 }

  test('are read as they were said, one of zero too', () => {
    const month = { window: 'month', amountNanoUsd: 0 }
    expect(readBudgets([day, month])).toEqual([day, month])
    expect(readBudgets([])).toEqual([])
  })

  test.each([
    ['no list', day],
    ['something else among them', [day, 'month']],
    ['an unknown window', [{ ...day, window: 'hour' }]],
    ['an amount below nothing', [{ ...day, amountNanoUsd: -1 }]],
    ['no amount', [{ window: 'day' }]],
    ['two for one window', [day, { ...day, amountNanoUsd: 6 }]],
  ])('with %s are none', (_, value) => {
    expect(readBudgets(value)).toBeUndefined()
  })
})

describe('a list of models', () => {
  test.each([[null], [[]], [['m'.repeat(120)]], [Array.from({ length: 200 }, (_, n) => `m${n}`)]])(
    'is read as it was said: %#',
    (value) => {
      expect(readModels(value)).toEqual(value)
    },
  )

  test.each([
    ['what is no list', 'm'],
    ['a name too long', ['m'.repeat(121)]],
    ['a name that is no text', ['m', 3]],
    ['too many names', Array.from({ length: 201 }, (_, n) => `m${n}`)],
  ])('is not read from %s', (_, value) => {
    expect(readModels(value)).toBeUndefined()
  })
})

describe('settings', () => {
  const billion = 1_000_000_000

  test.each([
    { rpm: 0, tpm: billion, inFlight: billion, keysMax: 1_000 },
    { rpm: billion },
    { monthlySpendLimitNanoUsd: null, lowBalanceThresholdNanoUsd: 0 },
    { monthlySpendLimitNanoUsd: 7, creditLimitNanoUsd: 8 },
    { mode: 'prepaid', isFrozen: false },
    { mode: 'postpaid', isFrozen: true },
    { mode: 'allowance', endUserBudgets: [{ window: 'week', amountNanoUsd: 3 }] },
    {},
  ])('are read as they were said: %j', (value) => {
    expect(readSettings(value)).toEqual(value)
  })

  test('that nobody names are none', () => {
    expect(readSettings(undefined)).toEqual({})
  })

  test.each<unknown>([
    null,
    'rpm',
    { gold: 1 },
    { toString: 1 },
    { rpm: billion + 1 },
    { tpm: -1 },
    { inFlight: 0.5 },
    { keysMax: 1_001 },
    { monthlySpendLimitNanoUsd: 'all' },
    { lowBalanceThresholdNanoUsd: null },
    { creditLimitNanoUsd: -1 },
    { mode: 'free' },
    { isFrozen: 'no' },
    { endUserBudgets: {} },
    { rpm: 5, tpm: 'many' },
  ])('of which one is not sound are refused whole: %j', (value) => {
    expect(readSettings(value)).toBeUndefined()
  })
})
