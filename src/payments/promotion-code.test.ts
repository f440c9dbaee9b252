import { expect, test } from 'vitest'

import { readCode, referenceOfCode } from './promotion-code.ts'

test.each([
  ['welcome-10', 'WELCOME-10'],
  ['  Spring2027 ', 'SPRING2027'],
  ['A'.repeat(40), 'A'.repeat(40)],
])('the code %j is read as %s', (written, code) => {
  expect(readCode(written)).toBe(code)
})

test.each([
  ['ab'],
  ['A'.repeat(41)],
  ['TEN PERCENT'],
  ['%_%'],
  ["A';--"],
  ['ΑΒΓ'],
  [''],
  [10],
  [null],
  [undefined],
])('%j is no code', (written) => {
  expect(readCode(written)).toBeUndefined()
})

test('a code brings its credit under one reference, however it was typed', () => {
  expect(referenceOfCode(readCode('welcome-10') ?? '')).toBe('promotion:WELCOME-10')
})
