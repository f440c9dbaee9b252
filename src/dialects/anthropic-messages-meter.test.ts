// What a messages stream has used, and what of it a client of the same dialect gets. The frames are held to Anthropic's types
// and put together by its SDK.

import Anthropic from '@anthropic-ai/sdk'
import type { Message, RawMessageStreamEvent, Usage } from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, test } from 'vitest'
import type { PricedUsage } from '#calls/charge.ts'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { inputTokensOf, noUsage, outputTokensOf } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { FrameReader } from '#sse/frames.ts'
import { MessagesMeter } from './anthropic-messages-meter.ts'
import type { Seen } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const price = picoUsd(1_000_000)

/** $1 and $2 per million tokens: 1,000 and 2,000 nano-dollars each. */
function costOf({ usage: used }: MeteredUsage): PricedUsage {
  const [units, outputUnits] = [inputTokensOf(used), outputTokensOf(used)]
  return {
    costNanoUsd: nanoUsd(units * 1_000 + outputUnits * 2_000),
    lines: [{ unit: 'input', units, pricePicoUsd: price }],
  }
}

const usage: Usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 6,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 2 },
  output_tokens: 1,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  inference_geo: 'global',
  speed: null,
}
const message: Message = {
  id: 'msg_up',
  type: 'message',
  role: 'assistant',
  model: 'claude-up',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage,
}
type Event = RawMessageStreamEvent

const start: Event = { type: 'message_start', message }
const begin: Event = {
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '', citations: null },
}
const text = (piece: string): Event => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: piece },
})
const stop: Event = { type: 'content_block_stop', index: 0 }
const ends = (output: number, reason: Message['stop_reason'] = 'end_turn'): Event => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null, stop_details: null, container: null },
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 6,
    cache_read_input_tokens: 100,
    output_tokens: output,
    output_tokens_details: null,
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
  },
})
const done: Event = { type: 'message_stop' }
const hello = [start, begin, text('Hel'), text('lo 世界'), stop]
const helloTokens = Math.ceil(('Hello 世界'.length + 4) / 4)

const streamOf = (...events: readonly Event[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

type Run = { meter: MessagesMeter; seen: Seen[]; client: string; usage: MeteredUsage }

function run(
  upstream: string,
  options: Partial<SameDialectOptions> = {},
  pieceLength = upstream.length * 4,
): Run {
  const meter = new MessagesMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: 100,
    includeUsage: false,
    costOf,
    modelName: undefined,
    ...options,
  })
  const input = encoder.encode(upstream)
  const reader = new FrameReader()
  const seen: Seen[] = []
  for (let at = 0; at < input.length; at += pieceLength)
    for (const frame of reader.push(input.slice(at, at + pieceLength))) seen.push(meter.see(frame))
  for (const frame of reader.end()) seen.push(meter.see(frame))
  const closing = seen.some(({ isDone }) => isDone) ? decoder.decode(meter.closingBytes()) : ''
  return {
    meter,
    seen,
    client: seen.map(({ bytes }) => decoder.decode(bytes)).join('') + closing,
    usage: meter.usage(),
  }
}

async function putTogether(client: string): Promise<Message> {
  const anthropic = new Anthropic({
    apiKey: 'none',
    baseURL: 'http://sluice.test',
    maxRetries: 0,
    fetch: async () => new Response(client, { headers: { 'content-type': 'text/event-stream' } }),
  })
  return anthropic.messages.stream({ model: 'm', max_tokens: 9, messages: [] }).finalMessage()
}
const eventsOf = (client: string) =>
  new FrameReader()
    .push(encoder.encode(client))
    .map(({ data = '' }): Record<string, unknown> => JSON.parse(data))

const stated = { ...noUsage, input: 10, cacheRead: 100, cacheWrite5m: 4, cacheWrite1h: 2, output: 7 }

describe('the usage of a stream', () => {
  // Cases: dialects 27, 28, 31
  test.each([
    ['at its start and its end', [...hello, ends(7), done]],
    ['repeated', [...hello, ends(7), ends(7), ends(7), done]],
    ['running and at its end', [start, begin, text('Hello 世界'), stop, ends(3, null), ends(7), done]],
  ])('is counted once when it comes %s', (_name, events) => {
    expect(run(streamOf(...events)).usage).toEqual({ usage: stated, source: 'final' })
  })

  test('of a stream that is cut is the last statement and our count of what came after it', () => {
    expect(run(streamOf(...hello)).usage).toEqual({
      usage: { ...stated, output: 1 + helloTokens },
      source: 'cumulative',
      ownOutput: helloTokens,
    })
  })

  test('without any statement is the expected input and what was delivered', () => {
    const silent: Event = {
      type: 'message_start',
      message: JSON.parse(JSON.stringify({ ...message, usage: null })),
    }
    expect(run(streamOf(silent, ...hello.slice(1))).usage).toEqual({
      usage: { ...noUsage, input: 100, output: helloTokens },
      source: 'counted',
      ownOutput: helloTokens,
    })
  })

  // Cases: dialects 34
  test.each(['refusal', 'pause_turn'] as const)('that ends with %s is billed as stated', (reason) => {
    expect(run(streamOf(start, ends(7, reason), done)).usage).toEqual({ usage: stated, source: 'final' })
  })

  test('counts thoughts and inputs of tools as delivered, and what an error says as nothing', () => {
    const deltas: Event[] = [
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'xxxx' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'signature_delta', signature: 'y'.repeat(500) },
      },
    ]
    const { meter, seen } = run(
      `${streamOf(start, ...deltas)}event: error\ndata: {"type":"error","error":{"type":"api_error","message":"zzz"}}\n\n`,
    )
    expect(meter.deliveredBytes).toBe(11)
    expect(seen.at(-1)).toMatchObject({ action: 'drop', isError: true })
  })
})

