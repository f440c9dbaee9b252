// Answers for clients of the responses dialect, read back by OpenAI's own SDK.

import fc from 'fast-check'
import OpenAI, { APIError } from 'openai'
import type { Response as OpenAiResponse, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { ContentEvent, EndReason, StartedBlock } from '#calls/answer-events.ts'
import { openState } from '#calls/reasoning-state.ts'
import { noUsage } from '#calls/usage.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerFacts } from './dialect.ts'
import { ResponsesEncoder } from './openai-responses-encoder.ts'

const facts: AnswerFacts = {
  answerId: 'gen_1',
  model: 'claude-x',
  createdAtSeconds: 1_700_000_000,
  expectedInputTokens: 9,
  includeUsage: false,
  origin: 'anthropic',
  echo: {
    instructions: 'Be brief.',
    tools: [{ type: 'function', name: 'look' }],
    reasoning: { effort: 'low' },
  },
}
const shown: ShownCost = {
  priced: { costNanoUsd: nanoUsd(2_500), lines: [] },
  metered: { usage: { ...noUsage, input: 7, cacheRead: 3, output: 4, reasoning: 1 }, source: 'final' },
}

const start: ContentEvent = { kind: 'start', upstreamId: 'msg_1' }
const block = (index: number, started: StartedBlock, ...texts: string[]): ContentEvent[] => [
  { kind: 'block_start', index, block: started },
  ...texts.map((text) => ({ kind: 'delta', index, text }) as const),
  { kind: 'block_end', index },
]
const call = (id: string, more: object = {}): StartedBlock => ({
  kind: 'tool_call',
  id,
  name: 'look',
  isFreeform: false,
  ...more,
})
const thoughts: StartedBlock = { kind: 'reasoning', isSummary: false }
const signature = { origin: 'anthropic', value: 'SIG==' }
const state = (index: number, more: object = {}): ContentEvent => ({
  kind: 'state',
  index,
  state: signature,
  ...more,
})

const answer: ContentEvent[] = [
  start,
  { kind: 'block_start', index: 0, block: thoughts },
  { kind: 'delta', index: 0, text: 'Hm' },
  { kind: 'delta', index: 0, text: 'm.' },
  state(0),
  { kind: 'block_end', index: 0 },
  ...block(1, { kind: 'text' }, 'Let ', 'me look.'),
  ...block(2, { kind: 'text' }, 'Now.'),
  ...block(3, call('a'), '{"a"', ':1}'),
  ...block(4, call('b')),
  ...block(5, call('c', { isFreeform: true, name: 'patch', namespace: 'ns' }), '*** ', 'Begin'),
  ...block(6, { kind: 'refusal' }, 'No.'),
]

function streamed(events: readonly ContentEvent[], reason: EndReason = 'tool_calls'): string {
  const encoder = new ResponsesEncoder(facts)
  return events.map((event) => encoder.write(event)).join('') + encoder.close({ reason }, shown)
}

function whole(events: readonly ContentEvent[], reason: EndReason = 'tool_calls'): JsonObject {
  const blocks = new AnswerBlocks()
  for (const event of [...events, { kind: 'end', reason } as const]) blocks.add(event)
  return new ResponsesEncoder(facts).whole(blocks.whole(), shown)
}

type Framed = { event: string | undefined; data: unknown }

function framesOf(sse: string): Framed[] {
  expect(sse.endsWith('\n\n')).toBe(true)
  return sse
    .slice(0, -2)
    .split('\n\n')
    .map((frame) => ({
      event: /^event: (.*)$/m.exec(frame)?.[1],
      data: readJson(/^data: (.*)$/m.exec(frame)?.[1] ?? ''),
    }))
}

const eventsOf = (sse: string): JsonObject[] =>
  framesOf(sse).flatMap(({ data }) => (isObject(data) ? [data] : []))

function clientOf(body: string, contentType = 'text/event-stream'): OpenAI {
  const fetch = async (): Promise<Response> =>
    new Response(body, { headers: { 'content-type': contentType } })
  return new OpenAI({ apiKey: 'key', baseURL: 'http://gateway.test/v1', fetch, maxRetries: 0 })
}

const accumulated = async (sse: string): Promise<OpenAiResponse> =>
  clientOf(sse).responses.stream({ model: 'claude-x', input: 'Hi' }).finalResponse()

describe('a stream', () => {
  // Cases: dialects 11
  test('numbers its events from 0, names each by its type and ends with the terminator', () => {
    const sse = streamed(answer)
    const frames = framesOf(sse)
    const events = eventsOf(sse)
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at))
    expect(frames.slice(0, -1).map(({ event }) => event)).toEqual(events.map(({ type }) => type))
    expect(sse.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(frames.at(-1)).toEqual({ event: undefined, data: undefined })
  })

  // Cases: dialects 11
  test("keeps an item's id and place from its beginning to its end, and no two items share one", () => {
    const events = eventsOf(streamed(answer))
    const added = events.filter(({ type }) => type === 'response.output_item.added')
    const ids = added.map(({ item }) => (isObject(item) ? item['id'] : undefined))
    expect(new Set(ids).size).toBe(ids.length)
    expect(added.map((event) => event['output_index'])).toEqual(ids.map((_, at) => at))
    for (const event of events) {
      const at = event['output_index']
      if (typeof at !== 'number') continue
      const { item } = event
      expect(event['item_id'] ?? (isObject(item) ? item['id'] : undefined)).toBe(ids[at])
    }
    for (const id of ids) expect(id).toMatch(/^[\w-]{1,64}$/)
  })

  // Cases: dialects 5, 9, 12
  test('tells each item in order, and its last response is their sum', () => {
    const events = eventsOf(streamed(answer))
    const types = events.map(({ type }) => String(type).replace('response.', ''))
    expect(types).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'refusal.delta',
      'refusal.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
    const done = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
    const last = events.at(-1)?.['response']
    expect(isObject(last) ? last['output'] : undefined).toEqual(done)
    expect(done).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hmm.' }], content: [] },
      { type: 'message', status: 'completed', content: [{ text: 'Let me look.' }, { text: 'Now.' }] },
      { type: 'function_call', call_id: 'a', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'b', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'c', name: 'patch', namespace: 'ns', input: '*** Begin' },
      { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] },
    ])
  })

  // Cases: dialects 12, 35
  test("is put together by OpenAI's SDK into what the same answer is in one piece", async () => {
    const { cost, ...expected } = whole(answer)
    expect(cost).toBe(0.0000025)
    expect(await accumulated(streamed(answer))).toMatchObject(expected)
  })

  test('whatever blocks it has, is put together into what it is in one piece', async () => {
    const kinds = fc.constantFrom<StartedBlock>(
      { kind: 'text' },
      { kind: 'refusal' },
      thoughts,
      { kind: 'reasoning', isSummary: true },
      call('same'),
      call('', { isFreeform: true }),
    )
    const blocks = fc.array(
      fc.tuple(kinds, fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }), fc.boolean()),
      { maxLength: 6 },
    )
    const reasons = fc.constantFrom<EndReason>('stop', 'length', 'tool_calls', 'content_filter')
    await fc.assert(
      fc.asyncProperty(blocks, reasons, async (drawn, reason) => {
        const events = drawn.flatMap(([started, texts, hasState], index) => {
          const [begin, ...rest] = block(index, started, ...texts)
          return begin === undefined
            ? []
            : [begin, ...(hasState && started.kind === 'reasoning' ? [state(index)] : []), ...rest]
        })
        const {
          output,
          status,
          incomplete_details: details,
        } = await accumulated(streamed([start, ...events], reason))
        const expected = whole([start, ...events], reason)
        const deltas = eventsOf(streamed([start, ...events], reason)).map(({ delta }) =>
          typeof delta === 'string' ? delta : '',
        )
        expect(deltas.join('')).toBe(drawn.flatMap(([, texts]) => texts).join(''))
        expect({ status, details }).toEqual({
          status: expected['status'],
          details: expected['incomplete_details'],
        })
        expect(output).toMatchObject(Array.isArray(expected['output']) ? expected['output'] : [])
      }),
      { numRuns: 60 },
    )
  })

  // Cases: dialects 6
  test('has no item for a block without text', () => {
    const types = eventsOf(
      streamed([start, ...block(0, { kind: 'text' }), ...block(1, thoughts)], 'stop'),
    ).map(({ type }) => type)
    expect(types).toEqual(['response.created', 'response.in_progress', 'response.completed'])
  })

  // Cases: dialects 55
  test('gives two calls that came under one id two', () => {
    const { output } = whole([start, ...block(0, call('a')), ...block(1, call('a'))])
    expect(output).toMatchObject([{ call_id: 'a' }, { call_id: 'a_1' }])
  })

  // Cases: dialects 60, 63
  test('has thoughts, whole or summed up, once each where clients show them, and their sealed state', () => {
    const { output } = whole([
      start,
      ...block(0, thoughts, 'raw'),
      ...block(1, { kind: 'reasoning', isSummary: true }, 'short'),
      { kind: 'block_start', index: 2, block: thoughts },
      state(2, { isRedacted: true }),
      { kind: 'block_end', index: 2 },
    ])
    expect(output).toMatchObject([
      { type: 'reasoning', content: [], summary: [{ text: 'raw' }] },
      { type: 'reasoning', content: [], summary: [{ text: 'short' }] },
      { type: 'reasoning', content: [], summary: [] },
    ])
    const sealed = Array.isArray(output)
      ? output.map((item: { encrypted_content?: string }) => item.encrypted_content)
      : []
    expect(sealed.slice(0, 2)).toEqual([undefined, undefined])
    expect(openState(sealed[2] ?? '')).toEqual({ ...signature, id: 'redacted' })
  })
})

