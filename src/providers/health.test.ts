// What an isolate remembers of a host fades, and never grows without bound.

import { describe, expect, test } from 'vitest'
import { addMillis, asMillis, minuteMs, secondMs } from '#core/clock.ts'
import { Health } from './health.ts'

const start = asMillis(1_000_000)
const after = (ms: number) => addMillis(start, ms)

describe('a host', () => {
  test('is failing after two failures in a row and not after one', () => {
    const health = new Health()
    health.failed('a', start)
    expect(health.isFailing('a', start)).toBe(false)
    health.failed('a', after(secondMs))
    expect(health.isFailing('a', after(secondMs))).toBe(true)
    expect(health.isFailing('b', after(secondMs))).toBe(false)
  })

  test('is asked again within a minute, however long it was away', () => {
    const health = new Health()
    for (let at = 0; at < 100; at += 1) health.failed('a', after(at * secondMs))
    const last = 99 * secondMs
    expect(health.isFailing('a', after(last + 40 * secondMs))).toBe(true)
    expect(health.isFailing('a', after(last + minuteMs))).toBe(false)
  })

  test('is well again after a good answer', () => {
    const health = new Health()
    health.failed('a', start)
    health.failed('a', start)
    health.answered('a', 100, start)
    expect(health.isFailing('a', start)).toBe(false)
  })

  test('is paused until its time has come, and a shorter pause takes nothing off a longer one', () => {
    const health = new Health()
    health.pause('a', 10_000, start)
    health.pause('a', 1_000, start)
    health.pause('a', 0, start)
    expect(health.isPaused('a', after(9_999))).toBe(true)
    expect(health.isPaused('a', after(10_000))).toBe(false)
    expect(health.isPaused('b', start)).toBe(false)
  })

  test('has the speed of its newest answers for five minutes', () => {
    const health = new Health()
    expect(health.firstByteMs('a', start)).toBeUndefined()
    health.answered('a', 1_000, start)
    expect(health.firstByteMs('a', start)).toBe(1_000)
    health.answered('a', undefined, start)
    health.answered('a', 2_000, start)
    expect(health.firstByteMs('a', start)).toBe(1_300)
    expect(health.firstByteMs('a', after(5 * minuteMs))).toBe(1_300)
    expect(health.firstByteMs('a', after(5 * minuteMs + 1))).toBeUndefined()
  })

  test('is forgotten when a thousand others were heard of since', () => {
    const health = new Health()
    health.pause('first', minuteMs, start)
    health.pause('kept', minuteMs, start)
    for (let at = 0; at < 998; at += 1) health.answered(`host-${at}`, 1, start)
    health.answered('kept', 1, start)
    health.answered('one more', 1, start)
    expect(health.isPaused('first', start)).toBe(false)
    expect(health.isPaused('kept', start)).toBe(true)
  })
})
