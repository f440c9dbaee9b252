// What a chat stream has used, and what of it the client gets. The frames are held to OpenAI's types and read by its SDK.

import fc from 'fast-check'
import OpenAI from 'openai'
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import { describe, expect, test } from 'vitest'
import type { PricedUsage } from '#calls/charge.ts'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { inputTokensOf, noUsage, outputTokensOf } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import type { Seen } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'
import { ChatMeter } from './openai-chat-meter.ts'
import { withCost } from './openai-cost.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const usage: CompletionUsage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
const inputPrice = picoUsd(1_000_000)
const outputPrice = picoUsd(2_000_000)

/** $1 and $2 per million tokens: 1,000 and 2,000 nano-dollars each. */
function costOf({ usage: used }: MeteredUsage): PricedUsage {
  const [units, outputUnits] = [inputTokensOf(used), outputTokensOf(used)]
  return {
    costNanoUsd: nanoUsd(units * 1_000 + outputUnits * 2_000),
    lines: [
      { unit: 'input', units, pricePicoUsd: inputPrice },
      { unit: 'output', units: outputUnits, pricePicoUsd: outputPrice },
    ],
  }
}

type Delta = ChatCompletionChunk.Choice.Delta

function chunk(
  choices: ChatCompletionChunk.Choice[],
  more: Partial<ChatCompletionChunk> = {},
): ChatCompletionChunk {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up-1', choices, ...more }
}
const delta = (value: Delta, more: Partial<ChatCompletionChunk> = {}) =>
  chunk([{ index: 0, delta: value, finish_reason: null }], more)
const text = (content: string, more: Partial<ChatCompletionChunk> = {}) => delta({ content }, more)
const finish = (more: Partial<ChatCompletionChunk> = {}) =>
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], more)
const usageOnly = (value: CompletionUsage = usage) => chunk([], { usage: value })

const data = (value: unknown) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
const stream = (...values: unknown[]) => values.map(data).join('')
const hello = [text('Hel'), text('lo 世界')]
const helloBytes = 'Hello 世界'.length + 4

type Run = { meter: ChatMeter; seen: Seen[]; client: string; usage: MeteredUsage }

function run(
  bytes: string | Uint8Array,
  options: Partial<SameDialectOptions> = {},
  pieceLength?: number,
): Run {
  const meter = new ChatMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: 100,
    includeUsage: false,
    costOf,
    modelName: undefined,
    ...options,
  })
  const input = typeof bytes === 'string' ? encoder.encode(bytes) : bytes
  const reader = new FrameReader()
  const step = pieceLength ?? (input.length || 1)
  const seen: Seen[] = []
  for (let at = 0; at < input.length; at += step)
    for (const frame of reader.push(input.slice(at, at + step))) seen.push(meter.see(frame))
  for (const frame of reader.end()) seen.push(meter.see(frame))
  const closing = seen.some(({ isDone }) => isDone) ? decoder.decode(meter.closingBytes()) : ''
  const client = seen.map((one) => decoder.decode(one.bytes)).join('') + closing
  return { meter, seen, client, usage: meter.usage() }
}

/** The JSON chunks that a client reads. */
function chunksOf(client: string): JsonObject[] {
  return new FrameReader()
    .push(encoder.encode(client))
    .flatMap((frame) => (frame.data === undefined || frame.data === '[DONE]' ? [] : [JSON.parse(frame.data)]))
}

const asked = { includeUsage: true }
const stated = { ...noUsage, input: 10, output: 4 }

