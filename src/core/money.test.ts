// Money in, money out, and the one rounding: tables, and properties over every amount that can exist.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  addNanoUsd,
  formatPicoUsd,
  formatPicoUsdSum,
  formatUsd,
  formatUsdSum,
  maxNanoUsd,
  minNanoUsd,
  nanoUsd,
  negateNanoUsd,
  parseUsd,
  parseUsdSum,
  picoUsd,
  priceOfRoundedUp,
  subtractNanoUsd,
  timesNanoUsd,
  usdNumber,
} from './money.ts'

const largest = Number.MAX_SAFE_INTEGER
const anyAmount = fc.integer({ min: -largest, max: largest }).map(nanoUsd)
const anyPrice = fc.integer({ min: 0, max: largest }).map(picoUsd)

describe('an amount as text', () => {
  test.each([
    [0, '0.00'],
    [1, '0.000000001'],
    [-1, '-0.000000001'],
    [1_000_000_000, '1.00'],
    [1_500_000_000, '1.50'],
    [-12_340_000_000, '-12.34'],
    [123_456_789, '0.123456789'],
    [10_000_000, '0.01'],
    [1_000_000, '0.001'],
    [100, '0.0000001'],
    [largest, '9007199.254740991'],
  ])('%d nano-dollars are %s', (nano, text) => {
    expect(formatUsd(nanoUsd(nano))).toBe(text)
  })

  test('reading what was printed gives the same amount, for every amount', () => {
    fc.assert(fc.property(anyAmount, (amount) => parseUsd(formatUsd(amount)) === amount))
  })

  test('the number for conventions is the double nearest to the text', () => {
    expect(usdNumber(nanoUsd(123))).toBe(0.000000123)
    fc.assert(fc.property(anyAmount, (amount) => usdNumber(amount) === Number(formatUsd(amount))))
  })

  test.each([
    ['12.5', 12_500_000_000],
    ['0', 0],
    ['-0', 0],
    ['-0.000000001', -1],
    ['007', 7_000_000_000],
    ['9007199.254740991', largest],
    ['-9007199.254740991', -largest],
  ])('"%s" is read exactly', (text, nano) => {
    expect(parseUsd(text)).toBe(nano)
  })

  test.each([
    [''],
    ['-'],
    ['.5'],
    ['5.'],
    ['+5'],
    ['1e3'],
    ['1,5'],
    [' 5'],
    ['5\n'],
    ['0x10'],
    ['NaN'],
    ['Infinity'],
    ['1.0000000001'],
    ['12345678'],
    ['9007199.254740992'],
    ['9999999.999999999'],
    ['-9999999'],
  ])('"%s" is no amount, and reading it does not throw', (text) => {
    expect(parseUsd(text)).toBeUndefined()
  })
})

describe('an amount', () => {
  test.each([[0.5], [Number.NaN], [Infinity], [-Infinity], [largest + 1], [-largest - 1], [1e30]])(
    'is never %d',
    (value) => {
      expect(() => nanoUsd(value)).toThrow('safe whole number of nano-dollars')
    },
  )

  test('is never a negative zero, which SQLite and JSON would show differently', () => {
    expect(Object.is(nanoUsd(-0), 0)).toBe(true)
    expect(Object.is(negateNanoUsd(nanoUsd(0)), 0)).toBe(true)
  })

  test('arithmetic is exact, or it throws before an inexact amount exists', () => {
    const exact = (a: number, b: number) => BigInt(a) + BigInt(b)
    fc.assert(
      fc.property(anyAmount, anyAmount, (a, b) => {
        const sum = exact(a, b)
        const fits = sum >= BigInt(-largest) && sum <= BigInt(largest)
        if (!fits) {
          expect(() => addNanoUsd(a, b)).toThrow('safe whole number')
        } else {
          expect(BigInt(addNanoUsd(a, b))).toBe(sum)
          expect(subtractNanoUsd(addNanoUsd(a, b), b)).toBe(a)
        }
      }),
    )
  })

  test('sums that leave the exact range on their way never come back as another amount', () => {
    const amounts = [largest, 3, -3].map(nanoUsd)
    expect(() => addNanoUsd(...amounts)).toThrow('safe whole number')
    expect(addNanoUsd()).toBe(0)
  })

  test('compares and multiplies as a whole number', () => {
    expect(minNanoUsd(nanoUsd(-2), nanoUsd(1))).toBe(-2)
    expect(maxNanoUsd(nanoUsd(-2), nanoUsd(1))).toBe(1)
    expect(timesNanoUsd(nanoUsd(7), 20)).toBe(140)
    expect(() => timesNanoUsd(nanoUsd(1), 0.5)).toThrow('safe whole number')
    expect(() => timesNanoUsd(nanoUsd(largest), 2)).toThrow('safe whole number')
  })
})

