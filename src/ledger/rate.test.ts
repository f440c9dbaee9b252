// The sliding minute, held against a list that is simply filtered.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  addAdmission,
  ageRate,
  correctTokens,
  emptyRateLog,
  msUntilQuiet,
  msUntilRequestFits,
  msUntilTokensFit,
  rateWindowMs,
} from './rate.ts'

// Requirements: 31
test('counts exactly the requests and tokens of the last 60 seconds, corrections included', () => {
  const event = fc.record({
    afterMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom(rateWindowMs - 1, rateWindowMs),
    ),
    tokens: fc.nat({ max: 1_000 }),
    corrects: fc.option(fc.nat({ max: 400 })),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 400 }), (events) => {
      let log = emptyRateLog
      let nowMs = 1_000_000
      const all: { atMs: number; tokens: number; number: number }[] = []
      for (const { afterMs, tokens, corrects } of events) {
        nowMs += afterMs
        log = ageRate(log, nowMs)
        const corrected = corrects === null ? undefined : all[corrects]
        if (corrected !== undefined) {
          log = correctTokens(log, corrected.number, tokens)
          corrected.tokens = tokens
        } else {
          const added = addAdmission(log, nowMs, tokens)
          log = added.log
          all.push({ atMs: nowMs, tokens, number: added.admissionNumber })
        }
        const live = all.filter(({ atMs }) => atMs > nowMs - rateWindowMs)
        expect([log.requests, log.tokens]).toEqual([
          live.length,
          live.reduce((sum, one) => sum + one.tokens, 0),
        ])
      }
    }),
    { numRuns: 200 },
  )
})

test('a copy that is dropped leaves no trace in the log it came from', () => {
  const { log } = addAdmission(emptyRateLog, 1, 10)
  const before = JSON.stringify(log)
  addAdmission(log, 2, 20)
  correctTokens(log, 0, 99)
  ageRate(log, 1_000_000)
  expect(JSON.stringify(log)).toBe(before)
})

test('says to the millisecond when a request or its tokens fit again, or that they never do', () => {
  let log = emptyRateLog
  for (let n = 0; n < 100; n += 1) ({ log } = addAdmission(log, n * 100, 10))
  const nowMs = 10_000
  expect(msUntilRequestFits(log, 101, nowMs)).toBe(0)
  expect(msUntilRequestFits(log, 100, nowMs)).toBe(rateWindowMs - nowMs)
  expect(msUntilRequestFits(log, 1, nowMs)).toBe(99 * 100 + rateWindowMs - nowMs)
  expect(msUntilRequestFits(log, 0, nowMs)).toBeUndefined()
  expect(msUntilTokensFit(log, 1_000, 0, nowMs)).toBe(0)
  expect(msUntilTokensFit(log, 1_000, 11, nowMs)).toBe(100 + rateWindowMs - nowMs)
  expect(msUntilTokensFit(log, 1_000, 1_001, nowMs)).toBeUndefined()
})

describe('a log of several chunks', () => {
  /** One of 10 tokens each half second: numbers 0 to 199, in chunks of 64. */
  function filled() {
    let log = emptyRateLog
    const numbers: number[] = []
    for (let n = 0; n < 200; n += 1) {
      const added = addAdmission(log, n * 500, 10)
      log = added.log
      numbers.push(added.admissionNumber)
    }
    return { log, numbers }
  }
  const sizes = ({ chunks }: { chunks: readonly (readonly unknown[])[] }) =>
    chunks.map(({ length }) => length)
  /** When admission n has just left. */
  const after = (n: number) => n * 500 + rateWindowMs

  test('numbers its admissions for ever', () => {
    const { log, numbers } = filled()
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n))
    expect(sizes(log)).toEqual([64, 64, 64, 8])
    expect(addAdmission(ageRate(log, after(100)), 100_000, 1).admissionNumber).toBe(200)
    expect(addAdmission(ageRate(log, after(199)), 200_000, 1).admissionNumber).toBe(200)
  })

  test('is copied only where something leaves, and lets go of a chunk that has left', () => {
    const { log } = filled()
    expect(ageRate(log, rateWindowMs - 1)).toBe(log)
    expect(sizes(ageRate(log, after(62)))).toEqual([64, 64, 64, 8])
    expect(ageRate(log, after(63))).toMatchObject({ firstNumber: 64, left: 0, requests: 136, tokens: 1_360 })
    const aged = ageRate(log, after(80))
    expect(aged).toMatchObject({ firstNumber: 64, left: 17, requests: 119, tokens: 1_190 })
    expect(sizes(aged)).toEqual([64, 64, 8])
    const empty = ageRate(aged, after(199))
    expect(empty).toMatchObject({ firstNumber: 192, left: 8, requests: 0, tokens: 0 })
    expect([
      msUntilQuiet(aged, after(80)),
      msUntilQuiet(empty, after(199)),
      msUntilQuiet(emptyRateLog, 0),
    ]).toEqual([after(199) - after(80), 0, 0])
  })

  test('corrects whom it still knows and nobody else', () => {
    const aged = ageRate(filled().log, after(80))
    for (const unknown of [0, 80, 200, 64 + 64 * 9]) expect(correctTokens(aged, unknown, 99)).toBe(aged)
    expect(correctTokens(aged, 81, 99).tokens).toBe(1_190 + 89)
    expect(correctTokens(aged, 199, 0).tokens).toBe(1_190 - 10)
  })

  test('counts from the first that has not left until one more fits', () => {
    const nowMs = after(80)
    const aged = ageRate(filled().log, nowMs)
    expect(msUntilRequestFits(aged, 100, nowMs)).toBe(after(100) - nowMs)
    expect(msUntilTokensFit(aged, 1_190, 10, nowMs)).toBe(after(81) - nowMs)
    expect(msUntilTokensFit(emptyRateLog, 10, 10, nowMs)).toBe(0)
  })
})
