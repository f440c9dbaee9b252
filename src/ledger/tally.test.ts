// Lifetime sums beyond what one safe integer of nano-dollars holds.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { addToTally, emptyTally, tallyText } from './tally.ts'

test('a lifetime sum is exact, whatever is added to it', () => {
  const amount = fc.integer({ min: -9_000_000_000_000_000, max: 9_000_000_000_000_000 })
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 30 }), (amounts) => {
      const tally = amounts.reduce((sum, one) => addToTally(sum, nanoUsd(one)), emptyTally)
      const exact = amounts.reduce((sum, one) => sum + BigInt(one), 0n)
      expect(BigInt(tally.dollars) * 1_000_000_000n + BigInt(tally.nanos)).toBe(exact)
      expect(tally.nanos).toBeGreaterThanOrEqual(0)
    }),
  )
})

test.each([
  [0, '0.00'],
  [1, '0.000000001'],
  [10_500_000_000, '10.50'],
  [-1, '-0.000000001'],
  [-1_000_000_000, '-1.00'],
  [-1_500_000_000, '-1.50'],
])('%d nano-dollars read %s', (nanos, text) => {
  expect(tallyText(addToTally(emptyTally, nanoUsd(nanos)))).toBe(text)
})
