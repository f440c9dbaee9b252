// The released `openai` package against the running product, changed in nothing but its base URL and key.

import { APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import { models } from '#catalog/models.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall, nanoOfNumber, priceOf, settledCharges } from '../world/charges.ts'
import { upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { allOf, chat, type Client, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const stated = { inputTokens: 100, cachedTokens: 40, tokens: 7 }
const statedPrice = priceOf({ input: 100, cached: 40, output: 7 })

async function upstreamBodyOf({ account }: Client): Promise<unknown> {
  const requests = await upstreamRequestsOf(sharedWorld(), account.accountId)
  expect(requests).toHaveLength(1)
  return requests[0]?.body
}

describe('a stream', () => {
  // Requirements: 34, 39
  // Cases: dialects 21, 22, 24, 35
  test('with include_usage ends with one chunk of usage and cost that has no choices', async () => {
    const client = await newClient()
    const stream = await client.chat.completions.create({
      ...chat(client, stated),
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await allOf(stream)
    const withUsage = chunks.filter(({ usage }) => usage !== null && usage !== undefined)
    expect(withUsage).toEqual([chunks.at(-1)])
    expect(withUsage).toMatchObject([
      { choices: [], usage: { prompt_tokens: 100, completion_tokens: 7, total_tokens: 107 } },
    ])
    expect(nanoOfNumber(valueAt(chunks.at(-1), 'usage', 'cost'))).toBe(statedPrice)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(wordsOf(7))
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason ?? '').join('')).toBe('stop')
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd: statedPrice }])
  })

  // Cases: dialects 21, 22
  test.each([
    ['absent', {}],
    ['off', { stream_options: { include_usage: false } }],
  ])(
    'with include_usage %s has a choice in every chunk and no usage, and costs the same',
    async (_, more) => {
      const client = await newClient()
      const stream = await client.chat.completions.create({ ...chat(client, stated), stream: true, ...more })
      let content = ''
      for await (const chunk of stream) {
        // As most programs read it: without a look at whether there is a choice.
        expect(chunk.choices).toHaveLength(1)
        expect(chunk.usage ?? null).toBeNull()
        content += chunk.choices[0]?.delta.content ?? ''
      }
      expect(content).toBe(wordsOf(7))
      expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([
        { costNanoUsd: statedPrice },
      ])
      expect(valueAt(await upstreamBodyOf(client), 'stream_options')).toEqual({ include_usage: true })
    },
  )

  // Cases: dialects 35
  test('is read by the .stream() helper, whose final usage carries the cost', async () => {
    const client = await newClient()
    const runner = client.chat.completions.stream({
      ...chat(client, stated),
      stream_options: { include_usage: true },
    })
    const completion = await runner.finalChatCompletion()
    expect(completion.choices[0]?.message.content).toBe(wordsOf(7))
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(await runner.totalUsage()).toMatchObject({ prompt_tokens: 100, completion_tokens: 7 })
    expect(nanoOfNumber(valueAt(completion, 'usage', 'cost'))).toBe(statedPrice)
  })

  test('with n: 2 delivers both answers, and both are charged', async () => {
    const client = await newClient()
    const stream = await client.chat.completions.create({
      ...chat(client, { inputTokens: 100, tokens: 4 }),
      n: 2,
      stream: true,
    })
    const contents = ['', '']
    for await (const { choices } of stream)
      for (const { index, delta } of choices) contents[index] += delta.content ?? ''
    expect(contents).toEqual([wordsOf(4), wordsOf(4)])
    const price = priceOf({ input: 100, output: 8 })
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd: price }])
  })

  // Requirements: 18, 19
  // Cases: billing-bugs 1; dialects 19
  test('that the program aborts runs to its end and is charged in full, once', async () => {
    const client = await newClient()
    const { data: stream, response } = await client.chat.completions
      .create({ ...chat(client, { inputTokens: 100, tokens: 20, gapMs: 5 }), stream: true })
      .withResponse()
    let read = 0
    for await (const _chunk of stream) {
      read += 1
      if (read === 5) stream.controller.abort()
    }
    expect(read).toBeLessThan(20)
    const callId = response.headers.get('x-generation-id') ?? ''
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), client.account, callId)
    expect(costNanoUsd).toBe(priceOf({ input: 100, output: 20 }))
    expect(await settledCharges(sharedWorld(), client.account)).toEqual([{ callId, costNanoUsd }])
  })

  // Cases: dialects 13, 17
  test('that the provider breaks off raises its error, and never ends quietly', async () => {
    const client = await newClient()
    const stream = await client.chat.completions.create({
      ...chat(client, { tokens: 9, cutAfter: 4 }),
      stream: true,
    })
    const error = await allOf(stream).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'upstream_error', type: 'api_error' })
  })
})

