// The closed list of refusal codes: the statuses and retries that clients' libraries act on.
import { describe, expect, test } from 'vitest'

import { errorKindOf, errorKinds, refuse } from './errors.ts'

type Listed = { code: string; status: number; type: string; retry?: boolean; sentence: string }

const all: readonly Listed[] = Object.entries(errorKinds).map(([code, kind]) => ({ code, ...kind }))

/** What the public list of errors says: status, and what `x-should-retry` says where it is not left to the status. */
const published = {
  insufficient_credits: [402, false],
  in_flight_budget_exhausted: [402, true],
  key_limit_exceeded: [402, false],
  end_user_limit_exceeded: [402, false],
  monthly_spend_limit_reached: [402, false],
  credit_limit_reached: [402, false],
  max_cost_exceeded: [402, false],
  allowance_exhausted: [402, false],
  rate_limit_exceeded: [429, undefined],
  invalid_api_key: [401, undefined],
  key_disabled: [403, undefined],
  model_not_allowed: [403, undefined],
  insufficient_role: [403, undefined],
  account_suspended: [403, undefined],
  invalid_request: [400, undefined],
  unpriced_model: [400, undefined],
  model_not_found: [404, undefined],
  model_not_available: [404, undefined],
  body_too_large: [413, undefined],
  unsupported_encoding: [415, undefined],
  idempotency_in_progress: [409, true],
  idempotency_key_reused: [422, undefined],
  upstream_error: [502, undefined],
  upstream_timeout: [504, undefined],
  ledger_unavailable: [503, undefined],
} as const

describe('the list of refusal codes', () => {
  test.each(Object.entries(published))('has %s with status and retry %j', (code, expected) => {
    const kind = all.find((one) => one.code === code)
    expect([kind?.status, kind?.retry]).toEqual(expected)
  })

  test.each(all)('says of $code what happened, in whole sentences', ({ sentence }) => {
    expect(sentence).toMatch(/^[A-Z].*\.$/)
  })

  test('answers 402 for money and for nothing else, so that no limit of rate ever looks like an empty balance', () => {
    expect(all.filter(({ status }) => status === 402).every(({ type }) => type === 'billing_error')).toBe(
      true,
    )
    expect(all.filter(({ type }) => type === 'billing_error').every(({ status }) => status === 402)).toBe(
      true,
    )
  })

  // OpenAI's library retries 408, 409, 429 and all of 5xx by itself.
  test('lets a library retry by itself only what it may send again', () => {
    const retried = all.filter(
      ({ status, retry }) => retry ?? (status === 409 || status === 429 || status >= 500),
    )
    expect(retried.map(({ code }) => code).sort()).toEqual([
      'idempotency_in_progress',
      'in_flight_budget_exhausted',
      'internal',
      'ledger_unavailable',
      'payment_unavailable',
      'rate_limit_exceeded',
      'upstream_error',
      'upstream_overloaded',
      'upstream_timeout',
    ])
  })
})

test('a refusal is a value with its code and figures', () => {
  expect(refuse('rate_limit_exceeded', { retryAfterSeconds: 3 })).toEqual({
    ok: false,
    code: 'rate_limit_exceeded',
    retryAfterSeconds: 3,
  })
  expect(errorKindOf('rate_limit_exceeded').status).toBe(429)
})
