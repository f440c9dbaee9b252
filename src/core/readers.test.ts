// The readers at the door: what is not exactly the wanted thing is undefined, and nothing throws.
import { expect, test } from 'vitest'

import { isObject, readJson, readString, readWhole } from './readers.ts'

// Part of billing-bugs 30: the fields themselves are refused where a dialect reads them.
test.each([
  [-1],
  [1.5],
  ['5'],
  [Infinity],
  [-Infinity],
  [2 ** 53],
  [Number.NaN],
  [null],
  [undefined],
  [true],
  [{}],
  [[5]],
  [5n],
])('%s is not a whole number of at least 0', (value) => {
  expect(readWhole(value)).toBeUndefined()
})

test('a whole number keeps to its smallest value', () => {
  expect([readWhole(0), readWhole(0, 1), readWhole(1, 1), readWhole(2 ** 53 - 1)]).toEqual([
    0,
    undefined,
    1,
    2 ** 53 - 1,
  ])
})

test.each([[null], [[]], ['{}'], [5], [undefined]])('%j is no object', (value) => {
  expect(isObject(value)).toBe(false)
})

test('text that is not JSON is undefined, and JSON null is null', () => {
  expect([readJson(''), readJson('{'), readJson('NaN'), readJson('null'), readJson('{"a":1}')]).toEqual([
    undefined,
    undefined,
    undefined,
    null,
    { a: 1 },
  ])
  expect([readString('a'), readString(5), readString(undefined)]).toEqual(['a', undefined, undefined])
})
