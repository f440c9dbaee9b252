// What a call may cost before it is made.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inputTokensOf, noUsage, outputTokensOf, type Usage, usageUnits } from '#calls/usage.ts'
import { nanoUsd } from '#core/money.ts'
import { models } from './models.ts'
import { chargeOf } from './price.ts'
import { affordableOutputTokens, quote, type QuotedCall } from './quote.ts'
import { usdPerMillion } from './rates.ts'
import { aModel } from './test-model.ts'

const plain: QuotedCall = {
  textBytes: 400,
  messages: 2,
  tools: 0,
  images: 0,
  outputTokensMax: 100,
  choices: 1,
  isStreamed: false,
}

const callable = models.filter(({ status }) => status === 'available')

describe('a quote', () => {
  test('expects a token per four bytes and holds a token per byte, at the dearest rates', () => {
    const overhead = 3 + 2 * 4
    expect(quote(aModel(), plain)).toMatchObject({
      expectedInputTokens: 100 + overhead,
      inputTokensBound: 400 + overhead,
      outputTokens: 100,
      ceilingNanoUsd: (400 + overhead) * 1_250 + 100 * 4_000,
      inputCostNanoUsd: (100 + overhead) * 1_000,
    })
  })

  test('holds no more input than the model’s context, however many messages it comes in', () => {
    const model = aModel({ contextLength: 1_000 })
    expect(quote(model, { ...plain, textBytes: 50_000, messages: 9 })).toMatchObject({
      expectedInputTokens: 1_000,
      inputTokensBound: 1_000,
    })
  })

  // Cases: billing-bugs 20
  test('lowers an output limit above the model’s own, and takes the model’s own where none is asked for', () => {
    const outputTokens = (outputTokensMax: number | undefined) =>
      quote(aModel(), { ...plain, outputTokensMax }).outputTokens
    expect([outputTokens(undefined), outputTokens(10), outputTokens(9_999_999)]).toEqual([4_000, 10, 4_000])
  })

  test('counts tools, pictures and every answer that is asked for', () => {
    const one = quote(aModel(), plain)
    const more = quote(aModel(), { ...plain, tools: 2, images: 3, choices: 5 })
    expect(more.inputTokensBound - one.inputTokensBound).toBe(2 * 12 + 3 * 2_000)
    expect(more.ceilingNanoUsd - one.ceilingNanoUsd).toBe((2 * 12 + 3 * 2_000) * 1_250 + 4 * 100 * 4_000)
  })

  test('exposes the input where the upstream stops on abort, and the ceiling where it does not', () => {
    const stopping = quote(aModel({ stopsOnAbort: true }), plain)
    expect(stopping.exposureNanoUsd).toBe(stopping.inputCostNanoUsd)
    const running = quote(aModel(), plain)
    expect(running.exposureNanoUsd).toBe(running.ceilingNanoUsd)
  })

  test('adds the price of the request to every figure', () => {
    const model = aModel({ prices: { ...aModel().prices, request: usdPerMillion('1000') } })
    const [with_, without] = [quote(model, plain), quote(aModel(), plain)]
    for (const figure of ['ceilingNanoUsd', 'floorNanoUsd', 'inputCostNanoUsd'] as const)
      expect(with_[figure] - without[figure]).toBe(1_000_000)
  })

  // Cases: billing-bugs 18, 10
  test('holds at least what any usage within its bounds costs, for every model and every combination of parameters', () => {
    const call = fc.record({
      textBytes: fc.nat(2_000_000),
      messages: fc.integer({ min: 1, max: 500 }),
      tools: fc.nat(100),
      images: fc.nat(20),
      outputTokensMax: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined }),
      choices: fc.integer({ min: 1, max: 128 }),
      isStreamed: fc.boolean(),
    })
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...callable, aModel()), call, shares, (model, quoted, parts) => {
        const made = quote(model, quoted)
        const used = usageWithin(made.inputTokensBound, made.outputTokens * quoted.choices, parts)
        expect(made.ceilingNanoUsd).toBeGreaterThanOrEqual(chargeOf(model, used).costNanoUsd)
        // Only what is extended before more is delivered holds less than it can cost.
        if (made.sliceNanoUsd === 0) expect(made.holdNanoUsd).toBe(made.ceilingNanoUsd)
        expect(made.holdNanoUsd).toBeLessThanOrEqual(made.ceilingNanoUsd)
        expect(made.usualNanoUsd).toBeLessThanOrEqual(made.holdNanoUsd)
        expect(made.floorNanoUsd).toBeLessThanOrEqual(made.usualNanoUsd)
        expect(made.inputTokensBound).toBeGreaterThanOrEqual(made.expectedInputTokens)
      }),
      { numRuns: 500 },
    )
  })

  // Cases: billing-bugs 18
  test.each(usageUnits)('holds enough where every token is the dearest that its model has: %s', (unit) => {
    const model = aModel({ prices: { ...aModel().prices, [unit]: usdPerMillion('50') } })
    const made = quote(model, { ...plain, choices: 3 })
    const isInput = inputTokensOf({ ...noUsage, [unit]: 1 }) === 1
    const tokens = isInput ? made.inputTokensBound : made.outputTokens * 3
    const { costNanoUsd } = chargeOf(model, { ...noUsage, [unit]: tokens })
    expect(costNanoUsd).toBe(tokens * 50_000)
    expect(made.holdNanoUsd).toBeGreaterThanOrEqual(costNanoUsd)
  })

  describe('of a stream that can be ended in the middle', () => {
    const rolling = { stopsOnAbort: true, visibleOutput: true, outputTokensMax: 200_000 }
    const stream = { ...plain, isStreamed: true, outputTokensMax: undefined }

    test.each([
      { speed: 20, tokens: 1_000, why: 'a thousand tokens' },
      { speed: 300, tokens: 3_000, why: 'ten seconds of a fast model' },
    ])('holds the input and $why at first, and is extended by as much', ({ speed, tokens }) => {
      const made = quote(aModel({ ...rolling, tokensPerSecond: speed }), stream)
      expect(made.holdNanoUsd).toBe(411 * 1_250 + tokens * 4_000)
      expect(made.sliceNanoUsd).toBe(tokens * 4_000)
    })

    test('holds a slice per answer', () => {
      const made = quote(aModel({ ...rolling, tokensPerSecond: 20 }), { ...stream, choices: 3 })
      expect(made.sliceNanoUsd).toBe(3 * 1_000 * 4_000)
    })

    test('that ends with its first slice is no more than a call with a limit', () => {
      const made = quote(aModel({ ...rolling, tokensPerSecond: 20 }), { ...stream, outputTokensMax: 1_000 })
      expect(made).toMatchObject({
        holdNanoUsd: made.ceilingNanoUsd,
        floorNanoUsd: made.ceilingNanoUsd,
        sliceNanoUsd: 0,
      })
    })

    test('may begin with little, whatever limit it names', () => {
      const made = quote(aModel(rolling), { ...stream, outputTokensMax: 100_000 })
      expect(made.floorNanoUsd).toBeLessThan(made.holdNanoUsd)
      expect(made.isCapped).toBe(false)
    })

    test('holds no more than what was asked for', () => {
      const made = quote(aModel(rolling), { ...stream, outputTokensMax: 50 })
      expect(made).toMatchObject({ holdNanoUsd: made.ceilingNanoUsd, sliceNanoUsd: 0 })
    })

    test.each([
      ['not streamed', {}, { isStreamed: false }],
      ['of a model that writes on after an abort', { stopsOnAbort: false }, {}],
      ['of a model whose reasoning is hidden', { visibleOutput: false }, {}],
    ])('holds its ceiling where it is %s', (_, model, call) => {
      const made = quote(aModel({ ...rolling, ...model }), { ...stream, ...call })
      expect(made).toMatchObject({ holdNanoUsd: made.ceilingNanoUsd, sliceNanoUsd: 0 })
    })
  })

  test('names the output limit that some money covers, and quotes no more than that money for it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...callable),
        fc.integer({ min: 0, max: 1_000_000_000 }),
        (model, money) => {
          const tokens = affordableOutputTokens(model, plain, nanoUsd(money))
          expect(tokens).toBeLessThanOrEqual(model.outputTokensMax)
          if (tokens > 0)
            expect(quote(model, { ...plain, outputTokensMax: tokens }).ceilingNanoUsd).toBeLessThanOrEqual(
              money,
            )
        },
      ),
    )
    expect(affordableOutputTokens(aModel(), plain, nanoUsd(411 * 1_250 + 40_000))).toBe(10)
    expect(affordableOutputTokens(aModel(), plain, nanoUsd(1))).toBe(0)
    const twoAnswers = { ...plain, choices: 2 }
    expect(affordableOutputTokens(aModel(), twoAnswers, nanoUsd(411 * 1_250 + 40_000))).toBe(5)
  })

  test('of a model whose output is free affords all of it as soon as the input is covered', () => {
    const free = aModel({ prices: { ...aModel().prices, output: usdPerMillion('0') } })
    const affordable = (money: number) => affordableOutputTokens(free, plain, nanoUsd(money))
    expect([affordable(411 * 1_250 - 1), affordable(411 * 1_250)]).toEqual([0, 4_000])
  })

  test('a call that names its limit needs all of it, one that leaves it open may begin with less', () => {
    const named = quote(aModel(), plain)
    expect([named.floorNanoUsd, named.usualNanoUsd]).toEqual([named.ceilingNanoUsd, named.ceilingNanoUsd])
    const open = quote(aModel(), { ...plain, outputTokensMax: undefined })
    expect(open.floorNanoUsd).toBeLessThan(open.usualNanoUsd)
    expect(open.usualNanoUsd).toBeLessThan(open.ceilingNanoUsd)
  })

  test.each(['textBytes', 'messages', 'tools', 'images'] as const)(
    'of fewer than no %s is a fault of ours and makes no smaller hold',
    (part) => {
      expect(() => quote(aModel(), { ...plain, [part]: -1 })).toThrow('a quoted call has counted parts')
      const none = quote(aModel(), { ...plain, [part]: 0 })
      expect(none.ceilingNanoUsd).toBeLessThanOrEqual(quote(aModel(), { ...plain, [part]: 1 }).ceilingNanoUsd)
    },
  )

  test('of no answer is a fault of ours', () => {
    expect(() => quote(aModel(), { ...plain, choices: 0 })).toThrow('at least one answer')
  })
})

