// The headers of every answer of the inference routes.
import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { answerHeaders, exposedHeaders } from './answer-headers.ts'
import { aCall } from './test-call.ts'

const { requestId, callId } = aCall()

const rate = {
  requests: { limit: 50, remaining: 49, resetMs: 1_200 },
  tokens: { limit: 2_000_000, remaining: 1_999_000, resetMs: 30 },
  inFlight: { limit: 100, remaining: 99 },
}

// Cases: billing-bugs 62
test('every answer has its request id under both names and may be kept by no cache', () => {
  expect(answerHeaders({ requestId })).toEqual({
    'x-request-id': requestId,
    'request-id': requestId,
    'cache-control': 'private, no-store, no-transform',
  })
})

test('the answer of a call says its id, its cost in dollars, how it was checked and what its limits leave', () => {
  const facts = { requestId, callId, rate, balanceCheck: 'parallel' as const, costNanoUsd: nanoUsd(123_000) }
  expect(answerHeaders(facts)).toMatchObject({
    'x-generation-id': callId,
    'x-balance-check': 'parallel',
    'x-cost': '0.000123',
    'x-ratelimit-limit-requests': '50',
    'x-ratelimit-remaining-requests': '49',
    'x-ratelimit-reset-requests': '1.2s',
    'x-ratelimit-limit-tokens': '2000000',
    'x-ratelimit-remaining-tokens': '1999000',
    'x-ratelimit-reset-tokens': '0.03s',
  })
})

test('a limit that was passed or reset is zero, never below', () => {
  const passed = {
    ...rate,
    requests: { limit: 50, remaining: -3, resetMs: -1 },
    tokens: { limit: 5, remaining: -1, resetMs: 0 },
  }
  expect(answerHeaders({ requestId, rate: passed })).toMatchObject({
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '0s',
    'x-ratelimit-remaining-tokens': '0',
    'x-ratelimit-reset-tokens': '0s',
  })
})

test('a script in a browser may read every header that we add', () => {
  const facts = { requestId, callId, rate, balanceCheck: 'first' as const, costNanoUsd: nanoUsd(0) }
  const added = Object.keys(answerHeaders(facts)).filter((name) => name !== 'cache-control')
  expect(added.filter((name) => !exposedHeaders.includes(name))).toEqual([])
})
