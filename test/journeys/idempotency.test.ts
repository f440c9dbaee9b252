// Idempotency-Key: whatever is sent again, at once or later, one call is executed and charged.

import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { chatOnce, valueAt } from '../world/chat.ts'
import { settledCharges } from '../world/charges.ts'
import { ask, chatOf, contentOf, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { openLimits, range } from '../world/storm.ts'

const headers = { 'idempotency-key': 'order-66' }

async function newCaller(upstream: DirectiveChange = {}) {
  const account = await sharedWorld().newAccount({ settings: openLimits })
  const body = chatOf({ tokens: 5, inputTokens: 100, ...upstream }, { user: account.accountId })
  return { account, body, apiKey: account.apiKey }
}

// Cases: billing-bugs 22
test('fifty simultaneous requests with one Idempotency-Key are one call and one charge', async () => {
  const { account, body, apiKey } = await newCaller({ gapMs: 20, firstMs: 300 })
  const answers = await Promise.all(range(50, () => ask(sharedWorld(), { apiKey, body, headers })))
  const served = answers.filter(({ status }) => status === 200)
  const [first] = served.filter((answer) => answer.headers.get('idempotent-replayed') === null)
  expect(served.length).toBeGreaterThanOrEqual(1)
  for (const answer of served) {
    expect(answer.text).toBe(first?.text)
    expect(answer.callId).toBe(first?.callId)
  }
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(answer).toMatchObject({ status: 409, errorCode: 'idempotency_in_progress' })
    expect(valueAt(answer.body, 'error', 'metadata', 'generation_id')).toBe(first?.callId)
    expect(answer.headers.get('x-should-retry')).toBe('true')
  }
  expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(1)
})

describe('a request that is sent again later', () => {
  // Cases: billing-bugs 22
  test.each(['in one piece', 'streamed'])(
    'gets the same answer, byte for byte, and is charged once: %s',
    async (kind) => {
      const { account, body: whole, apiKey } = await newCaller()
      const body =
        kind === 'streamed' ? { ...whole, stream: true, stream_options: { include_usage: true } } : whole
      const first = await ask(sharedWorld(), { apiKey, body, headers })
      await settledCharges(sharedWorld(), account)
      const again = await ask(sharedWorld(), { apiKey, body, headers })
      expect(again).toMatchObject({ status: 200, text: first.text, callId: first.callId })
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
      expect(again.headers.get('idempotent-replayed')).toBe('true')
      expect(first.headers.get('idempotent-replayed')).toBeNull()
      expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
      const [charge] = await settledCharges(sharedWorld(), account)
      expect(Math.round(Number(again.headers.get('x-cost')) * 1e9)).toBe(charge?.costNanoUsd)
      expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
      expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(1)
    },
  )

  // Cases: billing-bugs 22
  test('is read by the official SDK as the first one was', async () => {
    const { body, apiKey } = await newCaller()
    const client = new OpenAI({ baseURL: `${sharedWorld().baseUrl}/v1`, apiKey, maxRetries: 0 })
    const texts: string[] = []
    for (let attempt = 0; attempt < 2; attempt += 1) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The body of a test, as the SDK's own type.
      const asked = { ...body, stream: true } as unknown as OpenAI.ChatCompletionCreateParamsStreaming
      const stream = await client.chat.completions.create(asked, { headers })
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      texts.push(text)
    }
    expect(texts[0]).not.toBe('')
    expect(texts[1]).toBe(texts[0])
  })

  // Cases: billing-bugs 22
  test('by a client that had left gets the whole answer that it has paid for', async () => {
    const { account, body, apiKey } = await newCaller({ gapMs: 30, tokens: 10 })
    const leaving = new AbortController()
    const asked = { ...body, stream: true }
    const response = await fetch(`${sharedWorld().baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(asked),
      signal: leaving.signal,
    })
    await response.body?.getReader().read()
    leaving.abort()
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
    const again = await ask(sharedWorld(), { apiKey, body: asked, headers })
    expect(contentOf(again.events)).toBe(wordsOf(10))
    expect(again.events.at(-1)).toBe('[DONE]')
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })

  // Cases: billing-bugs 22
  test('gets the receipt where the answer was too long to be kept, with its cost and where to look it up', async () => {
    const { account, body, apiKey } = await newCaller({ wordBytes: 4_000, tokens: 5 })
    const long = { ...body, stream: true }
    const first = await ask(sharedWorld(), { apiKey, body: long, headers })
    const [charge] = await settledCharges(sharedWorld(), account)
    const again = await ask(sharedWorld(), { apiKey, body: long, headers })
    expect(again).toMatchObject({ status: 409, errorCode: 'idempotency_completed' })
    expect(again.headers.get('x-should-retry')).toBe('false')
    const { generation_id: id, cost } = Object(valueAt(again.body, 'error', 'metadata'))
    expect(id).toBe(first.callId)
    expect(Math.round(Number(cost) * 1e9)).toBe(charge?.costNanoUsd)
    const { body: explained } = await ask(sharedWorld(), {
      apiKey,
      path: `/v1/generation?id=${first.callId}`,
    })
    expect(valueAt(explained, 'data', 'total_cost')).toBe(Number(cost))
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })

  // Cases: billing-bugs 22, 62
  test('under another API key of the account, or of another account, is a call of its own', async () => {
    const { account, body, apiKey } = await newCaller()
    const first = await ask(sharedWorld(), { apiKey, body, headers })
    const issued = await sharedWorld().operator('POST', `/accounts/${account.accountId}/keys`, {
      name: 'two',
    })
    const stranger = await newCaller()
    for (const other of [String(issued['key']), stranger.apiKey]) {
      const answer = await ask(sharedWorld(), { apiKey: other, body, headers })
      expect(answer.headers.get('idempotent-replayed')).toBeNull()
      expect(answer.callId).not.toBe(first.callId)
    }
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(2)
  })

  test('with another body is refused, and without the key it is a call of its own', async () => {
    const { account, body, apiKey } = await newCaller()
    await ask(sharedWorld(), { apiKey, body, headers })
    const other = await ask(sharedWorld(), { apiKey, body: { ...body, temperature: 0.5 }, headers })
    expect(other).toMatchObject({ status: 422, errorCode: 'idempotency_key_reused' })
    expect((await chatOnce(sharedWorld().baseUrl, apiKey)).status).toBe(200)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(2)
  })

  test('after a failure that cost nothing is executed', async () => {
    const { account, apiKey } = await newCaller()
    const body = chatOf({ status: 500 }, { user: account.accountId })
    expect((await ask(sharedWorld(), { apiKey, body, headers })).status).toBe(502)
    expect((await ask(sharedWorld(), { apiKey, body, headers })).status).toBe(502)
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(2)
    expect(await settledCharges(sharedWorld(), account)).toEqual([])
  })
})

test.each(['', 'x'.repeat(256)])('an Idempotency-Key of %j is refused with one sentence', async (key) => {
  const { account, body, apiKey } = await newCaller()
  const answer = await ask(sharedWorld(), { apiKey, body, headers: { 'idempotency-key': key } })
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  expect(answer.message).toBe('The Idempotency-Key must have 1 to 255 characters.')
  expect(await settledCharges(sharedWorld(), account)).toEqual([])
})
