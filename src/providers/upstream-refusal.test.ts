// What a client is told of an upstream's failure: our words and statuses, the upstream's only where they speak of the request.
import { describe, expect, test } from 'vitest'

import { errorKindOf } from '#core/errors.ts'
import { refusalOfUpstream, upstreamErrorMessage } from './upstream-refusal.ts'

const bodyOf = (message: string, more: object = {}) => JSON.stringify({ error: { message, ...more } })

test.each([
  [400, 'invalid_request', 400],
  [404, 'invalid_request', 400],
  [422, 'invalid_request', 400],
  [413, 'body_too_large', 413],
  [429, 'upstream_overloaded', 503],
  [503, 'upstream_overloaded', 503],
  [529, 'upstream_overloaded', 503],
  [408, 'upstream_timeout', 504],
  [504, 'upstream_timeout', 504],
  [301, 'upstream_error', 502],
  [401, 'upstream_error', 502],
  [402, 'upstream_error', 502],
  [403, 'upstream_error', 502],
  [500, 'upstream_error', 502],
  [502, 'upstream_error', 502],
  [599, 'upstream_error', 502],
])("an upstream's %d is our %s with status %d", (status, code, ours) => {
  const refusal = refusalOfUpstream(status, bodyOf('Anything.'), null)
  expect([refusal.code, errorKindOf(refusal.code).status]).toEqual([code, ours])
})

test('an upstream that is out of its own money or has a wrong key never looks like the customer being so', () => {
  for (const status of [401, 402, 403, 429]) {
    const ours = errorKindOf(refusalOfUpstream(status, bodyOf('You exceeded your quota.'), null).code).status
    expect([401, 402, 403, 429]).not.toContain(ours)
  }
})

describe('the wait that an overloaded upstream asks for', () => {
  test.each([
    ['7', 7],
    ['1.2', 2],
    ['60', 60],
    ['86400', 60],
    ['0', 1],
    ['-5', 1],
    ['', 1],
    [null, 1],
    ['soon', 1],
    ['Infinity', 1],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 1],
  ])('%j is %d s, a minute at most', (retryAfter, seconds) => {
    const refusal = refusalOfUpstream(429, '', retryAfter)
    expect(refusal.retryAfterSeconds).toBe(seconds)
    expect(refusal.message).toContain(`Try again in ${seconds} s.`)
  })
})

describe("an upstream's words about the request", () => {
  test.each([
    ["Invalid type for 'messages[0].content': expected a string, but got a number instead."],
    [
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens.",
    ],
    ["Unsupported value: 'temperature' does not support 0.5 with this model."],
    ["Missing required parameter: 'tools[0].function.name'."],
    ['The model `Qwen3-235B-A22B-Instruct-2507-FP8` does not take images.'],
    ['No tool output found for function call call_12345678901234567890abcd.'],
    ['The key response_format must be an object.'],
  ])('pass as they are: %s', (message) => {
    expect(refusalOfUpstream(400, bodyOf(message), null).message).toBe(message)
  })

  test('pass with the field that they name', () => {
    expect(refusalOfUpstream(400, bodyOf('Too large.', { param: 'messages[0].content' }), null)).toEqual({
      ok: false,
      code: 'invalid_request',
      message: 'Too large.',
      param: 'messages[0].content',
    })
  })

  test('are read in the other common shapes as well', () => {
    expect(refusalOfUpstream(422, '{"message":"Top-level."}', null).message).toBe('Top-level.')
    expect(refusalOfUpstream(400, '{"error":"Just a text."}', null).message).toBe('Just a text.')
  })

  test('are a sentence and not a dump', () => {
    expect(refusalOfUpstream(400, bodyOf('x'.repeat(100_000)), null).message).toHaveLength(500)
  })
})

const canaries = [
  'sk-proj-CANARYcanary0123456789',
  'sk-CANARY***************9xyz',
  'org-CANARYcanary012345',
  'gsk_CANARYcanary0123456789',
  'Bearer CANARY.token',
  'CANARY0123456789canary0123456789',
  'AIzaCANARY0123',
  'https://CANARY.example/v1/files?key=abc',
  'canary.openai.azure.com',
  'CANARY-7.upstream.internal:8443/v1/chat',
  '10.11.12.13:8080',
]
const leak = /canary|upstream\.internal|10\.11\.12\.13/i

describe('secrets of the operator in an upstream error', () => {
  // Cases: billing-bugs 61
  test.each(canaries)('never reach the client: %s', (canary) => {
    const message = `Incorrect API key provided: ${canary}. See "${canary}" (${canary})`
    const bodies = [
      bodyOf(message, { param: canary, code: canary, type: canary }),
      bodyOf('Fine.', { param: `${canary} and more` }),
      JSON.stringify({ message }),
      JSON.stringify({ error: message }),
      JSON.stringify({ detail: message, trace: canary }),
      `<html>${message}</html>`,
      `${message}{`,
    ]
    for (let status = 300; status < 600; status += 1)
      for (const body of bodies) {
        const told = JSON.stringify(refusalOfUpstream(status, body, null))
        expect([status, body, leak.exec(told)?.[0]]).toEqual([status, body, undefined])
      }
    for (const body of bodies) expect(upstreamErrorMessage(body) ?? '').not.toMatch(leak)
  })

  // Cases: billing-bugs 61
  test('never come along in a body that is not an error', () => {
    for (const body of [
      '',
      'CANARY',
      '[1,"CANARY"]',
      'null',
      '{"choices":["CANARY"]}',
      '{"error":{"text":"CANARY"}}',
    ]) {
      expect(JSON.stringify(refusalOfUpstream(400, body, null))).not.toMatch(leak)
      expect(upstreamErrorMessage(body)).toBeUndefined()
    }
  })
})

test('an error inside a stream is told in its own cleaned words', () => {
  expect(upstreamErrorMessage(bodyOf('The server had an error.'))).toBe('The server had an error.')
  expect(upstreamErrorMessage(bodyOf('Ask https://status.example.'))).toBe('Ask [removed]')
  const failed = {
    type: 'response.failed',
    response: { error: { message: 'It broke at https://x.example.' } },
  }
  expect(upstreamErrorMessage(JSON.stringify(failed))).toBe('It broke at [removed]')
})
