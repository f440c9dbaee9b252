// The most that a client wants a call to cost: what it may hold, what it is asked for, and when it is not worth its while.

import { describe, expect, test } from 'vitest'

import { quote } from '#catalog/quote.ts'
import { aModel } from '#catalog/test-model.ts'
import { nanoUsd } from '#core/money.ts'
import { type Capped, cappedQuote, readMaxCost } from './max-cost.ts'
import { aCall } from './test-call.ts'

describe('X-Max-Cost', () => {
  test('is a decimal text of dollars, or not there', () => {
    expect(readMaxCost(new Headers())).toEqual({ ok: true, maxCostNanoUsd: undefined })
    expect(readMaxCost(new Headers({ 'x-max-cost': '0.05' }))).toEqual({
      ok: true,
      maxCostNanoUsd: 50_000_000,
    })
  })

  // Cases: billing-bugs 30
  test.each(['', '0', '0.00', '-1', '1e-3', 'NaN', 'Infinity', '0.0000000001', '$5', '5 USD', '0x5'])(
    'of %j is refused',
    (text) => {
      expect(readMaxCost(new Headers({ 'x-max-cost': text }))).toMatchObject({
        ok: false,
        code: 'invalid_request',
        param: 'X-Max-Cost',
      })
    },
  )
})

const model = aModel({ outputTokensMax: 100_000 })
const rollingModel = aModel({ stopsOnAbort: true, visibleOutput: true, outputTokensMax: 100_000 })

function capped(cents: number, given: { isRolling?: boolean; asked?: number } = {}): Capped {
  const of = given.isRolling === true ? rollingModel : model
  const call = aCall({ model: of, asked: { outputTokensMax: given.asked } }).asked
  return cappedQuote({ model: of, call }, quote(of, call), nanoUsd(cents * 10_000_000))
}

describe('a call', () => {
  test('that cannot cost more is as it was', () => {
    expect(capped(1_000)).toMatchObject({ ok: true, quote: { isCapped: false, outputTokens: 100_000 } })
  })

  test('that leaves its length open is asked for what the client will pay, and holds no more', () => {
    const made = capped(1)
    expect(made).toMatchObject({ ok: true, quote: { ceilingNanoUsd: 10_000_000, holdNanoUsd: 10_000_000 } })
    if (!made.ok) return
    expect(made.quote.outputTokens).toBe(Math.floor((10_000_000 - 407 * 1_250) / 4_000))
    expect(made.quote.floorNanoUsd).toBeLessThanOrEqual(made.quote.usualNanoUsd)
    expect(made.quote.usualNanoUsd).toBeLessThanOrEqual(made.quote.holdNanoUsd)
  })

  test('that names its length is refused with the figures, and never shortened', () => {
    expect(capped(1, { asked: 5_000 })).toMatchObject({
      ok: false,
      code: 'max_cost_exceeded',
      metadata: { limit: '0.01', required: '0.02050875' },
    })
  })

  test('that can be ended in the middle may begin, and has its ceiling there', () => {
    expect(capped(1, { isRolling: true, asked: 50_000 })).toMatchObject({
      ok: true,
      quote: { isCapped: true, ceilingNanoUsd: 10_000_000, outputTokens: 50_000 },
    })
  })

  test('whose input alone costs more is refused', () => {
    expect(capped(0.01)).toMatchObject({ ok: false, code: 'max_cost_exceeded' })
    expect(capped(0.01, { isRolling: true })).toMatchObject({ ok: false, code: 'max_cost_exceeded' })
  })
})
