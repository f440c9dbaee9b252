// Call ids and time.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { callAt } from './example-commands.ts'
import { callTimeOf, dayOf, firstCallIdAt, oldestKeptDay } from './call-time.ts'
import { dayMs } from '#core/clock.ts'

const time = fc.integer({ min: 0, max: 4_000_000_000_000 })

test('an id tells when it was born, and ids sort like their births', () => {
  fc.assert(
    fc.property(time, time, fc.nat(), (a, b, n) => {
      expect(callTimeOf(callAt(a, n))).toBe(a)
      expect(firstCallIdAt(a) <= callAt(a, n)).toBe(true)
      if (a < b) expect(callAt(a, n) < firstCallIdAt(b)).toBe(true)
    }),
  )
})

test.each([
  '',
  'gen_',
  'gen_short',
  `gen_${'-'.repeat(22)}`,
  `gen_${'z'.repeat(22)}`,
  `req_${'0'.repeat(22)}`,
])('%s is no call id', (text) => expect(callTimeOf(text)).toBeUndefined())

test('no row of the last 48 hours is of a day that may be dropped', () => {
  fc.assert(
    fc.property(time, (now) => {
      expect(dayOf(Math.max(0, now - 2 * dayMs))).toBeGreaterThanOrEqual(oldestKeptDay(now))
    }),
  )
})
