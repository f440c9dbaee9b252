// Answers of Anthropic as neutral events, and as chat clients read them. The frames are held to the vendor's types.

import type {
  ContentBlock,
  Message,
  RawMessageStreamEvent,
  Usage,
} from '@anthropic-ai/sdk/resources/messages'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { AnswerEvent } from '#calls/answer-events.ts'
import { grammarFault } from '#calls/answer-grammar.ts'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { noUsage } from '#calls/usage.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { MessagesDecoder } from './anthropic-messages-decoder.ts'
import { ChatEncoder } from './openai-chat-encoder.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const usage: Usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  inference_geo: null,
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
type Reason = Message['stop_reason']

const start: Event = { type: 'message_start', message }
const begin = (index: number, block: ContentBlock): Event => ({
  type: 'content_block_start',
  index,
  content_block: block,
})
const text = (index: number, piece: string): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'text_delta', text: piece },
})
const json = (index: number, piece: string): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'input_json_delta', partial_json: piece },
})
const thinking = (index: number, piece: string): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'thinking_delta', thinking: piece },
})
const signature = (index: number, value: string): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'signature_delta', signature: value },
})
const stop = (index: number): Event => ({ type: 'content_block_stop', index })
const ends = (reason: Reason, sequence: string | null = null): Event => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: sequence, stop_details: null, container: null },
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 100,
    output_tokens: 7,
    output_tokens_details: null,
    server_tool_use: null,
  },
})
const done: Event = { type: 'message_stop' }
const emptyText: ContentBlock = { type: 'text', text: '', citations: null }
const toolUse = (id: string, input: unknown = {}): ContentBlock => ({
  type: 'tool_use',
  id,
  name: 'look',
  input,
  caller: { type: 'direct' },
})

