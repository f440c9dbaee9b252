// Requests that are wrong in themselves: the dialect's own error with one clear sentence, nothing sent, held or charged.

import { gzipSync, deflateSync, brotliCompressSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { type Account, expectNothingCharged, presentOf } from '../world/charges.ts'
import { answerOf, ask, chatOf, chatPath, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const bodyBytesMax = 10 * 1024 * 1024
const pieceBytes = 64 * 1024

/** All of these requests are one account's: it must come out of them as it went in. */
let account: Account

beforeAll(async () => {
  const settings = { rpm: 1_000 }
  account = await sharedWorld().newAccount({ settings })
})

beforeEach(() => sharedWorld().resetUpstream())

async function expectNothingHappened(): Promise<void> {
  expect(await sharedWorld().upstreamRequests()).toEqual([])
  await expectNothingCharged(sharedWorld(), account)
}

afterAll(async () => {
  expect((await presentOf(sharedWorld(), account)).balanceNanoUsd).toBe(10_000_000_000)
})

/** The shape that OpenAI's SDK reads, with one sentence for a person. */
function expectError(answer: WireAnswer, status: number, code: string, param: string | null): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  expect(answer.body).toEqual({
    error: { message: expect.any(String), type: expect.stringMatching(/_error$/), param, code },
  })
  expect(answer.message).toMatch(/^["A-Z][^\n]{10,200}\.$/)
}

const send = (body: unknown, headers: { readonly [name: string]: string } = {}) =>
  ask(sharedWorld(), { apiKey: account.apiKey, body, headers })

const jsonOf = ({ apiKey }: Account) => ({
  authorization: `Bearer ${apiKey}`,
  'content-type': 'application/json',
})

const valid = JSON.stringify(chatOf({ tokens: 1 }))

describe('a body that cannot be read is refused', () => {
  test.each([
    ['nothing', ''],
    ['half of it', valid.slice(0, -10)],
    ['no JSON', 'model=gpt-5.4-mini&messages=hello'],
    ['a list', `[${valid}]`],
    ['a text', JSON.stringify(valid)],
    ['null', 'null'],
    ['a number out of nowhere', `${valid}1`],
    ['a thousand open brackets', '['.repeat(100_000)],
  ])('when it is %s', async (_what, body) => {
    expectError(await send(body), 400, 'invalid_request', null)
    await expectNothingHappened()
  })

  test('when it is not UTF-8', async () => {
    const bytes = Buffer.from(valid.replace('user', 'us\u00e9r'), 'latin1')
    expectError(await sendBytes(bytes), 400, 'invalid_request', null)
    await expectNothingHappened()
  })
})

describe('a field that is billed or routed on is refused by its name', () => {
  // Cases: billing-bugs 30
  test.each(['max_tokens', 'max_completion_tokens', 'n'])(
    '%s that is no whole number from 1 on',
    async (field) => {
      // JSON has no Infinity; 1e309 is what reads as it.
      for (const value of [
        '-1',
        '0',
        '1.5',
        '1e309',
        '"5"',
        '-1e309',
        '9007199254740993',
        'true',
        '[1]',
        '{}',
      ])
        expectError(
          await send(valid.replace('{', `{"${field}":${value},`).replace('"max_completion_tokens":200,', '')),
          400,
          'invalid_request',
          field,
        )
      await expectNothingHappened()
    },
  )

  // Cases: billing-bugs 30
  test('null where a number may be left out is the same as leaving it out', async () => {
    const answer = await ask(sharedWorld(), {
      apiKey: (await sharedWorld().newAccount()).apiKey,
      body: chatOf({ tokens: 1 }, { max_tokens: null, n: null, stream: null }),
    })
    expect(answer.status).toBe(200)
  })

  test.each([
    ['model', 5],
    ['model', ''],
    ['model', null],
    ['model', ['gpt-5.4-mini']],
    ['messages', 'hello'],
    ['messages', []],
    ['messages', ['hello']],
    ['messages', null],
    ['stream', 'true'],
    ['stream', 1],
    ['stream_options', 'include_usage'],
    ['stream_options.include_usage', 1],
    ['tools', {}],
    ['tools', [{ type: 'web_search' }]],
    ['service_tier', 'scale'],
    ['modalities', ['text', 'audio']],
    ['web_search_options', {}],
  ])('%s: %j', async (param, value) => {
    const [field = '', inner] = param.split('.')
    const body = {
      ...chatOf({ tokens: 1 }),
      stream: true,
      [field]: inner === undefined ? value : { [inner]: value },
    }
    expectError(await send(body), 400, 'invalid_request', param)
    await expectNothingHappened()
  })

  // Cases: billing-bugs 16
  test('a part of a message that has no price', async () => {
    const parts = [
      { type: 'text', text: 'hear' },
      { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
    ]
    const body = chatOf({}, { messages: [{ role: 'user', content: parts }] })
    expectError(await send(body), 400, 'invalid_request', 'messages[0].content')
    await expectNothingHappened()
  })

  // Cases: billing-bugs 16, 20
  test.each([
    'gpt-nil',
    'GPT-5.4-MINI',
    'openai/gpt-5.4-mini',
    '../gpt-5.4-mini',
    '__proto__',
    'x'.repeat(256),
  ])('a model that is not listed: %s', async (model) => {
    expectError(await send(chatOf({}, { model })), 404, 'model_not_found', 'model')
    await expectNothingHappened()
  })
})

describe('a body that is too large or packed is refused', () => {
  const large = valid.replace('"messages"', `"padding":"${'x'.repeat(bodyBytesMax)}","messages"`)

  // Cases: billing-bugs 63
  test('with a length that says so', async () => {
    expectError(await send(large), 413, 'body_too_large', null)
    await expectNothingHappened()
  })

  // Cases: billing-bugs 63
  test('without a length, as soon as it passes the limit', async () => {
    let sentBytes = 0
    const large = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        // One piece too many, and then a body that never ends: only an answer that does not wait for its end can come. A
        // client that goes on writing into an answered connection may see it break instead of the answer.
        if (sentBytes > bodyBytesMax) await new Promise(() => undefined)
        sentBytes += pieceBytes
        controller.enqueue(new Uint8Array(pieceBytes).fill(0x20))
      },
    })
    // Node asks for `duplex`, which the types of its fetch do not know.
    const request = { method: 'POST', headers: jsonOf(account), body: large, duplex: 'half' }
    const response = await fetch(`${sharedWorld().baseUrl}${chatPath}`, request)
    const answer = answerOf(response.status, response.headers, await response.text())
    expectError(answer, 413, 'body_too_large', null)
    expect(sentBytes).toBe(bodyBytesMax + pieceBytes)
    await expectNothingHappened()
  })

  // Cases: billing-bugs 64
  test.each([
    ['gzip', gzipSync(valid)],
    ['GZIP', gzipSync(valid)],
    ['deflate', deflateSync(valid)],
    ['br', brotliCompressSync(valid)],
    ['zstd', zstdCompressSync(valid)],
    ['gzip, identity', gzipSync(valid)],
    ['gzip', Buffer.from(valid)],
  ])('in the encoding %s', async (encoding, bytes) => {
    expectError(await sendBytes(bytes, { 'content-encoding': encoding }), 415, 'unsupported_encoding', null)
    await expectNothingHappened()
  })
})

async function sendBytes(bytes: Buffer, headers: { readonly [name: string]: string } = {}) {
  const response = await fetch(`${sharedWorld().baseUrl}${chatPath}`, {
    method: 'POST',
    headers: { ...jsonOf(account), ...headers },
    body: new Uint8Array(bytes),
  })
  return answerOf(response.status, response.headers, await response.text())
}

describe('an address or a method that is not there is refused', () => {
  test.each([
    ['POST', '/v1/chat/completion', 404, 'not_found'],
    ['GET', '/v1/nothing', 404, 'not_found'],
    ['GET', '/nothing', 404, 'not_found'],
    ['GET', '/v1/models/gpt-nil', 404, 'model_not_found'],
    ['DELETE', '/v1/models/gpt-5.4-mini', 405, 'method_not_allowed'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
  ])('%s %s', async (method, path, status, code) => {
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, method, path })
    expect(answer.status).toBe(status)
    expect(valueAt(answer.body, 'error', 'code')).toBe(code)
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  })
})
