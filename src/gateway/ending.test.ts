// What an end costs and what the ledger is told of it: prices, our own count within what was asked for, and a command that
// stands without its hold.
import { describe, expect, test } from 'vitest'

import { type Usage, type UsageSource, noUsage } from '#calls/usage.ts'
import { addMillis } from '#core/clock.ts'
import { type EndTimes, commandOf, endingOf } from './ending.ts'
import { type EndCause, type Phase, endCauses } from './settle.ts'
import { aCall } from './test-call.ts'

const call = aCall()
const usageOf = (more: Partial<Usage>): Usage => ({ ...noUsage, ...more })
const metered = (source: UsageSource, more: Partial<Usage>) => ({ source, usage: usageOf(more) })

const times: EndTimes = {
  startedAt: call.startedAt,
  admittedAt: addMillis(call.startedAt, 20),
  firstTokenAt: addMillis(call.startedAt, 300),
  endedAt: addMillis(call.startedAt, 2_000),
}

describe('the charge of a call', () => {
  test('is the stated usage at the prices of its model, line by line', () => {
    const ending = endingOf(
      call,
      'done',
      'after_terminator',
      metered('final', { input: 10, cacheRead: 90, output: 5 }),
    )
    expect(ending.charge.costNanoUsd).toBe(10 * 1_000 + 90 * 100 + 5 * 4_000)
    expect(ending.charge.lines).toEqual([
      { unit: 'input', units: 10, pricePicoUsd: 1_000_000 },
      { unit: 'cacheRead', units: 90, pricePicoUsd: 100_000 },
      { unit: 'output', units: 5, pricePicoUsd: 4_000_000 },
    ])
    expect([ending.isCharged, ending.usageSource]).toEqual([true, 'final'])
  })

  // Cases: billing-bugs 5
  test('is the same for the same usage whether it was streamed or not', () => {
    const costs = [true, false].map(
      (isStreamed) =>
        endingOf(
          aCall({ asked: { isStreamed } }),
          'done',
          'after_terminator',
          metered('final', { input: 17, cacheRead: 3, output: 29 }),
        ).charge,
    )
    expect(costs[0]).toEqual(costs[1])
  })

  // Cases: billing-bugs 6
  test('is zero where the provider states zero, and what was counted where it states nothing', () => {
    const zero = endingOf(call, 'done', 'after_terminator', metered('zero', {}))
    expect([zero.charge.costNanoUsd, zero.isCharged, zero.usageSource]).toEqual([0, true, 'zero'])
    const counted = endingOf(call, 'done', 'after_terminator', metered('counted', { input: 100, output: 7 }))
    expect([counted.charge.costNanoUsd, counted.usageSource]).toEqual([128_000, 'counted'])
  })

  // Cases: billing-bugs 8
  test('for output without any usage is at least that of the delivered tokens, however the call ended', () => {
    for (const cause of endCauses) {
      const ending = endingOf(call, cause, 'delivering', metered('counted', { input: 100, output: 7 }))
      expect(ending.charge.costNanoUsd).toBeGreaterThanOrEqual(7 * 4_000)
      expect(ending.rule).toBe(`${cause}_counted`)
    }
  })

  // Cases: billing-bugs 10
  test('of a stream that died without usage is no more than was delivered and no more than was held', () => {
    const few = endingOf(call, 'cut', 'delivering', metered('counted', { input: 107, output: 7 }))
    expect(few.usage).toEqual(usageOf({ input: 107, output: 7 }))
    const overcounted = endingOf(call, 'cut', 'delivering', {
      ...metered('counted', { input: 107, output: 90_000 }),
      ownOutput: 90_000,
    })
    expect(overcounted.usage.output).toBe(100)
    expect(overcounted.charge.costNanoUsd).toBeLessThanOrEqual(call.quote.holdNanoUsd)
  })

  test('by our own count allows every answer that was asked for its whole limit', () => {
    const two = aCall({ asked: { choices: 2 } })
    const ending = endingOf(two, 'cut', 'delivering', {
      ...metered('counted', { input: 107, output: 90_000 }),
      ownOutput: 90_000,
    })
    expect(ending.usage.output).toBe(200)
    expect(ending.charge.costNanoUsd).toBeLessThanOrEqual(two.quote.holdNanoUsd)
  })

  // Cases: billing-bugs 10
  test.each([
    { stated: 1, own: 90_000, charged: 100 },
    { stated: 60, own: 30, charged: 90 },
    { stated: 150, own: 30, charged: 150 },
  ])('of a running statement takes no more from our own count than the limit: $stated + $own', (given) => {
    const output = given.stated + given.own
    const cut = { ...metered('cumulative', { input: 107, output }), ownOutput: given.own }
    expect(endingOf(call, 'cut', 'delivering', cut).usage.output).toBe(given.charged)
  })

  test('follows what the provider states even where that is more than was asked for', () => {
    const ending = endingOf(call, 'done', 'after_terminator', metered('final', { input: 10, output: 5_000 }))
    expect(ending.usage.output).toBe(5_000)
  })

  // Cases: billing-bugs 9
  test('of an answer of which only an error arrived is nothing', () => {
    const ending = endingOf(call, 'upstream_error', 'answered', metered('none', {}))
    expect([ending.isCharged, ending.charge.costNanoUsd]).toEqual([false, 0])
  })
})

