import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { hexOf, hmacHex, sha256Hex } from './hashes.ts'

test('bytes are two digits each', () => {
  expect(hexOf(Uint8Array.of(0, 9, 16, 255))).toBe('000910ff')
})

test.each(['', 'text', 'ü 漢字'])('%j has the hashes that everybody else gets', async (text) => {
  const plain = createHash('sha256').update(text).digest('hex')
  expect(await sha256Hex(text)).toBe(plain)
  expect(await sha256Hex(new TextEncoder().encode(text))).toBe(plain)
  expect(await hmacHex(text, 'secret')).toBe(createHmac('sha256', 'secret').update(text).digest('hex'))
})