describe('the usage of a stream', () => {
  // Cases: billing-bugs 7; dialects 25, 31
  test.each([
    ['in a chunk of its own', [...hello, finish(), usageOnly(), '[DONE]']],
    ['on the finish chunk', [...hello, finish({ usage }), '[DONE]']],
    ['on the finish chunk and in one of its own', [...hello, finish({ usage }), usageOnly(), '[DONE]']],
    ['repeated', [...hello, finish(), usageOnly(), usageOnly(), usageOnly(), '[DONE]']],
    [
      'in mid-stream and at the end',
      [
        text('Hel', { usage: { ...usage, completion_tokens: 1 } }),
        text('lo'),
        finish(),
        usageOnly(),
        '[DONE]',
      ],
    ],
    [
      'in every chunk',
      [1, 2, 3, 4]
        .map((n) => text('x', { usage: { ...usage, completion_tokens: n } }))
        .concat(finish({ usage })),
    ],
    ['without a terminator', [...hello, finish(), usageOnly()]],
  ])('is counted once when it comes %s', (_name, values) => {
    for (const includeUsage of [true, false])
      expect(run(stream(...values), { includeUsage }).usage).toEqual({ usage: stated, source: 'final' })
  })

  // Cases: billing-bugs 12, 13; dialects 16
  test('is the same wherever the stream is cut and whatever its line ends are, and so are the client’s bytes', () => {
    const lines = stream(...hello, finish({ usage }), usageOnly(), '[DONE]')
    for (const bytes of [
      lines,
      lines.replaceAll('\n', '\r\n'),
      lines.replaceAll('\n', '\r'),
      lines.replaceAll('data: ', 'data:'),
    ]) {
      const whole = run(bytes, asked)
      expect(whole.usage).toEqual({ usage: stated, source: 'final' })
      for (let length = 1; length < bytes.length; length += 1)
        expect(run(bytes, asked, length)).toMatchObject({ client: whole.client, usage: whole.usage })
    }
  })

  // Cases: billing-bugs 6
  test('is zero where the provider says zero, and our count, marked as such, where it says nothing', () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    expect(run(stream(...hello, finish(), usageOnly(zero), '[DONE]')).usage).toEqual({
      usage: noUsage,
      source: 'zero',
    })
    expect(run(stream(...hello, finish(), '[DONE]')).usage.source).toBe('counted')
  })

  // Cases: billing-bugs 8, 10
  test('without a statement is the expected input and what was delivered, cut or complete', () => {
    const output = Math.ceil(helloBytes / 4)
    for (const values of [hello, [...hello, finish()], [...hello, finish(), '[DONE]']]) {
      const { usage: used, meter } = run(stream(...values))
      expect(used).toEqual({
        usage: { ...noUsage, input: 100, output },
        source: 'counted',
        ownOutput: output,
      })
      expect(meter.deliveredBytes).toBe(helloBytes)
    }
  })

  test('of a stream that is cut is the last running statement', () => {
    const running = text('Hello', { usage: { ...usage, completion_tokens: 2 } })
    expect(run(stream(running)).usage).toEqual({ usage: { ...stated, output: 2 }, source: 'cumulative' })
  })

  // Cases: billing-bugs 9
  test('leaves out the text of errors, in every shape that upstreams give them', () => {
    const errors = [
      data({ error: { message: 'x'.repeat(5_000), type: 'server_error' } }),
      data({ error: 'x'.repeat(5_000) }),
      `event: error\n${data({ message: 'x'.repeat(5_000) })}`,
      data({
        ...chunk([{ index: 0, delta: { content: 'x'.repeat(5_000) }, finish_reason: null }]),
        error: { message: 'm' },
      }),
      data(`upstream says ${'x'.repeat(5_000)}`),
    ]
    for (const error of errors) {
      const { usage: used, seen, client } = run(stream(...hello) + error)
      expect(seen.at(-1)).toMatchObject({ action: 'drop', isError: true, hasContent: false })
      expect(used.usage.output).toBe(Math.ceil(helloBytes / 4))
      expect(client).not.toContain('xxxx')
    }
  })

  test('that cannot be true is ignored, and the next best figures are used', () => {
    for (const wrong of [-1, 1.5, '4', null]) {
      const lie = { ...usage, completion_tokens: wrong }
      const values = [
        text('Hello', { usage: { ...usage, completion_tokens: 2 } }),
        finish(),
        { ...usageOnly(), usage: lie },
      ]
      expect(run(stream(...values, '[DONE]')).usage).toEqual({
        usage: { ...stated, output: 2 },
        source: 'final',
      })
      const seen = run(stream(...hello, { ...usageOnly(), usage: lie }, '[DONE]'))
      expect(seen.usage.source).toBe('counted')
      expect(seen.seen.some((one) => one.isUsage)).toBe(false)
    }
  })

  // Cases: billing-bugs 24
  test('of an empty answer is what the provider says', () => {
    expect(run(stream(finish(), usageOnly({ ...usage, completion_tokens: 0 }), '[DONE]')).usage).toEqual({
      usage: { ...noUsage, input: 10 },
      source: 'final',
    })
    expect(run(stream(finish(), '[DONE]')).usage).toEqual({ usage: noUsage, source: 'none' })
  })

  test.each<[string, object, string]>([
    [
      'reasoning in details alone',
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'thi' },
          { type: 'reasoning.summary', summary: 'nk' },
        ],
      },
      'think',
    ],
    [
      'reasoning in details too',
      { reasoning: 'think', reasoning_details: [{ type: 'reasoning.text', text: 'think' }] },
      'think',
    ],
    ['reasoning under two names', { reasoning_content: 'think', reasoning: 'think' }, 'think'],
    ['reasoning under the newer name', { reasoning: 'think' }, 'think'],
    ['a refusal', { refusal: 'I cannot' }, 'I cannot'],
    [
      'a tool call',
      { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a":1}' } }] },
      'f{"a":1}',
    ],
    ['an old function call', { function_call: { name: 'f', arguments: '{}' } }, 'f{}'],
    [
      'a list of parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'so' },
        ],
      },
      'hmso',
    ],
    ['a transcript', { audio: { transcript: 'said' } }, 'said'],
  ])('counts %s as delivered, once', (_name, value, expected) => {
    const { meter, seen } = run(stream(delta(value)))
    expect(meter.deliveredBytes).toBe(expected.length)
    expect(seen[0]?.hasContent).toBe(true)
  })

  // Cases: billing-bugs 5
  test('prices a streamed and a whole answer alike', () => {
    const figures = fc.record({
      prompt: fc.nat(10_000),
      completion: fc.nat(10_000),
      cached: fc.nat(10_000),
      reasoning: fc.nat(10_000),
    })
    fc.assert(
      fc.property(figures, ({ prompt, completion, cached, reasoning }) => {
        const said: CompletionUsage = {
          prompt_tokens: prompt,
          completion_tokens: completion,
          total_tokens: prompt + completion,
          prompt_tokens_details: { cached_tokens: cached },
          completion_tokens_details: { reasoning_tokens: Math.min(reasoning, completion) },
        }
        const streamed = run(stream(...hello, finish(), usageOnly(said), '[DONE]')).usage
        const whole = run('').meter
        whole.seeBody({ ...wholeAnswer, usage: said })
        expect(whole.usage()).toEqual(streamed)
      }),
    )
  })
})