describe('what the ledger is told', () => {
  const told = (cause: EndCause, phase: Phase, source: UsageSource, more: Partial<Usage>) =>
    commandOf(call, endingOf(call, cause, phase, metered(source, more)), times, { upstreamId: 'chatcmpl-1' })

  test('of a charge stands without its hold: who, what, how much, when and why', () => {
    expect(told('client_gone', 'delivering', 'cumulative', { input: 10, reasoning: 2, output: 5 })).toEqual({
      capture: {
        callId: call.callId,
        keyNumber: 1,
        costNanoUsd: 38_000,
        tokens: 17,
        admittedAgoMs: 1_980,
        detail: {
          requestId: call.requestId,
          model: 'test-model',
          provider: 'openai',
          executedModel: 'test-model',
          endpoint: '/v1/chat/completions',
          isStreamed: true,
          priceVersion: 'test-1',
          usage: usageOf({ input: 10, reasoning: 2, output: 5 }),
          usageSource: 'cumulative',
          lines: [
            { unit: 'input', units: 10, pricePicoUsd: 1_000_000 },
            { unit: 'output', units: 5, pricePicoUsd: 4_000_000 },
            { unit: 'reasoning', units: 2, pricePicoUsd: 4_000_000 },
          ],
          rule: 'client_gone_usage_said',
          status: 'client_gone',
          durationMs: 2_000,
          firstTokenMs: 300,
          upstreamId: 'chatcmpl-1',
        },
      },
    })
  })

  test('of a call that cost nothing is its release with the rule', () => {
    expect(told('timeout', 'dispatched', 'none', {})).toEqual({
      release: { callId: call.callId, reason: 'timeout_unanswered' },
    })
  })

  // Cases: billing-bugs 6
  test('of a stated zero is a charge of zero, so that the usage log has the request', () => {
    expect(told('done', 'after_terminator', 'zero', {})).toEqual({
      capture: expect.objectContaining({ costNanoUsd: 0, tokens: 0 }),
    })
  })

  test('never has a negative duration, whatever the clock did', () => {
    const back: EndTimes = { ...times, endedAt: addMillis(call.startedAt, -5_000) }
    const ending = endingOf(call, 'done', 'after_terminator', metered('final', { input: 1 }))
    const command = commandOf(call, ending, { ...back, firstTokenAt: undefined }, {})
    expect(command).toEqual({
      capture: expect.objectContaining({
        admittedAgoMs: 0,
        detail: expect.objectContaining({
          durationMs: 0,
          firstTokenMs: null,
          upstreamId: null,
          status: 'ok',
        }),
      }),
    })
  })

  test('fits a queue message however long the id is that the upstream gave its answer', () => {
    const ending = endingOf(call, 'done', 'after_terminator', metered('final', { input: 1 }))
    const command = commandOf(call, ending, times, { upstreamId: 'x'.repeat(1_000_000) })
    expect(JSON.stringify(command).length).toBeLessThan(4_096)
  })
})