/** As Open Responses lists them. */
const requiredFields = [
  'id object created_at completed_at status incomplete_details model previous_response_id instructions output error tools',
  'tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs temperature',
  'reasoning user usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier',
  'prompt_cache_key',
].flatMap((names) => names.split(' '))

describe('every response', () => {
  test('has all fields that Open Responses requires, with what its request asked for', () => {
    const responses = eventsOf(streamed(answer)).flatMap(({ response }) =>
      isObject(response) ? [response] : [],
    )
    expect(responses.map(({ status }) => status)).toEqual(['in_progress', 'in_progress', 'completed'])
    for (const response of [...responses, whole(answer)]) {
      expect(Object.keys(response)).toEqual(expect.arrayContaining(requiredFields))
      expect(response).toMatchObject({
        id: 'resp_gen_1',
        instructions: 'Be brief.',
        tools: [{ type: 'function', name: 'look', description: null, parameters: null, strict: false }],
        reasoning: { effort: 'low', summary: null },
      })
    }
  })

  // Cases: dialects 36, 64
  test('names the model as its client did, and says that nothing is stored', () => {
    expect(whole(answer)).toMatchObject({ model: 'claude-x', store: false, previous_response_id: null })
  })

  // Cases: dialects 26, 29, 30, 35
  test('states its usage with the cached tokens inside and the cost beside', () => {
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 15,
      cost: 0.0000025,
      cost_details: { usage_source: 'final', lines: [] },
    }
    const last = eventsOf(streamed(answer)).at(-1)?.['response']
    expect(last).toMatchObject({ usage })
    expect(whole(answer)).toMatchObject({ usage, cost: 0.0000025 })
  })

  test.each<[EndReason, string, string | null]>([
    ['stop', 'completed', null],
    ['stop_sequence', 'completed', null],
    ['tool_calls', 'completed', null],
    ['refusal', 'completed', null],
    ['length', 'incomplete', 'max_output_tokens'],
    ['content_filter', 'incomplete', 'content_filter'],
    ['pause', 'incomplete', 'max_messages'],
  ])('that ended with %s is %s', (reason, status, why) => {
    const last = eventsOf(streamed([start, ...block(0, { kind: 'text' }, 'Hi')], reason)).at(-1)
    expect(last?.['type']).toBe(`response.${status}`)
    expect(last?.['response']).toMatchObject({
      status,
      incomplete_details: why === null ? null : { reason: why },
      output: [{ status }],
    })
  })

  // Cases: dialects 36
  test("in one piece is read by OpenAI's SDK", async () => {
    const client = clientOf(JSON.stringify(whole(answer)), 'application/json')
    const response = await client.responses.create({ model: 'claude-x', input: 'Hi' })
    expect(response.output_text).toBe('Let me look.Now.')
    expect(response.output.map(({ type }) => type)).toContain('custom_tool_call')
  })
})

