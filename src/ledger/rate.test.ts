// The sliding minute, held against a list that is simply filtered.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  addAdmission,
  ageRate,
  correctTokens,
  emptyRateLog,
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