describe('a price', () => {
  test.each([[-1], [0.1], [Number.NaN], [Infinity], [1e30]])('is never %d', (value) => {
    expect(() => picoUsd(value)).toThrow('safe whole number of pico-dollars')
  })

  test.each([
    [37_500, '0.0000000375'],
    [0, '0'],
    [1, '0.000000000001'],
    [1_000_000_000_000, '1'],
    [2_500_000_000_000, '2.5'],
  ])('of %d pico-dollars is %s', (pico, text) => {
    expect(formatPicoUsd(picoUsd(pico))).toBe(text)
  })
})

describe('the price of a call', () => {
  // Cases: payments 52
  test.each([
    [1, 37_500, 38],
    [1_000_000, 37_500, 37_500_000],
    [3, 37_500, 113],
    [0, 37_500, 0],
    [1, 1, 1],
    [1_000, 1, 1],
    [1_001, 1, 2],
  ])('of %d units at %d pico-dollars is %d nano-dollars', (units, price, nano) => {
    expect(priceOfRoundedUp([{ units, pricePicoUsd: picoUsd(price) }])).toBe(nano)
  })

  test('is rounded up once for the whole call, not once per line', () => {
    const line = { units: 1, pricePicoUsd: picoUsd(400) }
    expect(priceOfRoundedUp([line, line])).toBe(1)
    expect(priceOfRoundedUp([line, line, line])).toBe(2)
  })

  test('is the exact sum rounded up to the next nano-dollar, for all units and prices', () => {
    const lines = fc.array(
      fc.record({ units: fc.integer({ min: 0, max: 10_000_000 }), pricePicoUsd: anyPrice }),
      { maxLength: 9 },
    )
    fc.assert(
      fc.property(lines, (priced) => {
        const pico = priced.reduce((sum, line) => sum + BigInt(line.units) * BigInt(line.pricePicoUsd), 0n)
        const nano = pico / 1_000n + (pico % 1_000n === 0n ? 0n : 1n)
        if (nano > BigInt(largest)) expect(() => priceOfRoundedUp(priced)).toThrow('safe whole number')
        else expect(BigInt(priceOfRoundedUp(priced))).toBe(nano)
      }),
    )
  })

  test.each([[-1], [0.5], [Number.NaN], [Infinity], [largest + 1]])('never comes from %d units', (units) => {
    expect(() => priceOfRoundedUp([{ units, pricePicoUsd: picoUsd(1) }])).toThrow('whole number')
  })
})

describe('a sum that may pass what one amount may be', () => {
  test('is printed and read exactly at any size', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), (sum) => parseUsdSum(formatUsdSum(sum)) === sum),
    )
  })

  test('has the same text as an amount where it is one', () => {
    fc.assert(fc.property(anyAmount, (amount) => formatUsdSum(BigInt(amount)) === formatUsd(amount)))
  })

  test('of units and prices keeps the decimals that a charge rounds away', () => {
    expect(formatPicoUsdSum(37_500n)).toBe('0.0000000375')
    expect(formatPicoUsdSum(1n)).toBe('0.000000000001')
    expect(formatPicoUsdSum(2_000_000_000_000n)).toBe('2.00')
  })

  test.each([[''], ['-'], ['1.'], ['.1'], ['1.0000000001'], ['1e5'], ['1 '], ['x']])(
    '"%s" is no sum',
    (text) => {
      expect(parseUsdSum(text)).toBeUndefined()
    },
  )
})
