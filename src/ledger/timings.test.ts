// Scaled timings keep their proportions.

import { expect, test } from 'vitest'

import { timings, timingsScaledDown } from './timings.ts'

test('a storm runs on the same timings, divided', () => {
  const scaled = timingsScaledDown(10)
  expect(Object.keys(scaled)).toEqual(Object.keys(timings))
  expect([scaled.beatEveryMs, scaled.holdExpiryMs]).toEqual([1_500, 6_000])
})
