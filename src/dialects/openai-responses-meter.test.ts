// A responses answer on its way from an upstream of the same dialect: what passes untouched, what gets its cost, and how an
// answer ends that its upstream did not end.

import OpenAI from 'openai'
import type { Response as OpenAiResponse } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseEvent } from '#sse/write.ts'
import type { Seen } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'
import { ResponsesMeter } from './openai-responses-meter.ts'

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60, cache_write_tokens: 0 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 30 },
  total_tokens: 150,
}
const priced = {
  costNanoUsd: nanoUsd(2_500),
  lines: [{ unit: 'output' as const, units: 20, pricePicoUsd: picoUsd(125_000) }],
}
const message = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi you.', annotations: [], logprobs: [] }],
}
const call = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'c1',
  name: 'look',
  arguments: '{"a":1}',
  status: 'completed',
}
const response = { id: 'resp_1', object: 'response', model: 'x-2026', store: false, usage: null, output: [] }
const closing = { ...response, status: 'completed', usage, output: [message, call] }
const part = { item_id: 'msg_1', output_index: 0, content_index: 0 }

const events: readonly JsonObject[] = [
  { type: 'response.created', response: { ...response, status: 'in_progress' } },
  { type: 'response.in_progress', response: { ...response, status: 'in_progress' } },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { ...message, status: 'in_progress', content: [] },
  },
  { type: 'response.content_part.added', ...part, part: { type: 'output_text', text: '', annotations: [] } },
  { type: 'response.output_text.delta', ...part, delta: 'Hi ', logprobs: [] },
  { type: 'response.output_text.delta', ...part, delta: 'you.', logprobs: [] },
  { type: 'response.output_text.done', ...part, text: 'Hi you.', logprobs: [] },
  { type: 'response.content_part.done', ...part, part: message.content[0] },
  { type: 'response.output_item.done', output_index: 0, item: message },
  {
    type: 'response.output_item.added',
    output_index: 1,
    item: { ...call, arguments: '', status: 'in_progress' },
  },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 1, delta: '{"a":1}' },
  { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 1, arguments: '{"a":1}' },
  { type: 'response.output_item.done', output_index: 1, item: call },
  { type: 'response.completed', response: closing },
]

const framed = (event: JsonObject, at: number): string =>
  sseEvent({ event: String(event['type']), json: JSON.stringify({ ...event, sequence_number: at }) })
const stream = (given: readonly JsonObject[]): string => given.map(framed).join('')

type Run = { meter: ResponsesMeter; seen: Seen[]; client: string }

function run(sse: string, options: Partial<SameDialectOptions> = {}): Run {
  const meter = new ResponsesMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: 77,
    includeUsage: false,
    costOf: () => priced,
    modelName: undefined,
    ...options,
  })
  const reader = new FrameReader()
  const frames = [...reader.push(new TextEncoder().encode(sse)), ...reader.end()]
  const seen = frames.map((frame) => meter.see(frame))
  const closing = seen.some(({ isDone }) => isDone) ? text(meter.closingBytes()) : ''
  return { meter, seen, client: seen.map(({ bytes }) => text(bytes)).join('') + closing }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function eventsOf(sse: string): JsonObject[] {
  const data = [...sse.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => readJson(json ?? ''))
  return data.filter(isObject)
}

async function accumulated(sse: string): Promise<OpenAiResponse> {
  const fetch = async (): Promise<Response> =>
    new Response(sse, { headers: { 'content-type': 'text/event-stream' } })
  const client = new OpenAI({ apiKey: 'key', baseURL: 'http://gateway.test/v1', fetch, maxRetries: 0 })
  return client.responses.stream({ model: 'x', input: 'Hi' }).finalResponse()
}

