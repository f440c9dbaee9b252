// ?dryRun=true: the figures of a call and whether it would be admitted, from what the object answers.
import { describe, expect, test } from 'vitest'

import { aModel } from '#catalog/test-model.ts'
import { isObject, readString } from '#core/readers.ts'
import { nanoUsd, parseUsd, zeroNanoUsd } from '#core/money.ts'
import type { AdmitAnswer } from '#ledger/call-commands.ts'
import { dryRunAnswer } from './dry-run.ts'
import { expectedTokensOf } from './prepared-call.ts'
import { aCall } from './test-call.ts'

const call = aCall()

const figures = {
  heldNanoUsd: zeroNanoUsd,
  availableNanoUsd: nanoUsd(1_000_000_000),
  rate: {
    requests: { limit: 50, remaining: 50, resetMs: 0 },
    tokens: { limit: 2_000_000, remaining: 2_000_000, resetMs: 0 },
    inFlight: { limit: 100, remaining: 100 },
  },
}

const yes: AdmitAnswer = {
  ok: true,
  ...figures,
  parallel: { calls: 0, exposureNanoUsd: zeroNanoUsd },
  burnNanoUsdPerMinute: zeroNanoUsd,
}

describe('a dry run', () => {
  // Requirements: 59
  test('answers with the least, the likely and the most that the call can cost', () => {
    // 107 input tokens are expected, 407 is their bound; 100 output tokens were asked for.
    expect(dryRunAnswer(call, yes)).toEqual({
      dry_run: true,
      model: 'test-model',
      cost_min: '0.000107',
      cost_estimate: '0.000507',
      cost_max: '0.00090875',
      currency: 'USD',
      price_version: 'test-1',
      expected_input_tokens: 107,
      max_output_tokens: 100,
      cancellation_policy: 'finish',
      would_be_admitted: true,
    })
  })

  test('never estimates less than the least or more than the most, whatever is asked', () => {
    for (const outputTokensMax of [undefined, 1, 64, 4_000, 10_000])
      for (const choices of [1, 3])
        for (const textBytes of [0, 5, 50_000, 500_000]) {
          const answer = dryRunAnswer(aCall({ asked: { outputTokensMax, choices, textBytes } }), yes)
          const [least, likely, most] = ['cost_min', 'cost_estimate', 'cost_max'].map((name) =>
            parseUsd((isObject(answer) ? readString(answer[name]) : undefined) ?? ''),
          )
          expect([least, likely, most]).toEqual([least, likely, most].toSorted((a, b) => (a ?? 0) - (b ?? 0)))
        }
  })
})

test('a dry run names what would refuse, with its figures', () => {
  const no: AdmitAnswer = {
    ok: false,
    code: 'monthly_spend_limit_reached',
    limitSource: 'account_month',
    limitNanoUsd: nanoUsd(5_000_000_000),
    remainingNanoUsd: zeroNanoUsd,
    requiredNanoUsd: nanoUsd(1),
    resetMs: 1_500,
    ...figures,
  }
  expect(dryRunAnswer(call, no)).toMatchObject({
    would_be_admitted: false,
    refusal: 'monthly_spend_limit_reached',
    refusal_metadata: {
      limit_source: 'account_month',
      limit: '5.00',
      remaining: '0.00',
      resets_in_seconds: 2,
    },
  })
})

test('an answer whose length is left open counts as one of usual length, within what the model can give', () => {
  expect(expectedTokensOf(aCall())).toBe(107 + 100)
  expect(expectedTokensOf(aCall({ asked: { outputTokensMax: undefined } }))).toBe(107 + 1_000)
  expect(expectedTokensOf(aCall({ asked: { outputTokensMax: 50_000 } }))).toBe(107 + 4_000)
  expect(expectedTokensOf(aCall({ asked: { choices: 3 } }))).toBe(107 + 300)
  const short = aModel({ outputTokensMax: 10 })
  expect(expectedTokensOf(aCall({ model: short, asked: { outputTokensMax: undefined } }))).toBe(107 + 10)
})