describe('the client of a stream', () => {
  // Cases: dialects 57, 58
  test('gets the upstream’s own bytes but for the closing usage', () => {
    const before = `event: ping\ndata: {"type": "ping"}\n\n${streamOf(...hello).replace('lo ', 'lo\\u0020')}event: x_new\ndata: {"type":"x_new","n":1.0}\n\n`
    const { client } = run(before + streamOf(ends(7), done))
    expect(client.startsWith(before)).toBe(true)
    expect(run(before + streamOf(ends(7), done), { costOf: undefined }).client).toBe(
      before + streamOf(ends(7), done),
    )
  })

  // Cases: dialects 33, 35
  test('reads the cost inside the usage of the message delta, beside all that the provider stated', async () => {
    const { client } = run(streamOf(...hello, ends(7), done))
    const delta = eventsOf(client).at(-2)
    expect(delta).toMatchObject({
      type: 'message_delta',
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 100,
        output_tokens: 7,
        server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
        cost: 0.00013,
        cost_details: { usage_source: 'final' },
      },
    })
    expect(await putTogether(client)).toMatchObject({
      content: [{ text: 'Hello 世界' }],
      stop_reason: 'end_turn',
      usage: { service_tier: 'standard', inference_geo: 'global', output_tokens: 7 },
    })
  })

  // Cases: dialects 36
  test('reads the name of the model as it was asked for', async () => {
    const { client } = run(streamOf(...hello, ends(7), done), { modelName: 'asked/for' })
    expect(await putTogether(client)).toMatchObject({ model: 'asked/for', id: 'msg_up' })
    expect(client).not.toContain('claude-up')
  })

  // Cases: dialects 3, 6
  test('gets one start, one end and one terminator, however often they come', async () => {
    const { client, seen } = run(streamOf(start, ...hello, ends(6), ends(7), done, done, text('late')))
    expect(eventsOf(client).map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(seen.filter(({ isDone }) => isDone)).toHaveLength(1)
    expect((await putTogether(client)).usage.output_tokens).toBe(7)
  })

  // Cases: dialects 14, 15
  test('gets no comment, no empty data and no foreign terminator', () => {
    const { client, seen } = run(
      `: keep-alive\n\ndata:\n\ndata: : PROCESSING\n\n${streamOf(...hello, ends(7), done)}data: [DONE]\n\n`,
    )
    expect(seen.some(({ isError }) => isError)).toBe(false)
    expect(client).toBe(run(streamOf(...hello, ends(7), done)).client)
  })

  test('gets events with their names where the upstream leaves these out', async () => {
    const unnamed = streamOf(...hello, ends(7), done).replaceAll(/^event: .*\n/gm, '')
    expect(await putTogether(run(unnamed).client)).toMatchObject({ content: [{ text: 'Hello 世界' }] })
  })

  // Cases: dialects 16
  test('gets the same wherever the stream is cut and whatever its line ends are', () => {
    const lines = streamOf(...hello, ends(7), done)
    const whole = run(lines)
    for (let length = 1; length < 40; length += 1)
      expect(run(lines, {}, length)).toMatchObject({ client: whole.client, usage: whole.usage })
    expect(run(lines.replaceAll('\n', '\r\n'), {}, 7).usage).toEqual(whole.usage)
  })

  test('of a stream without its terminator gets the end with its cost', async () => {
    const { meter, client, seen } = run(streamOf(...hello, ends(7)))
    expect(seen.some(({ isFinished }) => isFinished)).toBe(true)
    const closed = client + decoder.decode(meter.closingBytes())
    expect(closed).toBe(run(streamOf(...hello, ends(7), done)).client)
  })

  test('of a stream that we cut gets a polite end, in the middle of a block and before any', async () => {
    const cut = run(streamOf(start, begin, text('Hel')))
    const message = await putTogether(cut.client + decoder.decode(cut.meter.lengthEndingBytes()))
    expect(message).toMatchObject({ content: [{ text: 'Hel' }], stop_reason: 'max_tokens' })
    const early = run('', { modelName: 'asked/for' })
    expect(await putTogether(decoder.decode(early.meter.lengthEndingBytes()))).toMatchObject({
      model: 'asked/for',
      content: [],
      stop_reason: 'max_tokens',
    })
  })

  // Cases: dialects 17
  test('of a stream that broke off gets an error that its SDK raises', async () => {
    const { client, meter } = run(streamOf(...hello))
    const error = decoder.decode(meter.errorBytes(refuse('upstream_error')))
    await expect(putTogether(client + error)).rejects.toMatchObject({ type: 'api_error' })
  })
})

describe('a whole message', () => {
  const body = {
    ...message,
    content: [{ type: 'thinking', thinking: 'Hm', signature: 'Er+/==' }],
    stop_reason: 'end_turn',
    usage: { ...usage, output_tokens: 7, x_unknown: 1 },
  }

  // Cases: dialects 33, 35, 36, 58
  test('has its cost on top and in its usage, its model as asked for, and all else as it came', () => {
    const { meter } = run('', { modelName: 'asked/for' })
    expect(meter.seeBody(body)).toBe(true)
    const metered = meter.usage()
    expect(metered).toEqual({ usage: stated, source: 'final' })
    const shown = { priced: costOf(metered), metered }
    expect(meter.wholeBody(body, shown)).toEqual({
      ...body,
      model: 'asked/for',
      usage: { ...body.usage, cost: 0.00013, cost_details: expect.anything() },
      cost: 0.00013,
    })
  })

  test('that is an error, or no message, is not one', () => {
    expect(run('').meter.seeBody({ type: 'error', error: { message: 'No' } })).toBe(false)
    expect(run('').meter.seeBody({ choices: [] })).toBe(false)
  })
})
