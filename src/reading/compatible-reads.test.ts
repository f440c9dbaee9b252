// The figures of other platforms' billing routes, from the same cells and the same view.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import type { UsageCell } from '#settlement/usage-cells.ts'
import { costBody, readQuestion } from './cost-management.ts'
import { billingUsageBody } from './dashboard-billing.ts'

const cell: UsageCell = {
  keyNumber: 1,
  period: '2026-11-01',
  endpoint: '/v1/chat/completions',
  provider: 'openai',
  model: 'gpt-6-luna',
  requests: 2,
  costNanoUsd: 1n,
}

const cells: readonly UsageCell[] = [
  cell,
  { ...cell, model: 'other', costNanoUsd: 2n },
  { ...cell, provider: 'mistral', costNanoUsd: 123_456_789_012n },
  { ...cell, period: '2026-11-02', endpoint: '/v1/meter', provider: '', model: 'sms', requests: 1 },
  { ...cell, keyNumber: 2, costNanoUsd: 0n },
]

describe('usage as other platforms show it', () => {
  // Requirements: 51
  test('is one item per key, with a sum per period and feature, exact to the nano-dollar', () => {
    expect(costBody(cells)).toEqual([
      {
        token: '1',
        data: {
          '2026-11-01': {
            text__chat: {
              total_cost: 123.456789015,
              details: 6,
              cost_per_provider: { openai: 0.000000003, mistral: 123.456789012 },
            },
          },
          '2026-11-02': {
            other__sms: { total_cost: 0.000000001, details: 1, cost_per_provider: { none: 0.000000001 } },
          },
        },
      },
      {
        token: '2',
        data: {
          '2026-11-01': { text__chat: { total_cost: 0, details: 2, cost_per_provider: { openai: 0 } } },
        },
      },
    ])
  })

  test("is counted in cents by OpenAI's old dashboard, day by day and model by model", () => {
    expect(billingUsageBody(cells)).toEqual({
      object: 'list',
      daily_costs: [
        {
          timestamp: Date.UTC(2026, 10, 1) / 1_000,
          line_items: [
            { name: 'gpt-6-luna', cost: 12_345.6789013 },
            { name: 'other', cost: 0.0000002 },
          ],
        },
        { timestamp: Date.UTC(2026, 10, 2) / 1_000, line_items: [{ name: 'sms', cost: 0.0000001 }] },
      ],
      total_usage: 12_345.6789016,
    })
  })
})

describe('what is asked of /v2/cost_management/', () => {
  const now = asMillis(Date.UTC(2026, 10, 20, 13))

  test('includes its last day', () => {
    const query = new URLSearchParams('begin=2026-11-01&end=2026-11-03&step=3&token=7&provider=openai')
    expect(readQuestion(query, now)).toEqual({
      ok: true,
      value: {
        range: { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 4) },
        step: 'month',
        filter: { keyNumber: 7, provider: 'openai' },
        subfeature: null,
      },
    })
  })

  test('without dates is the last 30 days with today', () => {
    expect(readQuestion(new URLSearchParams(), now)).toMatchObject({
      value: { range: { from: Date.UTC(2026, 9, 21), to: Date.UTC(2026, 10, 21) }, step: 'day' },
    })
  })

  test.each([
    ['step=0', 'step'],
    ['step=5', 'step'],
    ['step=day', 'step'],
    ['step=constructor', 'step'],
    ['begin=2026-11-31x', 'begin'],
    ['begin=2026-11-02T00:00:00Z', 'begin'],
    ['begin=2026-11-21&end=2026-11-20', 'begin'],
    ['begin=2024-01-01', 'begin'],
    ['end=tomorrow', 'end'],
    ['token=first', 'token'],
    ['provider=%00', 'provider'],
  ])('with %s is refused by the name of what is wrong', (query, param) => {
    expect(readQuestion(new URLSearchParams(query), now)).toMatchObject({ code: 'invalid_request', param })
  })
})