const wholeAnswer: ChatCompletion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'up-1',
  choices: [
    {
      index: 0,
      finish_reason: 'stop',
      logprobs: null,
      message: { role: 'assistant', content: 'Hello 世界', refusal: null },
    },
  ],
}

describe('a client that did not ask for usage', () => {
  const upstream = stream(...hello, finish(), usageOnly(), '[DONE]')

  // Cases: dialects 21, 22
  test('gets no usage chunk and every other frame as the bytes that came', () => {
    const { client, seen } = run(upstream)
    expect(client).toBe(stream(...hello, finish(), '[DONE]'))
    expect(seen.map((one) => one.action)).toEqual(['pass', 'pass', 'pass', 'drop', 'drop'])
  })

  // Cases: dialects 25
  test('gets the finish chunk without the usage on it', () => {
    const { client } = run(stream(...hello, finish({ usage }), '[DONE]'))
    expect(chunksOf(client)).toEqual([...hello, finish()])
    expect(client.endsWith(data('[DONE]'))).toBe(true)
  })

  test('gets chunks whose usage is null as they came', () => {
    const frames = stream(text('Hi', { usage: null }), '[DONE]')
    expect(run(frames).client).toBe(frames)
  })
})

describe('a client that asked for usage', () => {
  // Cases: dialects 22, 24, 25; billing-bugs 7
  test('gets one usage chunk at the end, without choices and with the cost, however often it came', () => {
    const cost = { cost: 0.000018, cost_details: { usage_source: 'final', lines: expect.any(Array) } }
    for (const values of [
      [...hello, finish(), usageOnly()],
      [...hello, finish({ usage })],
      [...hello, finish({ usage }), usageOnly(), usageOnly()],
    ]) {
      const { client } = run(stream(...values, '[DONE]'), asked)
      const chunks = chunksOf(client)
      expect(chunks.filter((one) => isObject(one['usage']))).toHaveLength(1)
      expect(chunks.at(-1)).toEqual({ ...usageOnly(), usage: { ...usage, ...cost } })
      expect(client.endsWith(data('[DONE]'))).toBe(true)
      expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    }
  })

  test('gets running figures as null, as every chunk before the last has them', () => {
    const { client } = run(stream(text('Hi', { usage }), finish({ usage }), '[DONE]'), asked)
    expect(chunksOf(client).map((one) => one['usage'])).toMatchObject([null, null, usage])
  })

  test('sees in the usage how its cost came about', () => {
    const { client } = run(stream(...hello, finish(), usageOnly(), '[DONE]'), asked)
    expect(chunksOf(client).at(-1)).toMatchObject({
      usage: {
        cost_details: {
          usage_source: 'final',
          lines: [
            { unit: 'prompt', units: 10, price: '0.000001' },
            { unit: 'completion', units: 4, price: '0.000002' },
          ],
        },
      },
    })
  })

  test('gets our own count, marked as such, from an upstream that states none', () => {
    const { client } = run(stream(...hello, finish(), '[DONE]'), asked)
    expect(chunksOf(client).at(-1)).toMatchObject({
      id: 'chatcmpl-1',
      choices: [],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 3,
        total_tokens: 103,
        cost: 0.000106,
        cost_details: { usage_source: 'counted' },
      },
    })
  })

  // Cases: dialects 35
  test('reads text, usage and cost with the official SDK', async () => {
    const { client: body } = run(
      stream(delta({ role: 'assistant' }), ...hello, finish(), usageOnly(), '[DONE]'),
      asked,
    )
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://sluice.test/v1',
      fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    })
    const runner = client.chat.completions.stream({
      model: 'm',
      messages: [],
      stream_options: { include_usage: true },
    })
    const final = await runner.finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe('Hello 世界')
    expect(final.usage).toMatchObject({ ...usage, cost: 0.000018 })
  })

  test('gets the provider’s own usage chunk untouched where the cost is left out', () => {
    const frames = stream(...hello, finish(), usageOnly(), '[DONE]')
    expect(run(frames, { ...asked, costOf: undefined }).client).toBe(frames)
  })

  test('gets the usage once, and no cost, in an ending of ours where the cost is left out', () => {
    const without = { ...asked, costOf: undefined }
    const cut = decoder.decode(run(stream(...hello), without).meter.lengthEndingBytes())
    expect(chunksOf(cut).at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 100 } })
    expect(cut).not.toContain('cost')
    const stated = run(stream(...hello, finish(), usageOnly()), without).meter.closingBytes()
    expect(decoder.decode(stated)).toBe('data: [DONE]\n\n')
  })
})

