// A token per byte bounds what any tokenizer makes of a text, also one that rewrites it first.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundBytesOf } from './bound-bytes.ts'
import { utf8BytesOf } from './count-tokens.ts'

const rewritten = (text: string) => utf8BytesOf(text.normalize('NFKC'))

// Cases: billing-bugs 18
test('every character of Unicode is bounded by its bytes in either form', () => {
  const short: string[] = []
  // Planes 3 and above have no sign that grows; the private ones beyond are left out for time.
  for (let code = 0; code < 0x30000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue
    const sign = String.fromCodePoint(code)
    if (boundBytesOf(sign) < Math.max(rewritten(sign), utf8BytesOf(sign))) short.push(code.toString(16))
  }
  expect(short).toEqual([])
})

// Cases: billing-bugs 18
test('any text is bounded by its bytes in either form', () => {
  // Numbers, because a unit of all of Unicode takes fast-check seconds to make.
  const code = fc.oneof(fc.nat({ max: 0x2ffff }), fc.constantFrom(0xfdfa, 0x344, 0x61, 0x301))
  fc.assert(
    fc.property(fc.array(code, { maxLength: 80 }), (codes) => {
      const text = String.fromCodePoint(...codes)
      expect(boundBytesOf(text)).toBeGreaterThanOrEqual(Math.max(rewritten(text), utf8BytesOf(text)))
    }),
  )
})

test.each(['plain prose', 'Grüße aus 東京 🎉', 'Привет', ''])(
  'usual text counts as its bytes: %s',
  (text) => {
    expect(boundBytesOf(text)).toBe(utf8BytesOf(text))
  },
)