/** A usage with these totals, split over its units by the shares. */
function usageWithin(inputMax: number, outputMax: number, shares: readonly number[]): Usage {
  const used: Usage = { ...noUsage }
  const take = (unit: keyof Usage, left: number, share: number) => {
    used[unit] = Math.floor(left * share)
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = shares
  take('cacheRead', inputMax, a)
  take('cacheWrite5m', inputMax - inputTokensOf(used), b)
  take('cacheWrite1h', inputMax - inputTokensOf(used), c)
  take('audioInput', inputMax - inputTokensOf(used), d)
  take('input', inputMax - inputTokensOf(used), e)
  take('reasoning', outputMax, f)
  take('audioOutput', outputMax - outputTokensOf(used), g)
  take('output', outputMax - outputTokensOf(used), h)
  return used
}

describe('a quote of texts that are embedded', () => {
  const model = aModel({
    kind: 'embedding',
    dialects: [],
    contextLength: 100,
    outputTokensMax: 0,
    prices: { input: usdPerMillion('1') },
  })
  const call = { ...plain, textBytes: 0, messages: 3, outputTokensMax: undefined }

  test('holds nothing for output, and has none to lower', () => {
    const { ceilingNanoUsd, holdNanoUsd, floorNanoUsd, outputTokens } = quote(model, {
      ...call,
      textBytes: 40,
    })
    expect(outputTokens).toBe(0)
    expect([holdNanoUsd, floorNanoUsd]).toEqual([ceilingNanoUsd, ceilingNanoUsd])
    expect(affordableOutputTokens(model, call, nanoUsd(1_000_000))).toBe(0)
  })

  test('counts tokens that the client has cut, one each, and a context for every text', () => {
    const given = quote(model, { ...call, textBytes: 40, givenTokens: 30 })
    const around = quote(model, call).inputTokensBound
    expect([given.expectedInputTokens, given.inputTokensBound]).toEqual([around + 40, around + 70])
    expect(quote(model, { ...call, givenTokens: 5_000 }).inputTokensBound).toBe(300)
  })
})
