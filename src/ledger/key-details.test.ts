// The limits of a key and of an account at the edges of what is read as one.

import { describe, expect, test } from 'vitest'

import { readBudgets, readModels, readTerms } from './key-details.ts'
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
    ['nothing among them', [day, null]],
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

describe('the terms of a key', () => {
  const billion = 1_000_000_000

  test.each([
    { rpm: 0, tpm: billion, inFlight: null },
    { isDisabled: false, scopes: ['inference', 'keys:manage'], expiresAtMs: null },
    {},
  ])('are read as they were said: %j', (value) => {
    expect(readTerms(value)).toEqual(value)
  })

  test('that are not named, and what is no term, are left out', () => {
    expect(readTerms({ name: undefined, rpm: 3, gold: 1 })).toEqual({ rpm: 3 })
  })

  test.each<object>([
    { rpm: billion + 1 },
    { tpm: -1 },
    { inFlight: 0.5 },
    { isDisabled: 'no' },
    { isDisabled: null },
    { scopes: null },
    { scopes: ['inference', 'inference'] },
    { scopes: ['everything'] },
    { expiresAtMs: 0 },
  ])('of which one is not sound are none: %j', (value) => {
    expect(readTerms(value)).toBeUndefined()
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