describe('a relayed stream', () => {
  // Cases: dialects 25, 35
  test('passes byte for byte, but its last response has the cost and the terminator follows', () => {
    const { seen, client, meter } = run(stream(events))
    const before = stream(events.slice(0, -1))
    expect(client.startsWith(before)).toBe(true)
    expect(seen.slice(0, -1).every(({ action }) => action === 'pass')).toBe(true)
    expect(client.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(eventsOf(client).at(-1)).toEqual({
      type: 'response.completed',
      sequence_number: 13,
      response: {
        ...closing,
        usage: {
          ...usage,
          cost: 0.0000025,
          cost_details: {
            usage_source: 'final',
            lines: [{ unit: 'completion', units: 20, price: '0.000000125' }],
          },
        },
      },
    })
    expect(seen.at(-1)).toMatchObject({ isDone: true, isUsage: true, isFinished: true })
    expect(meter.usage()).toMatchObject({
      source: 'final',
      usage: { input: 40, cacheRead: 60, output: 20, reasoning: 30 },
    })
    expect(meter.upstreamId).toBe('resp_1')
  })

  test('without a price passes whole, and ends with the terminator', () => {
    expect(run(stream(events), { costOf: undefined }).client).toBe(`${stream(events)}data: [DONE]\n\n`)
  })

  // Cases: dialects 36
  test('names the model as its client did', () => {
    const { client, seen } = run(stream(events), { modelName: 'x' })
    const models = eventsOf(client).flatMap((event) =>
      isObject(event['response']) ? [event['response']['model']] : [],
    )
    expect(models).toEqual(['x', 'x', 'x'])
    expect(seen.map(({ action }) => action).filter((action) => action === 'pass')).toHaveLength(11)
  })

  // Cases: dialects 11, 14
  test('has no terminator twice, no comment, no ping, and every event under its type', () => {
    const unnamed = stream(events).replaceAll(/^event: .*\n/gm, '')
    const noisy = unnamed.replaceAll(
      'data: ',
      ': wait\n\ndata: : PROCESSING\n\nevent: ping\ndata: {"type":"ping"}\n\ndata: ',
    )
    const again = `${noisy}data: [DONE]\n\n${stream(events.slice(-1))}data: [DONE]\n\n`
    const { client, seen } = run(again)
    expect(client).toBe(run(stream(events)).client)
    expect(seen.some(({ isError }) => isError)).toBe(false)
    expect(seen.filter(({ isDone }) => isDone)).toHaveLength(1)
  })

  test('says what has content, and counts the text of every item once', () => {
    const { seen, meter } = run(stream(events))
    const contents = seen.flatMap(({ hasContent }, at) => (hasContent ? [at] : []))
    expect(contents).toEqual([4, 5, 9, 10])
    expect(meter.deliveredBytes).toBe('Hi you.look{"a":1}'.length)
    const whole = events.filter(({ type }) => !/delta|part|text|arguments/.test(String(type)))
    expect(run(stream(whole)).meter.deliveredBytes).toBe('Hi you.look{"a":1}'.length)
  })

  test('whose provider said nothing of its usage is counted', () => {
    const silent = [
      ...events.slice(0, -1),
      { type: 'response.completed', response: { ...closing, usage: null } },
    ]
    const { client, meter } = run(stream(silent))
    expect(meter.usage()).toMatchObject({ source: 'counted', usage: { input: 77, output: 5 } })
    expect(eventsOf(client).at(-1)).toMatchObject({
      response: { usage: { input_tokens: 77, output_tokens: 5, total_tokens: 82, cost: 0.0000025 } },
    })
  })

  test('knows what was used while it runs', () => {
    const { meter } = run(stream(events.slice(0, 6)))
    expect(meter.runningUsage()).toMatchObject({ input: 77, output: 3 })
  })
})

describe('a relayed answer that does not come to its end', () => {
  // Cases: dialects 13, 17
  test.each<[string, JsonObject]>([
    ['an error', { type: 'error', message: 'It broke.' }],
    ['a nested error', { type: 'error', error: { message: 'It broke.' } }],
    [
      'a failed response',
      {
        type: 'response.failed',
        response: { ...closing, status: 'failed', error: { message: 'It broke.' } },
      },
    ],
  ])('for %s is kept from its client, who gets one of ours', async (_, event) => {
    const { seen, client, meter } = run(stream([...events.slice(0, 6), event]))
    expect(seen.at(-1)).toMatchObject({ action: 'drop', isError: true })
    const sse = client + text(meter.errorBytes(refuse('upstream_error', { message: 'Ours.' })))
    expect(eventsOf(sse).slice(-2)).toMatchObject([
      {
        type: 'response.failed',
        sequence_number: 6,
        response: { id: 'resp_1', error: { message: 'Ours.' } },
      },
      { type: 'error', sequence_number: 7, code: 'upstream_error', message: 'Ours.' },
    ])
    await expect(accumulated(sse)).rejects.toThrow('Ours.')
  })

  // Cases: dialects 17
  test('is charged for what its failed response says was used', () => {
    const failed = { type: 'response.failed', response: { ...closing, error: { message: 'No.' } } }
    expect(run(stream([...events.slice(0, 6), failed])).meter.usage().source).toBe('final')
  })

  // Cases: dialects 11, 12
  test.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13])(
    'ends politely after %d events, with every open item closed',
    async (count) => {
      const { client, meter } = run(stream(events.slice(0, count)), { modelName: 'x' })
      const sse = client + text(meter.lengthEndingBytes())
      const told = eventsOf(sse)
      expect(told.map((event) => event['sequence_number'])).toEqual(told.map((_, at) => at))
      const done = told.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
      expect(told.at(-1)).toMatchObject({
        type: 'response.incomplete',
        response: {
          model: 'x',
          status: 'incomplete',
          incomplete_details: { reason: 'max_output_tokens' },
          output: done,
          usage: { cost: 0.0000025 },
        },
      })
      expect(told.filter(({ type }) => type === 'response.content_part.done')).toHaveLength(count > 4 ? 1 : 0)
      expect((await accumulated(sse)).output).toMatchObject(done)
    },
  )

  test('adds nothing to one that has come to its end', () => {
    const { meter } = run(stream(events))
    expect([meter.closingBytes(), meter.lengthEndingBytes()].map(text)).toEqual(['', ''])
  })
})

describe('an answer in one piece', () => {
  const meterOf = (options: Partial<SameDialectOptions> = {}): ResponsesMeter => run('', options).meter

  // Cases: dialects 35, 36
  test("is counted and gets its cost and its client's model", () => {
    const meter = meterOf({ modelName: 'x' })
    expect(meter.seeBody(closing)).toBe(true)
    expect(meter.deliveredBytes).toBe('Hi you.look{"a":1}'.length)
    const metered = meter.usage()
    expect(metered.source).toBe('final')
    expect(meter.wholeBody(closing, { priced, metered })).toMatchObject({
      model: 'x',
      cost: 0.0000025,
      usage: { cost: 0.0000025 },
    })
  })

  test.each([[{ error: { message: 'No.' } }], [{ ...closing, status: 'failed' }], [{ id: 'x' }]])(
    'that failed or cannot be read is none: %j',
    (body) => {
      expect(meterOf().seeBody(body)).toBe(false)
    },
  )
})
