// What a usage costs.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noUsage, type Usage, usageUnits } from '#calls/usage.ts'
import { chargeOf, rateOf } from './price.ts'
import { usdEach, usdPerMillion } from './rates.ts'
import { aModel } from './test-model.ts'

const anyUsage: fc.Arbitrary<Usage> = fc.record({
  input: fc.nat(1_000_000),
  cacheRead: fc.nat(1_000_000),
  cacheWrite5m: fc.nat(1_000_000),
  cacheWrite1h: fc.nat(1_000_000),
  audioInput: fc.nat(1_000_000),
  output: fc.nat(1_000_000),
  reasoning: fc.nat(1_000_000),
  audioOutput: fc.nat(1_000_000),
})

const usageOf = (parts: Partial<Usage>): Usage => ({ ...noUsage, ...parts })

test('a price per million tokens is read exactly', () => {
  expect(['0.0375', '1', '12.5', '0.000001', '999999.999999'].map(usdPerMillion)).toEqual([
    37_500, 1_000_000, 12_500_000, 1, 999_999_999_999,
  ])
  for (const text of ['', '-1', '1e3', '0.0000001', ' 1', '1,5', 'NaN'])
    expect(() => usdPerMillion(text)).toThrow(`"${text}" is a decimal number of dollars`)
})

// Requirements: 21
test('a fixed fee is the price of any usage, of none as well', () => {
  const model = aModel({ cancellationPolicy: 'accept', prices: { request: usdEach('0.005') } })
  fc.assert(
    fc.property(anyUsage, (usage) => {
      expect(chargeOf(model, usage)).toEqual({
        costNanoUsd: 5_000_000,
        lines: [{ unit: 'request', units: 1, pricePicoUsd: 5_000_000_000 }],
      })
    }),
  )
})

describe('the price of a usage', () => {
  // Cases: billing-bugs 14; dialects 27, 28
  test('charges every unit once at its own rate and explains it line by line', () => {
    const model = aModel({ prices: { ...aModel().prices, cacheWrite1h: usdPerMillion('2') } })
    const charge = chargeOf(
      model,
      usageOf({ input: 100, cacheRead: 200, cacheWrite5m: 40, cacheWrite1h: 10, output: 50 }),
    )
    expect(charge.lines).toEqual([
      { unit: 'input', units: 100, pricePicoUsd: 1_000_000 },
      { unit: 'cacheRead', units: 200, pricePicoUsd: 100_000 },
      { unit: 'cacheWrite5m', units: 40, pricePicoUsd: 1_250_000 },
      { unit: 'cacheWrite1h', units: 10, pricePicoUsd: 2_000_000 },
      { unit: 'output', units: 50, pricePicoUsd: 4_000_000 },
    ])
    expect(charge.costNanoUsd).toBe(100_000 + 20_000 + 50_000 + 20_000 + 200_000)
  })

  test('of a card without a plain price is a fault of ours and no free call', () => {
    const { output } = aModel().prices
    expect(() => rateOf(output === undefined ? {} : { output }, 'cacheRead')).toThrow(
      'a loaded model has an input price',
    )
  })

  // Cases: billing-bugs 6
  test('is zero for a usage of zero, without any line', () => {
    const model = aModel({ prices: { ...aModel().prices, request: usdPerMillion('100') } })
    expect(chargeOf(model, noUsage)).toEqual({ costNanoUsd: 0, lines: [] })
  })

  test('adds the price of a request once', () => {
    const model = aModel({ prices: { ...aModel().prices, request: usdPerMillion('100') } })
    expect(chargeOf(model, usageOf({ input: 1 }))).toMatchObject({
      costNanoUsd: 101_000,
      lines: [{ unit: 'input' }, { unit: 'request', units: 1, pricePicoUsd: 100_000_000 }],
    })
  })

  test('is rounded up once, at the end', () => {
    const model = aModel({
      prices: { input: usdPerMillion('0.0001'), output: usdPerMillion('0.0001') },
      canCache: false,
    })
    expect(chargeOf(model, usageOf({ input: 1, output: 1 })).costNanoUsd).toBe(1)
    expect(chargeOf(model, usageOf({ input: 6, output: 5 })).costNanoUsd).toBe(2)
  })

  // Cases: billing-bugs 16
  test('is never zero for a unit without a price of its own: it costs what its plain kind costs', () => {
    const model = aModel({
      prices: { input: usdPerMillion('1'), output: usdPerMillion('4') },
      canCache: false,
    })
    for (const unit of usageUnits) {
      const isOutput = unit === 'output' || unit === 'reasoning' || unit === 'audioOutput'
      expect(chargeOf(model, usageOf({ [unit]: 10 }))).toEqual({
        costNanoUsd: isOutput ? 40_000 : 10_000,
        lines: [{ unit, units: 10, pricePicoUsd: isOutput ? 4_000_000 : 1_000_000 }],
      })
    }
  })

  // Cases: dialects 28
  test('writes to the longer cache at the price of the shorter one where it has none', () => {
    expect(chargeOf(aModel(), usageOf({ cacheWrite1h: 4 })).costNanoUsd).toBe(5_000)
  })

  test('takes the second card for the whole call once its input passes the threshold', () => {
    const longContext = {
      inputTokensAbove: 1_000,
      prices: {
        input: usdPerMillion('2'),
        cacheRead: usdPerMillion('0.2'),
        cacheWrite5m: usdPerMillion('2.5'),
        output: usdPerMillion('6'),
      },
    }
    const model = aModel({ longContext })
    expect(chargeOf(model, usageOf({ input: 600, cacheRead: 400, output: 10 })).costNanoUsd).toBe(680_000)
    expect(chargeOf(model, usageOf({ input: 601, cacheRead: 400, output: 10 })).costNanoUsd).toBe(1_342_000)
  })

  test('is never negative and never falls when anything is used more', () => {
    fc.assert(
      fc.property(anyUsage, fc.constantFrom(...usageUnits), fc.nat(1_000), (usage, unit, more) => {
        const cost = chargeOf(aModel(), usage).costNanoUsd
        expect(cost).toBeGreaterThanOrEqual(0)
        expect(
          chargeOf(aModel(), { ...usage, [unit]: usage[unit] + more }).costNanoUsd,
        ).toBeGreaterThanOrEqual(cost)
      }),
    )
  })
})
