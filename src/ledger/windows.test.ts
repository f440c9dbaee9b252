// Budget windows at their edges: UTC days, weeks from Monday, months, and a lifetime.

import { expect, test } from 'vitest'

import { dayMs, hourMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { budgetWindows, msUntilWindowEnds, noSpending, spend, spentIn, windowStart } from './windows.ts'

const at = (text: string) => Date.parse(text)

test.each([
  ['day', '2026-11-18T23:59:59.999Z', '2026-11-18T00:00:00Z', '2026-11-19T00:00:00Z'],
  ['day', '2026-11-19T00:00:00.000Z', '2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z'],
  ['week', '2026-11-22T23:59:59.999Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['week', '2026-11-23T00:00:00.000Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['month', '2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['month', '2028-02-29T12:00:00.000Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
] as const)('the %s of %s runs from %s to %s', (window, now, start, end) => {
  expect(windowStart(window, at(now))).toBe(at(start))
  expect(msUntilWindowEnds(window, at(now))).toBe(at(end) - at(now))
})

test('a lifetime never ends', () => {
  expect(msUntilWindowEnds('lifetime', at('2026-11-18T00:00:00Z'))).toBeNull()
})

test('a charge counts in the windows of its admission, and in none that came after', () => {
  const monday = at('2026-11-30T12:00:00Z')
  let spending = spend(noSpending, nanoUsd(100), monday)
  const tuesday = monday + dayMs
  spending = spend(spending, nanoUsd(10), tuesday)
  spending = spend(spending, nanoUsd(1), monday + hourMs)
  const spent = budgetWindows.map((window) => spentIn(spending, window, tuesday))
  expect(spent).toEqual([10, 111, 10, 111])
  expect(spentIn(spending, 'day', tuesday + dayMs)).toBe(0)
})

test('a refund gives back to the window that was charged', () => {
  const now = at('2026-11-18T12:00:00Z')
  const spending = spend(spend(noSpending, nanoUsd(100), now), nanoUsd(-40), now)
  expect(spentIn(spending, 'month', now)).toBe(60)
})