const streamOf = (...events: readonly Event[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

function eventsOf(upstream: string): AnswerEvent[] {
  const reader = new FrameReader()
  const read = new MessagesDecoder('anthropic')
  const frames = [...reader.push(encoder.encode(upstream)), ...reader.end()]
  return [...frames.flatMap((frame) => read.frame(frame).events), ...read.end()]
}

function wholeOf(events: readonly AnswerEvent[]) {
  const blocks = new AnswerBlocks()
  for (const event of events) blocks.add(event)
  return blocks.whole()
}
const usagesOf = (events: readonly AnswerEvent[]) =>
  events.flatMap((event) => (event.kind === 'usage' ? [event.usage] : []))
const endOf = (events: readonly AnswerEvent[]) => events.find((event) => event.kind === 'end')

describe('a stream of Anthropic', () => {
  test('is read as blocks with their text, its thoughts with their signature and origin', () => {
    const events = eventsOf(
      streamOf(
        start,
        begin(0, { type: 'thinking', thinking: '', signature: '' }),
        thinking(0, 'Hm'),
        signature(0, 'Er+/=='),
        stop(0),
        begin(1, { type: 'redacted_thinking', data: 'Ab==' }),
        stop(1),
        begin(2, emptyText),
        text(2, 'Let me '),
        text(2, 'look.'),
        stop(2),
        begin(3, toolUse('toolu_1')),
        json(3, ''),
        json(3, '{"a":'),
        json(3, '1}'),
        stop(3),
        ends('tool_use'),
        done,
      ),
    )
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events)).toEqual({
      upstreamId: 'msg_up',
      blocks: [
        {
          started: { kind: 'reasoning', isSummary: false },
          text: 'Hm',
          state: { origin: 'anthropic', value: 'Er+/==' },
        },
        {
          started: { kind: 'reasoning', isSummary: false },
          text: '',
          state: { origin: 'anthropic', value: 'Ab==' },
          isRedacted: true,
        },
        { started: { kind: 'text' }, text: 'Let me look.' },
        { started: { kind: 'tool_call', id: 'toolu_1', name: 'look', isFreeform: false }, text: '{"a":1}' },
      ],
      endReason: 'tool_calls',
      stopSequence: undefined,
    })
  })

  // Cases: dialects 31
  test('has a cumulative usage: what the end says overwrites what the start said', () => {
    const events = eventsOf(
      streamOf(start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends('end_turn'), done),
    )
    expect(usagesOf(events)).toEqual([
      { ...noUsage, input: 10, cacheRead: 100, output: 1 },
      { ...noUsage, input: 10, cacheRead: 100, output: 7 },
    ])
  })

  // Cases: dialects 9
  test('with a tool call without arguments has an empty object, and one told whole at its start has that', () => {
    const whole = toolUse('toolu_2', { a: 1 })
    for (const [block, input] of [
      [toolUse('toolu_1'), '{}'],
      [whole, '{"a":1}'],
    ] as const) {
      const events = eventsOf(streamOf(start, begin(0, block), json(0, ''), stop(0), ends('tool_use'), done))
      expect(wholeOf(events).blocks[0]?.text).toBe(input)
    }
  })

  // Cases: dialects 34, 49
  test.each<[Reason, string | null, object]>([
    ['end_turn', null, { reason: 'stop' }],
    ['stop_sequence', 'END', { reason: 'stop_sequence', stopSequence: 'END' }],
    ['max_tokens', null, { reason: 'length' }],
    ['model_context_window_exceeded', null, { reason: 'length' }],
    ['refusal', null, { reason: 'refusal' }],
    ['pause_turn', null, { reason: 'pause' }],
  ])('that ends with %s says so, and is billed', (reason, sequence, end) => {
    const events = eventsOf(
      streamOf(start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends(reason, sequence), done),
    )
    expect(endOf(events)).toEqual({ kind: 'end', ...end })
    expect(events.at(-1)).toMatchObject({ kind: 'usage', isClosing: true, usage: { output: 7 } })
  })

  // Cases: dialects 4, 5
  test('of text and a tool that says "end_turn" ends with tool calls', () => {
    const events = eventsOf(
      streamOf(
        start,
        begin(0, emptyText),
        text(0, 'Hi'),
        stop(0),
        begin(1, toolUse('toolu_1')),
        stop(1),
        ends('end_turn'),
        done,
      ),
    )
    expect(endOf(events)).toEqual({ kind: 'end', reason: 'tool_calls' })
  })

  // Cases: dialects 14, 15
  test('has no event for pings, keep-alives, empty data and what nobody knows', () => {
    const noise =
      'event: ping\ndata: {"type":"ping"}\n\n: keep-alive\n\ndata: : PROCESSING\n\ndata:\n\nevent: new\ndata: {"type":"new"}\n\n'
    const quiet = eventsOf(
      streamOf(start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends('end_turn'), done),
    )
    const loud = [start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends('end_turn'), done]
      .map((event) => noise + streamOf(event))
      .join(noise)
    expect(eventsOf(loud + noise)).toEqual(quiet)
  })

  // Cases: dialects 3, 6
  test('with its events repeated is read once', () => {
    const once = [start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends('end_turn')]
    const events = eventsOf(streamOf(start, ...once, ends('end_turn'), stop(0), done, done, ...once))
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events).blocks).toEqual([{ started: { kind: 'text' }, text: 'Hi' }])
  })

  test('carries what only Anthropic knows as a whole, with the input that came later', () => {
    const search: ContentBlock = {
      type: 'server_tool_use',
      id: 'srv_1',
      name: 'web_search',
      input: {},
      caller: { type: 'direct' },
    }
    const events = eventsOf(
      streamOf(
        start,
        begin(0, search),
        json(0, '{"query":'),
        json(0, '"x"}'),
        stop(0),
        ends('end_turn'),
        done,
      ),
    )
    expect(wholeOf(events).blocks[0]?.started).toEqual({
      kind: 'unknown',
      type: 'server_tool_use',
      foreign: { dialect: 'messages', fields: { ...search, input: { query: 'x' } } },
    })
  })

  // Cases: dialects 17
  test.each([
    [
      'an error event',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Busy"}}\n\n',
      'Busy',
    ],
    [
      'an error without a name',
      'data: {"type":"error","error":{"type":"api_error","message":"Busy"}}\n\n',
      'Busy',
    ],
    ['what is no JSON', 'event: content_block_delta\ndata: {"type":\n\n', undefined],
  ])('that ends in %s ends in an error, and nothing follows', (_name, frame, words) => {
    const events = eventsOf(
      streamOf(start, begin(0, emptyText), text(0, 'Hi')) + frame + streamOf(text(0, 'x'), done),
    )
    expect(events.at(-1)).toEqual({ kind: 'error', message: words })
    expect(grammarFault(events)).toBeUndefined()
  })

  test('whose types stand before the data only, or in it only, is read alike', () => {
    const events = [start, begin(0, emptyText), text(0, 'Hi'), stop(0), ends('end_turn'), done]
    const untyped = events.map(({ type, ...rest }) => `event: ${type}\ndata: ${JSON.stringify(rest)}\n\n`)
    const unnamed = events.map((event) => `data: ${JSON.stringify(event)}\n\n`)
    expect(eventsOf(untyped.join(''))).toEqual(eventsOf(streamOf(...events)))
    expect(eventsOf(unnamed.join(''))).toEqual(eventsOf(streamOf(...events)))
  })

  test('in any order, with anything missing or repeated, holds to the grammar of an answer', () => {
    const pieces: readonly Event[] = [
      start,
      ...[0, 1, 2].flatMap((index) => [
        begin(index, emptyText),
        begin(index, toolUse(`toolu_${index}`)),
        begin(index, { type: 'thinking', thinking: 'x', signature: 's' }),
        begin(index, { type: 'redacted_thinking', data: 'd' }),
        text(index, 'a'),
        text(index, ''),
        json(index, '{}'),
        thinking(index, 't'),
        signature(index, 's'),
        stop(index),
      ]),
      ends('end_turn'),
      ends(null),
      done,
    ]
    const strange = fc.constantFrom(
      'data: {"type":"content_block_start"}\n\n',
      'data: {"type":"content_block_delta","index":0}\n\n',
      'data: 7\n\n',
      'data: {"type":"message_start","message":7}\n\n',
      'event: error\ndata: {}\n\n',
    )
    const frames = fc.array(
      fc.oneof(
        { arbitrary: fc.constantFrom(...pieces).map((event) => streamOf(event)), weight: 20 },
        { arbitrary: strange, weight: 1 },
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(frames, (upstream) => {
        const fault = grammarFault(eventsOf(upstream.join('')))
        expect([undefined, 'the answer has no end']).toContain(fault)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a whole message', () => {
  test('has the events of the same message streamed', () => {
    const content: ContentBlock[] = [
      { type: 'thinking', thinking: 'Hm', signature: 'Er==' },
      { type: 'text', text: 'Hi', citations: null },
      toolUse('toolu_1', { a: 1 }),
    ]
    const body = {
      ...message,
      content,
      stop_reason: 'tool_use' as const,
      usage: { ...usage, output_tokens: 7 },
    }
    const events = new MessagesDecoder('anthropic').body(body)
    expect(grammarFault(events)).toBeUndefined()
    const streamed = eventsOf(
      streamOf(
        start,
        begin(0, { type: 'thinking', thinking: '', signature: '' }),
        thinking(0, 'Hm'),
        signature(0, 'Er=='),
        stop(0),
        begin(1, emptyText),
        text(1, 'Hi'),
        stop(1),
        begin(2, toolUse('toolu_1')),
        json(2, '{"a":1}'),
        stop(2),
        ends('tool_use'),
        done,
      ),
    )
    expect(wholeOf(events)).toEqual(wholeOf(streamed))
    expect(usagesOf(events).at(-1)).toEqual(usagesOf(streamed).at(-1))
  })

  test('that is an error, or none at all, is one error', () => {
    const error = { type: 'error', error: { type: 'api_error', message: 'No' } }
    expect(new MessagesDecoder('anthropic').body(error)).toEqual([{ kind: 'error', message: 'No' }])
    expect(new MessagesDecoder('anthropic').body({})).toEqual([{ kind: 'error', message: undefined }])
  })
})

describe('a stream of Anthropic for a chat client', () => {
  // Cases: dialects 5, 26
  test('has its text, its tool call and an inclusive usage', () => {
    const answer = new TranslatedAnswer({
      decoder: new MessagesDecoder('anthropic'),
      encoder: new ChatEncoder({
        answerId: 'a',
        model: 'm',
        createdAtSeconds: 1,
        expectedInputTokens: 5,
        includeUsage: true,
        origin: 'anthropic',
        echo: {},
      }),
      toolNames: undefined,
      countTokens: countTokensByBytes,
      expectedInputTokens: 5,
      costOf: () => ({ costNanoUsd: nanoUsd(1), lines: [] }),
    })
    const upstream = streamOf(
      start,
      begin(0, emptyText),
      text(0, 'Hi'),
      stop(0),
      begin(1, toolUse('toolu_1')),
      stop(1),
      ends('tool_use'),
      done,
    )
    const seen = new FrameReader().push(encoder.encode(upstream)).map((frame) => answer.see(frame).bytes)
    const client = [...seen, answer.closingBytes()].map((bytes) => decoder.decode(bytes)).join('')
    const chunks = new FrameReader()
      .push(encoder.encode(client))
      .flatMap(({ data = '' }) => (data === '[DONE]' ? [] : [JSON.parse(data)]))
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hi')
    expect(
      chunks.filter((chunk) => isObject(chunk.choices[0]?.delta) && 'tool_calls' in chunk.choices[0].delta)
        .length,
    ).toBeGreaterThan(0)
    expect(
      chunks.map((chunk) => chunk.choices[0]?.finish_reason).find((reason) => typeof reason === 'string'),
    ).toBe('tool_calls')
    expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 110, completion_tokens: 7, total_tokens: 117 })
  })
})
