// Recent spending: the larger of this minute's and the last one's.

import { expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { burnMore, burnPerMinute } from './burn.ts'
import { noBurn } from './state.ts'

const start = 1_000 * minuteMs

test('is the sum of a minute, counts through the next one and is gone after it', () => {
  const burn = burnMore(burnMore(noBurn, nanoUsd(5), start), nanoUsd(2), start + minuteMs - 1)
  expect(burnPerMinute(burn, start + minuteMs - 1)).toBe(7)
  expect(burnPerMinute(burn, start + 2 * minuteMs - 1)).toBe(7)
  expect(burnPerMinute(burn, start + 2 * minuteMs)).toBe(0)
})

test('is the larger of two minutes, and never below nothing', () => {
  const first = burnMore(noBurn, nanoUsd(5), start)
  expect(burnPerMinute(burnMore(first, nanoUsd(2), start + minuteMs), start + minuteMs)).toBe(5)
  expect(burnPerMinute(burnMore(first, nanoUsd(9), start + minuteMs), start + minuteMs)).toBe(9)
  expect(burnPerMinute(burnMore(noBurn, nanoUsd(-4), start), start)).toBe(0)
})

test('of a clock that went back counts in the minute that it knows', () => {
  const burn = burnMore(burnMore(noBurn, nanoUsd(5), start), nanoUsd(2), start - minuteMs)
  expect(burnPerMinute(burn, start)).toBe(7)
})
