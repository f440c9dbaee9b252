// The local model upstream against the vendor's own package, and its bad manners.

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startUpstream, type Upstream } from './upstream.ts'
import { type DirectiveChange, directiveText } from './upstream-directive.ts'

let upstream: Upstream
let client: OpenAI

beforeAll(async () => {
  upstream = await startUpstream()
  client = new OpenAI({ baseURL: upstream.url, apiKey: 'sk-local', maxRetries: 0 })
})

afterAll(() => upstream.stop())

beforeEach(() => upstream.reset())

const asking = (change: DirectiveChange) => [{ role: 'user' as const, content: directiveText(change) }]

async function streamed(change: DirectiveChange, extra: { includeUsage?: boolean; n?: number } = {}) {
  const options = extra.includeUsage === true ? { stream_options: { include_usage: true } } : {}
  const body = { model: 'some-model', messages: asking(change), n: extra.n ?? 1, ...options }
  const chunks = []
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
    chunks.push(chunk)
  return chunks
}

const textOf = (chunks: Awaited<ReturnType<typeof streamed>>) =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')

async function rawBody(change: DirectiveChange): Promise<Buffer> {
  const response = await fetch(`${upstream.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-local' },
    body: JSON.stringify({ model: 'some-model', stream: true, messages: asking(change) }),
  })
  return Buffer.from(await response.arrayBuffer())
}

describe('a friendly answer', () => {
  test('without a directive it is a sentence with honest usage', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const answer = await client.chat.completions.create({ model: 'some-model', messages })
    expect(answer.choices[0]?.message.content).toContain('Hello!')
    expect(answer.usage).toMatchObject({ completion_tokens: 37, prompt_tokens_details: { cached_tokens: 0 } })
  })

  test('usage comes in a last chunk of its own if it was asked for, and not at all if not', async () => {
    const asked = await streamed({ tokens: 3, inputTokens: 7, cachedTokens: 2 }, { includeUsage: true })
    expect(asked.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } })
    expect(asked.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    const unasked = await streamed({ tokens: 3 })
    expect(unasked.every((chunk) => !('usage' in chunk))).toBe(true)
  })

  test('n choices are streamed together and all are counted', async () => {
    const chunks = await streamed({ tokens: 4, inputTokens: 1 }, { n: 3, includeUsage: true })
    expect(new Set(chunks.flatMap((chunk) => chunk.choices.map(({ index }) => index)))).toEqual(
      new Set([0, 1, 2]),
    )
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(12)
    expect(upstream.requests[0]?.outputTokens).toBe(12)
  })

  test('a tool call arrives in pieces that make one JSON text', async () => {
    const chunks = await streamed({ toolCalls: true })
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
    expect(calls[0]).toMatchObject({ id: 'call_local_1', function: { name: 'get_weather' } })
    expect(calls.map((call) => call.function?.arguments).join('')).toBe('{"city":"Paris"}')
  })

  test("the request's own limit ends the answer with the reason length", async () => {
    const body = { model: 'some-model', messages: asking({ tokens: 10 }), max_completion_tokens: 4 }
    const answer = await client.chat.completions.create(body)
    expect(answer.choices[0]?.finish_reason).toBe('length')
    expect(answer.usage?.completion_tokens).toBe(4)
  })
})

describe('bad manners', () => {
  test.each([1, 2, 3, 7, 64])(
    'frames in pieces of %i bytes are the same bytes in the end',
    async (splitBytes) => {
      const whole = await rawBody({ text: 'ünï 中文 🙂 end' })
      const split = await rawBody({ text: 'ünï 中文 🙂 end', splitBytes })
      expect(split.toString().replaceAll(/local\d+/g, '')).toBe(whole.toString().replaceAll(/local\d+/g, ''))
    },
  )

  test.each([
    [{ lineEnd: 'crlf' as const }, '[DONE]\r\n\r\n'],
    [{ lineEnd: 'cr' as const }, '[DONE]\r\r'],
    [{ hasNoSpace: true }, 'data:[DONE]\n\n'],
    [{ hasNoFinalNewline: true }, 'data: [DONE]'],
  ])('frames end as asked: %j', async (change, end) => {
    expect((await rawBody({ tokens: 1, ...change })).toString().endsWith(end)).toBe(true)
  })

  test('a cut stream ends in the middle and is not the client’s doing', async () => {
    await expect(streamed({ tokens: 10, cutAfter: 4 })).rejects.toThrow()
    expect(upstream.requests[0]).toMatchObject({
      chunksWritten: 4,
      outputTokens: 3,
      isCut: true,
      isAborted: false,
    })
  })

  test('a stalled stream says nothing more until its client hangs up, and that is noticed', async () => {
    const controller = new AbortController()
    const body = {
      model: 'some-model',
      messages: asking({ tokens: 10, stallAfter: 3 }),
      stream: true as const,
    }
    const stream = await client.chat.completions.create(body, { signal: controller.signal })
    const texts: string[] = []
    const reading = (async () => {
      for await (const chunk of stream) {
        texts.push(chunk.choices[0]?.delta.content ?? '')
        if (texts.length === 3) controller.abort()
      }
    })()
    await reading.catch(() => undefined)
    expect(texts.join('')).toBe(' word0 word1')
    await vi.waitFor(() => expect(upstream.requests[0]?.isAborted).toBe(true))
  })

  test.each([
    ['none', []],
    ['zero', [0]],
    ['repeated', [3, 3]],
    ['every', [0, 1, 2, 3, 3, 3]],
    ['onFinish', [3]],
  ] as const)('usage %s is what the stream says', async (usage, outputs) => {
    const chunks = await streamed({ tokens: 3, usage }, { includeUsage: true })
    const said = chunks.flatMap((chunk) => (chunk.usage ? [chunk.usage.completion_tokens] : []))
    expect(said).toEqual(outputs)
  })

  test('wrong usage is negative, fractional and more than everything', async () => {
    const chunks = await streamed({ tokens: 3, usage: 'wrong', inputTokens: 5 }, { includeUsage: true })
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: -5, completion_tokens: 0.5 })
  })

  test('an error event after some chunks reaches the client as an error', async () => {
    await expect(streamed({ tokens: 10, errorAfter: 4 })).rejects.toThrow('had an error')
    expect(upstream.requests[0]?.outputTokens).toBe(3)
  })

  test('an error status has the body of the vendor and says when to try again', async () => {
    const refused = await client.chat.completions
      .create({ model: 'some-model', messages: asking({ status: 429, retryAfterSeconds: 7 }) })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
    expect((refused as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('7')
  })

  test('a connection that ends before the answer is a connection error', async () => {
    await expect(streamed({ dropsBeforeHeaders: true })).rejects.toThrow(OpenAI.APIConnectionError)
  })

  test('a directive that does not exist is refused, so that no test believes in it', async () => {
    const messages = [{ role: 'user' as const, content: '{"sluice_upstream": {"tokns": 3}}' }]
    await expect(client.chat.completions.create({ model: 'some-model', messages })).rejects.toThrow('tokns')
  })
})

test('what arrived can be read and forgotten from another process', async () => {
  await streamed({ tokens: 2 })
  const url = new URL('/__requests', upstream.url)
  expect(await (await fetch(url)).json()).toMatchObject([{ path: '/v1/chat/completions', isFinished: true }])
  await fetch(url, { method: 'DELETE' })
  expect(upstream.requests).toEqual([])
})

test('chunks come no faster than they were asked for', async () => {
  const startedAt = performance.now()
  const text = textOf(await streamed({ tokens: 5, firstMs: 50, gapMs: 20 }))
  expect(text).toBe(' word0 word1 word2 word3 word4')
  expect(performance.now() - startedAt).toBeGreaterThan(140)
})

describe('the other dialects', () => {
  const anthropic = () =>
    new Anthropic({ baseURL: upstream.url.replace(/\/v1$/, ''), apiKey: 'sk-local', maxRetries: 0 })
  const change = { text: 'Two words', thinking: 'Hm hm', inputTokens: 10, cachedTokens: 4 }
  const calls = { parallelToolCalls: true }

  test('messages are read by the vendor’s own package, streamed and whole alike', async () => {
    const body = { model: 'some-model', max_tokens: 50, messages: asking(change) }
    const whole = await anthropic().messages.create(body)
    const { content, usage } = await anthropic().messages.stream(body).finalMessage()
    expect(content).toMatchObject(whole.content)
    expect(content).toMatchObject([
      { type: 'thinking', thinking: 'Hm hm' },
      { type: 'text', text: 'Two words' },
    ])
    expect(usage).toMatchObject({ input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 4 })
    const called = await anthropic()
      .messages.stream({ ...body, messages: asking(calls) })
      .finalMessage()
    expect(called.stop_reason).toBe('tool_use')
    expect(called.content).toMatchObject([
      { name: 'get_weather', input: { city: 'Paris' } },
      { name: 'get_time' },
    ])
  })

  test('responses are read by the vendor’s own package, streamed and whole alike', async () => {
    const body = { model: 'some-model', input: directiveText(change) }
    const whole = await client.responses.create(body)
    const streamedOne = await client.responses.stream(body).finalResponse()
    const unnumbered = (output: unknown) => JSON.stringify(output).replaceAll(/local\d+/g, '')
    expect(unnumbered(streamedOne.output.map(({ id, type }) => [id, type]))).toBe(
      unnumbered(whole.output.map(({ id, type }) => [id, type])),
    )
    expect(streamedOne.output_text).toBe('Two words')
    expect(streamedOne.usage).toEqual(whole.usage)
    expect(whole.usage).toMatchObject({
      input_tokens: 10,
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 2 },
    })
    const called = await client.responses.stream({ ...body, input: directiveText(calls) }).finalResponse()
    expect(called.output).toMatchObject([
      { name: 'get_weather', arguments: '{"city":"Paris"}' },
      { name: 'get_time' },
    ])
  })

  test('a tool is called once: what follows its result is text', async () => {
    const messages = [
      ...asking({ toolCalls: true, tokens: 2 }),
      {
        role: 'assistant' as const,
        content: null,
        tool_calls: [
          { id: 'a', type: 'function' as const, function: { name: 'get_weather', arguments: '{}' } },
        ],
      },
      { role: 'tool' as const, tool_call_id: 'a', content: 'sunny' },
    ]
    const answer = await client.chat.completions.create({ model: 'some-model', messages })
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: ' word0 word1' } })
  })

  test('errors have the shape of their dialect', async () => {
    const body = { model: 'some-model', max_tokens: 50, messages: asking({ status: 529 }) }
    await expect(anthropic().messages.create(body)).rejects.toMatchObject({
      status: 529,
      type: 'overloaded_error',
    })
    const input = directiveText({ status: 429 })
    await expect(client.responses.create({ model: 'm', input })).rejects.toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
    })
  })
})
