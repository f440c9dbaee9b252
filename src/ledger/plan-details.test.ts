// The figures of a plan at the edges of what is read as one.

import { expect, test } from 'vitest'

import { exampleTerms } from './example-commands.ts'
import { readTerms, termsDetail } from './plan-details.ts'

const terms = { ...exampleTerms }

test('a plan is read as it was written', () => {
  expect(readTerms(termsDetail(exampleTerms))).toEqual(exampleTerms)
})

test.each([
  ['the longest name', { name: 'n'.repeat(100) }],
  ['the most units', { included: { sms: 1_000_000_000_000 } }],
  ['the dearest unit', { overage: { sms: Number.MAX_SAFE_INTEGER } }],
  ['a million dollars a month', { monthlyCreditNanoUsd: 1_000_000_000_000_000 }],
  ['nothing included', { included: {}, overage: {} }],
])('with %s it is a plan', (_, changes) => {
  expect(readTerms({ ...terms, ...changes })).toMatchObject(changes)
})

test.each([
  ['no id', { id: undefined }],
  ['an empty name', { name: '' }],
  ['a longer name', { name: 'n'.repeat(101) }],
  ['a name that is no text', { name: 3 }],
  ['more units', { included: { sms: 1_000_000_000_001 } }],
  ['zero units', { included: { sms: 0 } }],
  ['an unknown consumable', { included: { gold: 1 } }],
  ['no list of what is included', { included: null }],
  ['a price of zero', { overage: { sms: 0 } }],
  ['no list of prices', { overage: 'free' }],
  ['more than a million dollars a month', { monthlyCreditNanoUsd: 1_000_000_000_000_001 }],
  ['no credit', { monthlyCreditNanoUsd: undefined }],
  ['a negative credit', { monthlyCreditNanoUsd: -1 }],
])('with %s it is none', (_, changes) => {
  expect(readTerms({ ...terms, ...changes })).toBeUndefined()
})

test.each([null, undefined, 'basic', 3])('%j is no plan', (value) => {
  expect(readTerms(value)).toBeUndefined()
})
