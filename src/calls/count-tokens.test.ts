// Our own count of text.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTokensByBytes, utf8BytesOf } from './count-tokens.ts'

test('the bytes of a text are those of its UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8BytesOf(text)).toBe(new TextEncoder().encode(text).length)
    }),
  )
  expect(utf8BytesOf('\ud800x\udc00')).toBe(new TextEncoder().encode('\ud800x\udc00').length)
})

test('the first cut of the count is a token per four bytes, rounded up', () => {
  expect(['', 'a', 'abcd', 'abcde', '世界'].map(countTokensByBytes)).toEqual([0, 1, 1, 2, 2])
})
