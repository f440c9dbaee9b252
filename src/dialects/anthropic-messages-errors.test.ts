// Refusals as Anthropic's clients read them, and as its official SDK does.

import Anthropic, { APIError, PaymentRequiredError } from '@anthropic-ai/sdk'
import type { ErrorResponse, ErrorType } from '@anthropic-ai/sdk/resources/shared'
import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorKinds, refuse } from '#core/errors.ts'
import { messagesError, messagesErrorFrame } from './anthropic-messages-errors.ts'

describe('a refusal', () => {
  test.each<[ErrorCode, number, ErrorType]>([
    ['invalid_request', 400, 'invalid_request_error'],
    ['invalid_api_key', 401, 'authentication_error'],
    ['insufficient_credits', 402, 'billing_error'],
    ['key_limit_exceeded', 402, 'billing_error'],
    ['in_flight_budget_exhausted', 402, 'billing_error'],
    ['model_not_allowed', 403, 'permission_error'],
    ['model_not_found', 404, 'not_found_error'],
    ['idempotency_in_progress', 409, 'conflict_error'],
    ['body_too_large', 413, 'invalid_request_error'],
    ['rate_limit_exceeded', 429, 'rate_limit_error'],
    ['internal', 500, 'api_error'],
    ['upstream_error', 502, 'api_error'],
    ['not_configured', 503, 'api_error'],
    ['upstream_overloaded', 503, 'overloaded_error'],
    ['ledger_unavailable', 503, 'overloaded_error'],
    ['upstream_timeout', 504, 'timeout_error'],
  ])('%s has status %i and the type %s', (code, status, type) => {
    const answer = messagesError(refuse(code), 'req_1')
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ type: 'error', error: { type }, request_id: 'req_1' })
  })

  test('of every code has a type that the official SDK knows', () => {
    const known: readonly ErrorType[] = [
      'invalid_request_error',
      'authentication_error',
      'billing_error',
      'permission_error',
      'not_found_error',
      'conflict_error',
      'rate_limit_error',
      'timeout_error',
      'api_error',
      'overloaded_error',
    ]
    for (const code of Object.keys(errorKinds) as ErrorCode[]) {
      const body: unknown = messagesError(refuse(code), 'req_1').body
      expect(known).toContain((body as ErrorResponse).error.type)
    }
  })

  test('carries the request’s id under both names, and waits of a minute at most', () => {
    const { headers } = messagesError(refuse('rate_limit_exceeded', { retryAfterSeconds: 90_000 }), 'req_1')
    expect(headers).toEqual({
      'content-type': 'application/json',
      'x-request-id': 'req_1',
      'request-id': 'req_1',
      'retry-after': '60',
    })
    const spent = messagesError(refuse('insufficient_credits', { retryAfterSeconds: 5 }), 'req_1').headers
    expect(spent).toMatchObject({ 'x-should-retry': 'false' })
    expect(spent).not.toHaveProperty('retry-after')
  })

  test('for lack of credit is one attempt and a PaymentRequiredError with its figures in the official SDK', async () => {
    let attempts = 0
    const client = new Anthropic({
      apiKey: 'none',
      baseURL: 'http://sluice.test',
      fetch: async () => {
        attempts += 1
        const refusal = refuse('insufficient_credits', {
          message: 'Too little.',
          metadata: { required: '0.01' },
        })
        const { status, headers, body } = messagesError(refusal, 'req_7')
        return new Response(JSON.stringify(body), { status, headers })
      },
    })
    const failure: unknown = await client.messages
      .create({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PaymentRequiredError)
    expect(failure).toMatchObject({
      type: 'billing_error',
      errorCode: 'insufficient_credits',
      apiMessage: 'Too little.',
      requestID: 'req_7',
      details: { required: '0.01' },
    })
    expect(attempts).toBe(1)
  })
})

describe('an error in mid-stream', () => {
  // Cases: dialects 17
  test('is an error event, which the official SDK raises with our message', async () => {
    const frame = messagesErrorFrame(refuse('upstream_error', { message: 'The provider broke off.' }))
    expect(frame).toMatch(/^event: error\ndata: \{"type":"error",.*\}\n\n$/)
    const client = new Anthropic({
      apiKey: 'none',
      baseURL: 'http://sluice.test',
      maxRetries: 0,
      fetch: async () =>
        new Response(`event: ping\ndata: {"type":"ping"}\n\n${frame}`, {
          headers: { 'content-type': 'text/event-stream' },
        }),
    })
    const stream = await client.messages.create({ model: 'm', max_tokens: 1, messages: [], stream: true })
    const failure: unknown = await (async () => {
      for await (const _ of stream) expect(true).toBe(false)
    })().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(APIError)
    expect(failure).toMatchObject({ type: 'api_error', message: expect.stringContaining('broke off') })
  })
})
