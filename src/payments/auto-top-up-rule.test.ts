// What customers may agree to, at the edges of the rule; the figures of other platforms are other data for the same code.

import { describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { autoTopUpRule, breachOf } from './auto-top-up-rule.ts'

const terms = (threshold: number, amount: number, cap: number | null = null) => ({
  isEnabled: true,
  thresholdNanoUsd: nanoUsd(threshold * 1_000_000_000),
  amountNanoUsd: nanoUsd(amount * 1_000_000_000),
  monthlyCapNanoUsd: cap === null ? null : nanoUsd(cap * 1_000_000_000),
})

// Requirements: 14, 15
describe('automatic top-up', () => {
  test.each([
    [5, 10, null],
    [10, 20, null],
    [10, 20, 20],
    [1_250, 2_500, null],
  ])('below %d by %d with a cap of %s may be agreed to', (threshold, amount, cap) => {
    expect(breachOf(terms(threshold, amount, cap))).toBeUndefined()
  })

  test.each([
    [4.99, 20, null, 'threshold'],
    [10, 19.99, null, 'amount'],
    [10, 2_500.01, null, 'amount'],
    [10, 20, 19.99, 'monthly_cap'],
  ])('below %d by %d with a cap of %s may not: %s', (threshold, amount, cap, field) => {
    expect(breachOf(terms(threshold, amount, cap))?.field).toBe(field)
  })

  // Requirements: 73
  test('by another rule is other figures', () => {
    const rule = { ...autoTopUpRule, thresholdMinNanoUsd: nanoUsd(0), multipleMin: 1 }
    expect(breachOf(terms(0, 5), rule)).toBeUndefined()
    expect(breachOf(terms(50, 50), rule)).toBeUndefined()
    expect(breachOf(terms(50, 49), rule)?.field).toBe('amount')
  })
})