describe('an answer that fails', () => {
  const refusal = refuse('upstream_error', { message: 'The provider broke off.' })

  function failed(events: readonly ContentEvent[]): string {
    const encoder = new ResponsesEncoder(facts)
    return events.map((event) => encoder.write(event)).join('') + encoder.fail(refusal)
  }

  // Cases: dialects 13, 17
  test("ends with a failed response and an error that OpenAI's SDK raises, never in silence", async () => {
    const sse = failed([
      start,
      { kind: 'block_start', index: 0, block: { kind: 'text' } },
      { kind: 'delta', index: 0, text: 'Hi' },
    ])
    const seen: ResponseStreamEvent['type'][] = []
    const reading = async (): Promise<void> => {
      const stream = await clientOf(sse).responses.create({ model: 'x', input: 'Hi', stream: true })
      for await (const event of stream) seen.push(event.type)
    }
    await expect(reading()).rejects.toThrow('The provider broke off.')
    expect(seen.slice(-2)).toEqual(['response.output_text.delta', 'response.failed'])
    await expect(accumulated(sse)).rejects.toBeInstanceOf(APIError)
  })

  // Cases: dialects 11, 17
  test('says so flat and nested, numbered like the rest, also before anything else was said', () => {
    const events = eventsOf(failed([]))
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.failed',
      'error',
    ])
    expect(events.map((event) => event['sequence_number'])).toEqual([0, 1, 2, 3])
    expect(events[2]?.['response']).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'The provider broke off.' },
    })
    const said = { code: 'upstream_error', message: 'The provider broke off.', param: null }
    expect(events[3]).toMatchObject({ ...said, error: said })
  })
})
