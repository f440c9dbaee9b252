// The explanation of one charge.

import { describe, expect, test } from 'vitest'
import { readCallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { generationBody, type CallLine } from './generation.ts'

const callId = readCallId(`gen_${'0'.repeat(22)}`)
if (callId === undefined) throw new Error('the test has no call id')

const detail = {
  requestId: `req_${'0'.repeat(22)}`,
  model: 'gpt-test',
  provider: 'openai',
  endpoint: '/v1/chat/completions',
  isStreamed: true,
  priceVersion: '2026-11-01',
  usage: { input: 1_000, cacheRead: 500, output: 20, reasoning: 3 },
  usageSource: 'final',
  lines: [
    { unit: 'input', units: 1_000, pricePicoUsd: 37_500 },
    { unit: 'output', units: 23, pricePicoUsd: 300_001 },
  ],
  rule: 'done_usage_said',
  status: 'ok',
  durationMs: 900,
  firstTokenMs: 120,
  upstreamId: 'chatcmpl-1',
}

const line = (seq: number, kind: string, amount: number, more: Partial<CallLine> = {}): CallLine => ({
  seq,
  kind,
  amountNanoUsd: nanoUsd(amount),
  createdAtMs: Date.parse('2026-11-01T00:00:00Z') + seq,
  keyNumber: 1,
  detail,
  ...more,
})

describe('a charge is explained line by line', () => {
  test('units times price give the amounts, exact before the one rounding', () => {
    expect(generationBody(callId, [line(3, 'usage', -44_401)])).toMatchObject({
      total_cost: 0.000044401,
      tokens_prompt: 1_500,
      tokens_completion: 23,
      native_tokens_cached: 500,
      native_tokens_reasoning: 3,
      cancelled: false,
      charge: {
        cost: '0.000044401',
        rule: 'done_usage_said',
        usage_source: 'final',
        price_version: '2026-11-01',
        lines: [
          { unit: 'input', units: 1_000, unit_price: '0.0000000375', amount: '0.0000375' },
          { unit: 'output', units: 23, unit_price: '0.000000300001', amount: '0.000006900023' },
        ],
      },
    })
  })

  test('what was given back is taken off the cost, and the charge explains itself as before', () => {
    const reversal = (seq: number, amount: number) =>
      line(seq, 'reversal', amount, { detail: { reason: 'r' } })
    expect(
      generationBody(callId, [line(3, 'usage', -44_401), reversal(5, 40_000), reversal(6, 401)]),
    ).toMatchObject({
      model: 'gpt-test',
      total_cost: 0.000004,
      usage: 0.000004,
      charge: {
        cost: '0.000044401',
        given_back: '0.000040401',
        net_cost: '0.000004',
        entries: [{ seq: 3 }, { kind: 'reversal', amount: '0.00004' }, { kind: 'reversal' }],
      },
    })
  })

  test('a call that expired and came late costs what all its lines took, and its newest line explains it', () => {
    const expired = line(3, 'usage', -10_000, { detail: { rule: 'hold_expired', status: 'owner_lost' } })
    expect(generationBody(callId, [expired, line(9, 'late', -34_401)])).toMatchObject({
      total_cost: 0.000044401,
      created_at: '2026-11-01T00:00:00.003Z',
      charge: { rule: 'done_usage_said', entries: [{ seq: 3 }, { seq: 9 }] },
    })
  })

  test('a charge without an explanation is shown with what is known', () => {
    expect(generationBody(callId, [line(3, 'usage', -7, { detail: null })])).toMatchObject({
      total_cost: 0.000000007,
      model: null,
      charge: { cost: '0.000000007', rule: null, lines: [] },
    })
  })

  test('a client that left shows as cancelled', () => {
    const left = line(3, 'usage', -7, { detail: { ...detail, status: 'client_gone' } })
    expect(generationBody(callId, [left])).toMatchObject({ cancelled: true })
  })
})
