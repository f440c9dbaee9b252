// Bytes to text and back, at every length that keys and ids use.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { base62FromBytes, bytesFromBase62 } from './base62.ts'

/** Digits that hold `length` bytes whatever they are. */
const widthFor = (length: number) => Math.ceil((length * 8) / Math.log2(62))

test('any bytes come back from their text, which is always of the same width', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 48 }), (bytes) => {
      const text = base62FromBytes(bytes, widthFor(bytes.length))
      expect(text).toMatch(/^[0-9A-Za-z]*$/)
      expect(text).toHaveLength(widthFor(bytes.length))
      expect(bytesFromBase62(text, bytes.length)).toEqual(bytes)
    }),
  )
})

test('different bytes of one length have different texts', () => {
  const pair = fc.tuple(
    fc.uint8Array({ minLength: 10, maxLength: 10 }),
    fc.uint8Array({ minLength: 10, maxLength: 10 }),
  )
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const isSame = base62FromBytes(a, 14) === base62FromBytes(b, 14)
      return isSame === a.every((byte, index) => byte === b[index])
    }),
  )
})

test('bytes that do not fit the width are a bug, not another number', () => {
  expect(() => base62FromBytes(new Uint8Array([255, 255]), 2)).toThrow('the bytes fit')
})

test.each([['-'], ['a b'], ['ä'], ['a+b'], ['0\n'], ['=']])('%j is not base62', (text) => {
  expect(bytesFromBase62(text, 8)).toBeUndefined()
})

test('a number that is larger than the bytes asked for is refused, not cut', () => {
  expect(bytesFromBase62('47', 1)).toEqual(new Uint8Array([255]))
  expect(bytesFromBase62('48', 1)).toBeUndefined()
  expect(bytesFromBase62('1000', 1)).toBeUndefined()
})