const tools = [
  {
    type: 'function' as const,
    function: { name: 'get_weather', parameters: { type: 'object', properties: { city: {} } } },
  },
]

describe('tool calls', () => {
  const calls = { toolCalls: true, inputTokens: 100 }
  const called = { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }

  test('arrive whole', async () => {
    const client = await newClient()
    const completion = await client.chat.completions.create({ ...chat(client, calls), tools })
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [called] },
    })
  })

  test('arrive streamed, put together by the helper', async () => {
    const client = await newClient()
    const runner = client.chat.completions.stream({ ...chat(client, calls), tools })
    const completion = await runner.finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [called] },
    })
    const price = priceOf({ input: 100, output: 5 })
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd: price }])
  })
})

describe('a whole answer', () => {
  // Requirements: 43, 44
  // Cases: dialects 35
  test('carries its cost on top, in its usage and in a header: three times the same amount', async () => {
    const client = await newClient()
    const { data, response } = await client.chat.completions.create(chat(client, stated)).withResponse()
    expect(data.choices[0]?.message.content).toBe(wordsOf(7))
    expect(typeof valueAt(data, 'cost')).toBe('number')
    expect(nanoOfNumber(valueAt(data, 'cost'))).toBe(statedPrice)
    expect(valueAt(data, 'usage', 'cost')).toBe(valueAt(data, 'cost'))
    expect(Number(response.headers.get('x-cost'))).toBe(valueAt(data, 'cost'))
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd: statedPrice }])
  })

  test("has its request id where the SDK looks for it, and in Anthropic's header too", async () => {
    const client = await newClient()
    const { data, response } = await client.chat.completions.create(chat(client, stated)).withResponse()
    expect(valueAt(data, '_request_id')).toMatch(/^req_/)
    expect(response.headers.get('request-id')).toBe(valueAt(data, '_request_id'))
  })

  test('with n: 2 holds both choices', async () => {
    const client = await newClient()
    const request = { ...chat(client, { inputTokens: 100, tokens: 4 }), n: 2 }
    const completion = await client.chat.completions.create(request)
    expect(completion.choices.map(({ message }) => message.content)).toEqual([wordsOf(4), wordsOf(4)])
    expect(nanoOfNumber(valueAt(completion, 'cost'))).toBe(priceOf({ input: 100, output: 8 }))
  })
})

describe('parameters', () => {
  // Cases: dialects 57
  test('that nobody here knows reach the provider untouched', async () => {
    const client = await newClient()
    const given = {
      temperature: 0.25,
      seed: 7,
      logit_bias: { '50256': -100 },
      response_format: { type: 'json_object' as const },
      prompt_cache_key: 'a key',
      metadata: { team: 'blue' },
      a_parameter_of_next_year: { deep: [1, null, 'x', { y: 1.5 }] },
    }
    await client.chat.completions.create({ ...chat(client, stated), ...given })
    const seen = await upstreamBodyOf(client)
    expect(seen).toEqual({ ...chat(client, stated), ...given })
  })
})

describe('the catalog', () => {
  // Requirements: 33
  test('is listed by models.list() and read by models.retrieve()', async () => {
    const client = await newClient()
    const ids = (await allOf(client.models.list())).map(({ id }) => id)
    const available = models.filter(({ status }) => status === 'available')
    expect(ids).toEqual(available.map(({ id }) => id))
    expect(await client.models.retrieve(chatModel)).toMatchObject({ id: chatModel, object: 'model' })
  })
})
