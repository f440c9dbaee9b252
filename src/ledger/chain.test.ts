// What people wrote is left out of what is proved; everything else stays as it is.

import { expect, test } from 'vitest'

import { canonicalJson, withoutPersonalTexts } from './chain.ts'

test('names and reasons are left out, and nothing else', () => {
  expect(withoutPersonalTexts({ name: 'n', reason: 'r', actor: 'a', rpm: 3 })).toEqual({ actor: 'a', rpm: 3 })
})

test.each([[null], ['name'], [3], [['name', 'reason']], [{ actor: 'a' }]])('%j stays itself', (detail) => {
  expect(withoutPersonalTexts(detail)).toBe(detail)
})

test('the names of an object are sorted, whoever wrote it', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe(
    '{"a":true,"b":[1,{"c":"x","d":null}]}',
  )
})
