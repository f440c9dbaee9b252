// Times as values, and the scaling of a table of durations.
import { expect, test } from 'vitest'

import { addMillis, asMillis, durationsDividedBy, isoTime } from './clock.ts'

test('a time is printed in UTC with its milliseconds', () => {
  expect(isoTime(addMillis(asMillis(0), 86_400_001))).toBe('1970-01-02T00:00:00.001Z')
})

test('a scaled table of durations has every name and no duration of zero', () => {
  expect(durationsDividedBy({ beatMs: 15_000, fenceMs: 40_000, tinyMs: 1 }, 100)).toEqual({
    beatMs: 150,
    fenceMs: 400,
    tinyMs: 1,
  })
})
