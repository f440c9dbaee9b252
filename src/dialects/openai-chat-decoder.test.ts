// What companies send as chat completions, read into the one order of events.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { AnswerEvent } from '#calls/answer-events.ts'
import { grammarFault } from '#calls/answer-grammar.ts'
import type { JsonObject } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { ChatDecoder } from './openai-chat-decoder.ts'

const encoder = new TextEncoder()

const chunk = (delta: JsonObject, more: JsonObject = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'up-1',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
})
const finish = (reason: string) => chunk({}, { finish_reason: reason })
const tool = (index: number, fields: JsonObject) => chunk({ tool_calls: [{ index, ...fields }] })
const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
const usageOnly = { ...chunk({}), choices: [], usage }

function eventsOf(...chunks: readonly unknown[]): AnswerEvent[] {
  const decoder = new ChatDecoder('deepseek')
  const text = chunks
    .map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`)
    .join('')
  const frames = new FrameReader().push(encoder.encode(text))
  const events = frames.flatMap((frame) => decoder.frame(frame).events)
  return events.some(({ kind }) => kind === 'error') ? events : [...events, ...decoder.end()]
}

function answerOf(...chunks: readonly unknown[]) {
  const events = eventsOf(...chunks)
  expect(grammarFault(events)).toBeUndefined()
  const blocks = new AnswerBlocks()
  for (const event of events) blocks.add(event)
  const { blocks: all, endReason } = blocks.whole()
  return {
    blocks: all.map(({ started, text, state }) => ({ ...started, text, ...(state && { state }) })),
    endReason,
  }
}

const text = (value: string) => ({ kind: 'text', text: value })
const thought = (value: string) => ({ kind: 'reasoning', isSummary: false, text: value })
const call = (id: string, input: string) => ({
  kind: 'tool_call',
  id,
  name: 'look',
  isFreeform: false,
  text: input,
})

describe('a streamed answer', () => {
  // Cases: dialects 1
  test('whose text comes beside an empty list of tool calls is text', () => {
    expect(
      answerOf(chunk({ role: 'assistant', content: 'Hi', tool_calls: [] }), finish('stop'), '[DONE]'),
    ).toEqual({
      blocks: [text('Hi')],
      endReason: 'stop',
    })
  })

  // Cases: dialects 2, 9
  test('that repeats id, type and name on every delta of a tool call has one call', () => {
    const named = { id: 'a', type: 'function' }
    const pieces = ['{"a"', ':1}'].map((piece) =>
      tool(0, { ...named, function: { name: 'look', arguments: piece } }),
    )
    expect(answerOf(...pieces, finish('tool_calls')).blocks).toEqual([call('a', '{"a":1}')])
    expect(answerOf(tool(0, { ...named, function: { name: 'look' } }), finish('tool_calls')).blocks).toEqual([
      call('a', ''),
    ])
  })

  // Cases: dialects 3
  test('with several finish reasons ends once, by the first', () => {
    const events = eventsOf(chunk({ content: 'Hi' }), finish('length'), finish('stop'), usageOnly, '[DONE]')
    expect(grammarFault(events)).toBeUndefined()
    expect(events.filter(({ kind }) => kind === 'end')).toEqual([{ kind: 'end', reason: 'length' }])
    expect(events.filter(({ kind }) => kind === 'block_end')).toHaveLength(1)
  })

  // Cases: dialects 4, 5
  test('that says "stop" after text and a tool call ends as a tool turn', () => {
    const begun = tool(0, { id: 'a', function: { name: 'look', arguments: '{}' } })
    expect(answerOf(chunk({ content: 'Let me look.' }), begun, finish('stop'))).toEqual({
      blocks: [text('Let me look.'), call('a', '{}')],
      endReason: 'tool_calls',
    })
  })

  // Cases: dialects 7, 62
  test.each([
    ['reasoning_content', { reasoning_content: 'Hm' }],
    ['reasoning', { reasoning: 'Hm' }],
    ['both at once', { reasoning_content: 'Hm', reasoning: 'Hm' }],
    ['parts', { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }],
  ])('has its thoughts, named %s, in a block of their own that closes before text opens', (_, delta) => {
    expect(answerOf(chunk(delta), chunk({ content: 'Hi' }), finish('stop')).blocks).toEqual([
      thought('Hm'),
      text('Hi'),
    ])
  })

  // Cases: dialects 61
  test('keeps what a model must see again beside its thoughts and its tool calls', () => {
    const signed = chunk({
      reasoning: 'Hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 's1' }],
    })
    const extra = { google: { thought_signature: 's2' } }
    const begun = tool(0, { id: 'a', function: { name: 'look', arguments: '{}' }, extra_content: extra })
    expect(answerOf(signed, begun, finish('tool_calls')).blocks).toEqual([
      { ...thought('Hm'), state: { origin: 'deepseek', value: 's1' } },
      { ...call('a', '{}'), state: { origin: 'deepseek', value: 's2' } },
    ])
  })

  test('tells interleaved tool calls apart by their index', () => {
    const begin = (index: number, id: string) =>
      tool(index, { id, function: { name: 'look', arguments: '' } })
    const more = (index: number, piece: string) => tool(index, { function: { arguments: piece } })
    const chunks = [
      begin(0, 'a'),
      begin(1, 'b'),
      more(1, '{"b"'),
      more(0, '{"a"'),
      more(1, ':2}'),
      more(0, ':1}'),
    ]
    expect(answerOf(...chunks, finish('tool_calls')).blocks).toEqual([
      call('a', '{"a":1}'),
      call('b', '{"b":2}'),
    ])
  })

  // Cases: dialects 14
  test('whose upstream sends a comment as data, or a ping, is not disturbed', () => {
    expect(
      answerOf(': PROCESSING', { type: 'ping' }, chunk({ content: 'Hi' }), ': x', finish('stop'), '[DONE]')
        .blocks,
    ).toEqual([text('Hi')])
  })

  // Cases: dialects 25
  test('states its usage on the finish chunk, in mid-stream or at the end: the last one stands', () => {
    const events = eventsOf(
      { ...chunk({ content: 'Hi' }), usage },
      { ...finish('stop'), usage },
      usageOnly,
      '[DONE]',
    )
    expect(events.filter((event) => event.kind === 'usage').map(({ isClosing }) => isClosing)).toEqual([
      false,
      true,
      true,
    ])
  })

  // Cases: dialects 16, 17
  test.each([
    ['an error object', { error: { message: 'no more' } }, 'no more'],
    ['an error text', { error: 'no more' }, 'no more'],
    ['what is no JSON', '{"id":', undefined],
    ['what is glued together', '{"a":1}{"b":2}', undefined],
  ])('that holds %s fails', (_, broken, message) => {
    expect(eventsOf(chunk({ content: 'Hi' }), broken).at(-1)).toEqual({ kind: 'error', message })
  })
})

test('a whole answer has the blocks of the streamed one', () => {
  const message = {
    role: 'assistant',
    content: 'Hi',
    reasoning_content: 'Hm',
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
      { id: 'b', type: 'function', function: { name: 'look', arguments: '' } },
    ],
  }
  const events = new ChatDecoder('x').body({
    id: 'c',
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    usage,
  })
  expect(grammarFault(events)).toBeUndefined()
  const blocks = new AnswerBlocks()
  for (const event of events) blocks.add(event)
  const { blocks: all, endReason, upstreamId } = blocks.whole()
  expect([upstreamId, endReason]).toEqual(['c', 'tool_calls'])
  expect(all.map(({ started, text: value }) => ({ ...started, text: value }))).toEqual([
    thought('Hm'),
    text('Hi'),
    call('a', '{"a":1}'),
    call('b', ''),
  ])
})

test('a whole answer without choices, or with an error, is one error', () => {
  expect(new ChatDecoder('x').body({ error: { message: 'no' } })).toEqual([{ kind: 'error', message: 'no' }])
  expect(new ChatDecoder('x').body({})).toEqual([{ kind: 'error', message: undefined }])
})

test('whatever chunks come, in whatever order, the events keep the order of an answer', () => {
  const piece = fc.constantFrom('', 'a', '{', '世')
  const delta = fc.oneof(
    fc.record({ content: fc.oneof(piece, fc.constant(null)) }),
    fc.record({
      reasoning: piece,
      reasoning_details: fc.constantFrom(undefined, [{ data: 'd' }], [{ signature: 's' }]),
    }),
    fc.record({ refusal: piece }),
    fc.record({
      tool_calls: fc.array(
        fc.record({
          index: fc.constantFrom(undefined, 0, 1, 2),
          id: fc.constantFrom(undefined, 'a', 'b'),
          function: fc.record({ name: fc.constantFrom(undefined, '', 'look'), arguments: piece }),
          extra_content: fc.constantFrom(undefined, { google: { thought_signature: 't' } }),
        }),
        { maxLength: 3 },
      ),
    }),
    fc.record({ function_call: fc.record({ name: fc.constantFrom(undefined, 'look'), arguments: piece }) }),
    fc.constant({}),
  )
  const any = fc.oneof(
    delta.map((one) => chunk(one)),
    fc.constantFrom<unknown>(
      finish('stop'),
      finish('tool_calls'),
      usageOnly,
      { ...finish('stop'), usage },
      ': x',
    ),
    fc.jsonValue().map((choices) => ({ choices })),
  )
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (chunks) => {
      expect(grammarFault(eventsOf(...chunks))).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
})
