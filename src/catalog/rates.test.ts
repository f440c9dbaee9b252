// Published prices into whole pico-dollars, exactly.

import { describe, expect, test } from 'vitest'

import { pricesOf, usdEach, usdPerHourRoundedUp, usdPerMillion } from './rates.ts'

describe('a price', () => {
  test.each([
    ['0.0375', 37_500],
    ['15', 15_000_000],
    ['0', 0],
    ['2.5', 2_500_000],
    ['999999.999999', 999_999_999_999],
  ])('of $%s per million is %i pico-dollars each', (text, pico) => {
    expect(usdPerMillion(text)).toBe(pico)
  })

  test.each([
    ['0.40', 400_000_000_000],
    ['12', 12_000_000_000_000],
    ['0.000000000001', 1],
    ['999.5', 999_500_000_000_000],
  ])('of $%s each is %i pico-dollars', (text, pico) => {
    expect(usdEach(text)).toBe(pico)
  })

  test('by the hour is rounded up to a whole pico-dollar per second', () => {
    expect(usdPerHourRoundedUp('0.36')).toBe(100_000_000)
    expect(usdPerHourRoundedUp('0.000000003601')).toBe(2)
  })

  test.each(['', '.5', '1.', '-1', '1e3', ' 1', '1 ', '0,5', '1.0000000', '1000000', 'x1', '1x'])(
    'of %j per million is none',
    (text) => {
      expect(() => usdPerMillion(text)).toThrow(`"${text}" is a decimal number of dollars with at most 6`)
    },
  )

  test.each(['', '.5', '1.', '1000', '1.0000000000000', 'x1', '1x'])('of %j each is none', (text) => {
    expect(() => usdEach(text)).toThrow(`"${text}" is a decimal number of dollars with at most 12`)
  })
})

test('a price list names what it has a price for, and nothing else', () => {
  expect(pricesOf({ input: '1', output: '2' })).toEqual({ input: 1_000_000, output: 2_000_000 })
  const rates = { cacheRead: '0.1', cacheWrite: '1.25', cacheWrite1h: '2', audioInput: '3' }
  expect(pricesOf({ input: '1', output: '2', ...rates })).toEqual({
    input: 1_000_000,
    output: 2_000_000,
    cacheRead: 100_000,
    cacheWrite5m: 1_250_000,
    cacheWrite1h: 2_000_000,
    audioInput: 3_000_000,
  })
})