describe('a relayed stream', () => {
  // Cases: dialects 14, 15
  test('has no comments, pings or empty events of the upstream in it', () => {
    const noise =
      ': PROCESSING\n\n' +
      data(': PROCESSING') +
      'data:\n\n' +
      'event: ping\ndata: {"type":"ping"}\n\n' +
      '\n'
    const { client, seen } = run(noise + stream(...hello, '[DONE]'))
    expect(client).toBe(stream(...hello, '[DONE]'))
    expect(seen.some((one) => one.isError)).toBe(false)
  })

  // Cases: dialects 16
  test('never hands on a frame that cannot be read: it is an error', () => {
    for (const broken of ['{"id":"x","cho', '{"choices":[]}{"choices":[]}', '[]', '7']) {
      const { client, seen } = run(stream(...hello) + data(broken))
      expect(client).toBe(stream(...hello))
      expect(seen.at(-1)?.isError).toBe(true)
    }
  })

  test('ends with its terminator: nothing after it belongs to the answer', () => {
    const { client, usage: used } = run(
      stream(...hello, finish(), '[DONE]', text('more'), usageOnly(), '[DONE]'),
      asked,
    )
    expect(client.split('[DONE]')).toHaveLength(2)
    expect(used.source).toBe('counted')
  })

  // Cases: dialects 36
  test('names the model as the client did, in every chunk', () => {
    const { client } = run(stream(...hello, finish(), usageOnly(), '[DONE]'), { ...asked, modelName: 'mine' })
    const chunks = chunksOf(client)
    expect(chunks).toHaveLength(4)
    expect(chunks.map((one) => one['model'])).toEqual(['mine', 'mine', 'mine', 'mine'])
  })

  test('says of each frame what it was', () => {
    const { seen, meter } = run(
      stream(delta({ role: 'assistant' }), text('Hi'), finish(), usageOnly(), '[DONE]'),
    )
    expect(seen.map((one) => one.hasContent)).toEqual([false, true, false, false, false])
    expect(seen.map((one) => one.isFinished)).toEqual([false, false, true, false, false])
    expect(seen.map((one) => one.isUsage)).toEqual([false, false, false, true, false])
    expect(seen.map((one) => one.isDone)).toEqual([false, false, false, false, true])
    expect(meter.upstreamId).toBe('chatcmpl-1')
  })

  test('that its upstream left without a terminator gets usage and terminator from us', () => {
    const { meter } = run(stream(...hello, finish(), usageOnly()), asked)
    const closing = decoder.decode(meter.closingBytes())
    expect(chunksOf(closing)).toMatchObject([{ choices: [], usage: { cost: 0.000018 } }])
    expect(closing.endsWith(data('[DONE]'))).toBe(true)
  })

  test('that we cut ends every open answer with "length", then usage, then the terminator', () => {
    const second = chunk([{ index: 1, delta: { content: 'x' }, finish_reason: null }])
    const { meter } = run(stream(...hello, second, finish()), asked)
    const ending = decoder.decode(meter.lengthEndingBytes())
    expect(chunksOf(ending)).toMatchObject([
      { id: 'chatcmpl-1', model: 'up-1', choices: [{ index: 1, delta: {}, finish_reason: 'length' }] },
      { choices: [], usage: { cost_details: { usage_source: 'counted' } } },
    ])
    expect(ending.endsWith(data('[DONE]'))).toBe(true)
  })
})

describe('a whole answer', () => {
  // Requirements: 43, 44
  test('carries its cost as a number on top and the same in its usage', () => {
    const { meter } = run('')
    meter.seeBody({ ...wholeAnswer, usage })
    const metered = meter.usage()
    const body = withCost({ ...wholeAnswer, usage }, { priced: costOf(metered), metered }, 'mine')
    expect(body).toMatchObject({
      ...wholeAnswer,
      model: 'mine',
      cost: 0.000018,
      usage: { ...usage, cost: 0.000018 },
    })
  })

  test('gets a usage of our own count where its provider states none', () => {
    const { meter } = run('')
    meter.seeBody({ ...wholeAnswer })
    const metered = meter.usage()
    expect(metered.source).toBe('counted')
    expect(withCost({ ...wholeAnswer }, { priced: costOf(metered), metered })).toMatchObject({
      model: 'up-1',
      cost: 0.000106,
      usage: {
        prompt_tokens: 100,
        completion_tokens: 3,
        cost: 0.000106,
        cost_details: { usage_source: 'counted' },
      },
    })
  })
})
