// Who is dispatched in parallel with its admission, to the millisecond.

import { describe, expect, test } from 'vitest'

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { type Standing, afterDispatchRefusal, afterRefusal, newStanding, parallelGrant } from './standing.ts'

const start = 10 * dayMs
const good: Standing = { ...newStanding, hasCaptured: true }
const callsAt = (standing: Standing, nowMs: number, isFrozen = false) =>
  parallelGrant(standing, isFrozen, nowMs).calls

describe('parallel dispatch', () => {
  test('is for an account that was charged before and is not frozen', () => {
    expect(parallelGrant(good, false, start)).toEqual({ calls: 4, exposureNanoUsd: 50_000_000 })
    expect(parallelGrant(newStanding, false, start)).toEqual({ calls: 0, exposureNanoUsd: 0 })
    expect(callsAt(good, start, true)).toBe(0)
  })

  test('ends for five minutes with a refusal', () => {
    const refused = afterRefusal(good, start)
    expect([start, start + 5 * minuteMs - 1, start + 5 * minuteMs].map((at) => callsAt(refused, at))).toEqual(
      [0, 0, 4],
    )
  })

  test('of an account that was never refused begins with its clock', () => {
    expect(callsAt(good, 1)).toBe(4)
  })

  test('ends for a day with the third refusal within an hour of what was sent already', () => {
    const two = afterDispatchRefusal(afterDispatchRefusal(good, start), start + 1)
    expect(callsAt(two, start + 1)).toBe(4)
    const third = start + hourMs - 1
    const barred = afterDispatchRefusal(two, third)
    expect(barred.dispatchRefusalsMs).toEqual([])
    expect([third + dayMs - 1, third + dayMs].map((at) => callsAt(barred, at))).toEqual([0, 4])
    const next = afterDispatchRefusal(barred, third + 1)
    expect(next.barredUntilMs).toBe(third + dayMs)
  })

  test('does not end where the first of three is an hour old', () => {
    const two = afterDispatchRefusal(afterDispatchRefusal(good, start), start + 1)
    const third = afterDispatchRefusal(two, start + hourMs)
    expect(third).toMatchObject({ dispatchRefusalsMs: [start + 1, start + hourMs], barredUntilMs: 0 })
  })
})
