// Refusals in OpenAI's shape, held to its SDK.

import OpenAI, { APIError } from 'openai'
import type { ErrorObject } from 'openai/resources/shared'
import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorKinds, refuse } from '#core/errors.ts'
import { isObject } from '#core/readers.ts'
import { openAiError, openAiErrorFrame } from './openai-errors.ts'

const codes = Object.keys(errorKinds) as ErrorCode[]

describe('a refusal', () => {
  test.each(codes)('%s has the status of its code and the five fields of the shape', (code) => {
    const { status, headers, body } = openAiError(refuse(code), 'req_1')
    const error: ErrorObject = body.error
    expect(status).toBe(errorKinds[code].status)
    expect(error).toEqual({
      message: errorKinds[code].sentence,
      type: errorKinds[code].type,
      param: null,
      code,
    })
    expect(headers).toMatchObject({ 'x-request-id': 'req_1', 'request-id': 'req_1' })
  })

  test('carries its own sentence, parameter and figures', () => {
    const refusal = refuse('insufficient_credits', {
      message: 'The balance is $1.00 and this request holds $2.00.',
      param: 'max_tokens',
      metadata: { required: '2.00' },
    })
    expect(openAiError(refusal, 'req_1').body.error).toMatchObject({
      message: 'The balance is $1.00 and this request holds $2.00.',
      param: 'max_tokens',
      metadata: { required: '2.00' },
    })
  })

  test('for want of money tells SDKs not to try again, except while running calls hold the money', () => {
    const said = (code: ErrorCode) => openAiError(refuse(code, { retryAfterSeconds: 5 }), 'r').headers
    expect(said('insufficient_credits')['x-should-retry']).toBe('false')
    expect(said('insufficient_credits')['retry-after']).toBeUndefined()
    expect(said('in_flight_budget_exhausted')).toMatchObject({ 'x-should-retry': 'true', 'retry-after': '5' })
    expect(said('rate_limit_exceeded')['x-should-retry']).toBeUndefined()
  })

  test.each([
    [0.2, '1'],
    [59.1, '60'],
    [86_400, '60'],
    [-3, '1'],
  ])('asks for a wait of %s s as %s whole seconds, never above 60', (seconds, header) => {
    const { headers } = openAiError(refuse('rate_limit_exceeded', { retryAfterSeconds: seconds }), 'r')
    expect(headers['retry-after']).toBe(header)
  })
})

describe('an error in mid-stream', () => {
  // Cases: dialects 17
  test('is raised with our message by the official SDK, after the text that came before it', async () => {
    const frame = openAiErrorFrame(refuse('upstream_error', { message: 'The provider broke off.' }))
    const chunk = {
      id: '1',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { content: 'Hi' } }],
    }
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://sluice.test/v1',
      maxRetries: 0,
      fetch: async () =>
        new Response(`data: ${JSON.stringify(chunk)}\n\n${frame}`, {
          headers: { 'content-type': 'text/event-stream' },
        }),
    })
    const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
    const texts: unknown[] = []
    const failure: unknown = await (async () => {
      for await (const one of stream) texts.push(one.choices[0]?.delta.content)
    })().catch((error: unknown) => error)
    expect(texts).toEqual(['Hi'])
    expect(failure).toBeInstanceOf(APIError)
    expect(failure).toMatchObject({
      code: 'upstream_error',
      type: 'api_error',
      message: expect.stringContaining('broke off'),
    })
  })

  // Cases: dialects 17
  test('is the plain error object: no choices and no finish reason that a client could take for success', () => {
    const frame = openAiErrorFrame(refuse('upstream_timeout'))
    const body: unknown = JSON.parse(frame.replace(/^data: /, ''))
    expect(isObject(body) ? Object.keys(body) : body).toEqual(['error'])
    expect(frame.endsWith('}\n\n')).toBe(true)
  })
})
