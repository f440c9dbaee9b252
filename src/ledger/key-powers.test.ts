// What a managing key may reach: one line per way to reach further than it may.

import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import type { Budget, KeyTerms } from './account-commands.ts'
import { mayEdit, mayHold } from './key-powers.ts'

const free: KeyTerms = {
  name: 'k',
  budgets: [],
  allowedModels: null,
  scopes: ['inference', 'balance:read', 'keys:manage'],
  rpm: null,
  tpm: null,
  inFlight: null,
  expiresAtMs: null,
  endUserBudgets: [],
  isDisabled: false,
}
const day = (amount: number): Budget => ({ window: 'day', amountNanoUsd: nanoUsd(amount) })

test.each<[string, Partial<KeyTerms>, Partial<KeyTerms>, boolean]>([
  ['a key as free as itself', {}, {}, true],
  ['a scope that it has not', { scopes: ['keys:manage'] }, { scopes: ['inference'] }, false],
  ['all models where it has some', { allowedModels: ['a'] }, {}, false],
  ['some of its models', { allowedModels: ['a', 'b'] }, { allowedModels: ['b'] }, true],
  ['another model', { allowedModels: ['a'] }, { allowedModels: ['a', 'c'] }, false],
  ['a key that outlives it', { expiresAtMs: 5 }, {}, false],
  ['a key that outlives it by a moment', { expiresAtMs: 5 }, { expiresAtMs: 6 }, false],
  ['a key that ends with it', { expiresAtMs: 5 }, { expiresAtMs: 5 }, true],
  ['a spending key beside its own budget', { budgets: [day(5)] }, { budgets: [day(1)] }, false],
  ['a spending key beside its own rate', { tpm: 5 }, { tpm: 1 }, false],
  ['a spending key beside its end users’ budget', { endUserBudgets: [day(5)] }, {}, false],
  ['a reading key beside its own rate', { inFlight: 5 }, { scopes: ['balance:read'] }, true],
])('it may make %s: %j, %j', (_, by, terms, may) => {
  expect(mayHold({ ...free, ...by }, { ...free, ...terms })).toBe(may)
})

test.each<[string, Partial<KeyTerms>, Partial<KeyTerms>]>([
  ['scopes', { scopes: ['inference'] }, { scopes: ['inference', 'balance:read'] }],
  ['models', { allowedModels: ['a'] }, { allowedModels: null }],
  ['being disabled', { isDisabled: true }, { isDisabled: false }],
  ['the date', { expiresAtMs: 5 }, { expiresAtMs: 6 }],
  ['no date', { expiresAtMs: 5 }, { expiresAtMs: null }],
  ['rpm', { rpm: 5 }, { rpm: 6 }],
  ['tpm', { tpm: 5 }, { tpm: null }],
  ['in flight', { inFlight: 0 }, { inFlight: 1 }],
  ['a budget', { budgets: [day(5)] }, { budgets: [day(6)] }],
  ['a budget that goes', { budgets: [day(5)] }, { budgets: [] }],
  ['end users’ budget', { endUserBudgets: [day(5)] }, { endUserBudgets: [day(6)] }],
])('a limited key tightens but never loosens: %s', (_, tight, loose) => {
  const limited: KeyTerms = { ...free, rpm: 1 }
  const [narrow, wide] = [
    { ...free, ...tight },
    { ...free, ...loose },
  ]
  expect(mayEdit(limited, narrow, wide)).toBe(!wide.scopes.includes('inference'))
  expect(mayEdit(limited, wide, narrow)).toBe(true)
  expect(mayEdit(free, narrow, wide)).toBe(true)
})

test('a key that stays as it was is not loosened, however its budgets are ordered', () => {
  const limited: KeyTerms = { ...free, rpm: 1 }
  const month: Budget = { window: 'month', amountNanoUsd: nanoUsd(100) }
  const same: KeyTerms = { ...free, rpm: 5, expiresAtMs: 5, budgets: [day(5), month] }
  expect(mayEdit(limited, same, { ...same, budgets: [month, day(5)] })).toBe(true)
  expect(mayEdit(limited, same, { ...same, budgets: [day(6), month] })).toBe(false)
})
