// ?dryRun=true: the figures of a call and whether it would be admitted, from what the object shows.
import { describe, expect, test } from 'vitest'

import { aModel } from '#catalog/test-model.ts'
import { isObject, readString } from '#core/readers.ts'
import { keyNumber } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, parseUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountView, KeyView } from '#ledger/account-views.ts'
import { dryRunAnswer } from './dry-run.ts'
import { expectedTokensOf } from './prepared-call.ts'
import { aCall } from './test-call.ts'

const call = aCall()

function anAccount(more: { available?: number; posted?: number } & Partial<AccountView> = {}): AccountView {
  const available = nanoUsd(more.available ?? 1_000_000_000)
  const { available: _available, posted, ...rest } = more
  return {
    accountId: call.caller.accountId,
    name: 'Ada',
    epoch: 1,
    postedNanoUsd: nanoUsd(posted ?? available),
    heldNanoUsd: zeroNanoUsd,
    availableNanoUsd: available,
    debtNanoUsd: zeroNanoUsd,
    buckets: [],
    openHolds: 0,
    lifetimeAdded: '1.00',
    lifetimeBonus: '0.00',
    lifetimeSpent: '0.00',
    settings: {
      rpm: 50,
      tpm: 2_000_000,
      inFlight: 100,
      keysMax: 50,
      monthlySpendLimitNanoUsd: null,
      lowBalanceThresholdNanoUsd: zeroNanoUsd,
      isFrozen: false,
      mode: 'prepaid',
      creditLimitNanoUsd: zeroNanoUsd,
    },
    rate: rateOf({}),
    marks: { head: 1, sent: 1, confirmed: 1 },
    recent: [],
    ...rest,
  }
}

function rateOf(left: { requests?: number; tokens?: number; inFlight?: number }): AccountView['rate'] {
  return {
    requests: { limit: 50, remaining: left.requests ?? 50, resetMs: 0 },
    tokens: { limit: 2_000_000, remaining: left.tokens ?? 2_000_000, resetMs: 0 },
    inFlight: { limit: 100, remaining: left.inFlight ?? 100 },
  }
}

const aKey: KeyView = {
  keyNumber: keyNumber(1),
  name: 'main',
  isDisabled: false,
  budgets: [],
  allowedModels: null,
  usedNanoUsd: zeroNanoUsd,
}

const budget = (amount: number, used: NanoUsd): KeyView['budgets'][number] => ({
  window: 'day',
  amountNanoUsd: nanoUsd(amount),
  usedNanoUsd: used,
  resetMs: 1_000,
})

describe('a dry run', () => {
  // Requirements: 59
  test('answers with the least, the likely and the most that the call can cost', () => {
    // 107 input tokens are expected, 407 is their bound; 100 output tokens were asked for.
    expect(dryRunAnswer(call, anAccount(), aKey)).toEqual({
      dry_run: true,
      model: 'test-model',
      cost_min: '0.000107',
      cost_estimate: '0.000507',
      cost_max: '0.00090875',
      currency: 'USD',
      price_version: 'test-1',
      expected_input_tokens: 107,
      max_output_tokens: 100,
      would_be_admitted: true,
    })
  })

  test('never estimates less than the least or more than the most, whatever is asked', () => {
    for (const outputTokensMax of [undefined, 1, 64, 4_000, 10_000])
      for (const choices of [1, 3])
        for (const textBytes of [0, 5, 50_000, 500_000]) {
          const answer = dryRunAnswer(aCall({ asked: { outputTokensMax, choices, textBytes } }), null, null)
          const [least, likely, most] = ['cost_min', 'cost_estimate', 'cost_max'].map((name) =>
            parseUsd((isObject(answer) ? readString(answer[name]) : undefined) ?? ''),
          )
          expect([least, likely, most]).toEqual([least, likely, most].toSorted((a, b) => (a ?? 0) - (b ?? 0)))
        }
  })
})

describe('a dry run says what would refuse', () => {
  const hold = call.quote.holdNanoUsd
  test.each([
    ['an unknown account', null, aKey, 'invalid_api_key'],
    ['an unknown key', anAccount(), null, 'invalid_api_key'],
    ['a disabled key', anAccount(), { ...aKey, isDisabled: true }, 'key_disabled'],
    [
      'a frozen account',
      anAccount({ settings: { ...anAccount().settings, isFrozen: true } }),
      aKey,
      'account_suspended',
    ],
    [
      'a model that the key may not use',
      anAccount(),
      { ...aKey, allowedModels: ['other'] },
      'model_not_allowed',
    ],
    [
      'no request left this minute',
      anAccount({ rate: rateOf({ requests: 0 }) }),
      aKey,
      'rate_limit_exceeded',
    ],
    ['no place left', anAccount({ rate: rateOf({ inFlight: 0 }) }), aKey, 'rate_limit_exceeded'],
    [
      'too few tokens left this minute',
      anAccount({ rate: rateOf({ tokens: expectedTokensOf(call) - 1 }) }),
      aKey,
      'rate_limit_exceeded',
    ],
    ['a key budget', anAccount(), { ...aKey, budgets: [budget(hold, nanoUsd(1))] }, 'key_limit_exceeded'],
    ['an empty balance', anAccount({ available: hold - 1 }), aKey, 'insufficient_credits'],
    [
      'a balance that is held',
      anAccount({ available: hold - 1, posted: hold }),
      aKey,
      'in_flight_budget_exhausted',
    ],
  ])('%s', (_name, account, key, code) => {
    expect(dryRunAnswer(call, account, key)).toMatchObject({ would_be_admitted: false, refusal: code })
  })

  test('and admits what is exactly covered', () => {
    const account = anAccount({
      available: hold,
      rate: rateOf({ requests: 1, inFlight: 1, tokens: expectedTokensOf(call) }),
    })
    const key = { ...aKey, allowedModels: ['test-model'], budgets: [budget(hold, zeroNanoUsd)] }
    expect(dryRunAnswer(call, account, key)).toMatchObject({ would_be_admitted: true })
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
