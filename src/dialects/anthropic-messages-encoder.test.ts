// Answers of chat upstreams as messages clients read them: put together by the official SDK, held to its types.

import Anthropic from '@anthropic-ai/sdk'
import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import fc from 'fast-check'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import { type AnswerEvent, type ContentEvent, endReasons, type StartedBlock } from '#calls/answer-events.ts'
import type { PricedUsage } from '#calls/charge.ts'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { openState } from '#calls/reasoning-state.ts'
import { SequentialBlocks } from '#calls/sequential-blocks.ts'
import { inputTokensOf, noUsage, outputTokensOf } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { MessagesEncoder } from './anthropic-messages-encoder.ts'
import type { AnswerEnd, AnswerFacts } from './dialect.ts'
import { ChatDecoder } from './openai-chat-decoder.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const facts: AnswerFacts = {
  answerId: 'msg_1',
  model: 'asked/for',
  createdAtSeconds: 1,
  expectedInputTokens: 25,
  includeUsage: false,
  origin: 'deepseek',
  echo: {},
}
const inputPrice = picoUsd(1_000_000)

/** $1 and $2 per million tokens: 1,000 and 2,000 nano-dollars each. */
function costOf({ usage: used }: MeteredUsage): PricedUsage {
  const [units, outputUnits] = [inputTokensOf(used), outputTokensOf(used)]
  return {
    costNanoUsd: nanoUsd(units * 1_000 + outputUnits * 2_000),
    lines: [{ unit: 'input', units, pricePicoUsd: inputPrice }],
  }
}

type Delta = ChatCompletionChunk.Choice.Delta
type Finish = ChatCompletionChunk.Choice['finish_reason']

const chunk = (delta: object, finish: Finish = null, more: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'up-1',
  choices: [{ index: 0, delta: delta satisfies Delta, finish_reason: finish }],
  ...more,
})
const text = (content: string) => chunk({ content })
const tool = (index: number, piece: object) => chunk({ tool_calls: [{ index, ...piece }] })
const call = (index: number, id: string, args = '') =>
  tool(index, { id, type: 'function', function: { name: 'look', arguments: args } })
const args = (index: number, piece: string) => tool(index, { function: { arguments: piece } })
const usage = { prompt_tokens: 140, completion_tokens: 9, total_tokens: 149 }
const usageChunk = { ...chunk({}), choices: [], usage }

const streamOf = (...values: unknown[]) =>
  values.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('')

function translated(): TranslatedAnswer {
  return new TranslatedAnswer({
    decoder: new ChatDecoder('deepseek'),
    encoder: new MessagesEncoder(facts),
    toolNames: undefined,
    countTokens: countTokensByBytes,
    expectedInputTokens: 25,
    costOf,
  })
}

/** The client's stream of what a chat upstream sent. */
function fromChat(upstream: string): string {
  const answer = translated()
  const reader = new FrameReader()
  const seen = [...reader.push(encoder.encode(upstream)), ...reader.end()].map((frame) => answer.see(frame))
  const client = seen.map(({ bytes }) => decoder.decode(bytes)).join('')
  return client + decoder.decode(answer.closingBytes())
}

function eventsOf(client: string): RawMessageStreamEvent[] {
  return new FrameReader().push(encoder.encode(client)).map(({ event, data }) => {
    const parsed: RawMessageStreamEvent = JSON.parse(data ?? '')
    // Clients drop an event whose name is missing, and dispatch by the one or the other.
    expect(event).toBe(parsed.type)
    return parsed
  })
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
const shape = (client: string) =>
  eventsOf(client).map((event) => {
    if (event.type === 'content_block_start') return `${event.index} ${event.content_block.type}`
    return event.type === 'content_block_delta' ? `${event.index} ${event.delta.type}` : event.type
  })

const use = (id: string, input: unknown) => ({
  type: 'tool_use',
  id,
  name: 'look',
  input,
  caller: { type: 'direct' },
})

describe('a streamed chat answer for a messages client', () => {
  // Cases: dialects 6, 10, 32, 36
  test('is one message start with the full usage shape, blocks, one delta and one stop', async () => {
    const client = fromChat(
      streamOf(
        chunk({ role: 'assistant', content: '' }),
        text('Hel'),
        text('lo'),
        chunk({}, 'stop'),
        usageChunk,
        '[DONE]',
      ),
    )
    expect(shape(client)).toEqual([
      'message_start',
      '0 text',
      '0 text_delta',
      '0 text_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const [start] = eventsOf(client)
    expect(start).toEqual({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'asked/for',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: {
          input_tokens: 25,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
          output_tokens: 0,
          output_tokens_details: null,
          server_tool_use: null,
          service_tier: 'standard',
          inference_geo: null,
          speed: null,
        },
      },
    } satisfies RawMessageStreamEvent)
    const message = await putTogether(client)
    expect(message).toMatchObject({
      model: 'asked/for',
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      // The estimate at the start is corrected by the end.
      usage: { input_tokens: 140, output_tokens: 9 },
    })
  })

  // Cases: dialects 32
  test('never states an input of zero at its start', () => {
    const bare = new MessagesEncoder({ ...facts, expectedInputTokens: 0 })
    expect(eventsOf(bare.write({ kind: 'start', upstreamId: undefined }))).toMatchObject([
      { message: { usage: { input_tokens: 1 } } },
    ])
  })

  // Cases: dialects 26, 35
  test('has its cost in the usage of the message delta, with the cache apart from the input', () => {
    const cached = { ...usageChunk, usage: { ...usage, prompt_tokens_details: { cached_tokens: 100 } } }
    const delta = eventsOf(fromChat(streamOf(text('Hi'), chunk({}, 'stop'), cached, '[DONE]'))).at(-2)
    expect(delta).toMatchObject({
      type: 'message_delta',
      usage: {
        input_tokens: 40,
        cache_read_input_tokens: 100,
        output_tokens: 9,
        cost: 0.000158,
        cost_details: { usage_source: 'final' },
      },
    })
  })

  // Cases: dialects 1
  test('with text and an empty list of tool calls in one chunk is text', async () => {
    const client = fromChat(streamOf(chunk({ content: 'Hi', tool_calls: [] }), chunk({}, 'stop'), '[DONE]'))
    expect((await putTogether(client)).content).toEqual([{ type: 'text', text: 'Hi', citations: null }])
    expect(client).not.toContain('input_json_delta')
  })

  // Cases: dialects 2
  test('whose tool deltas repeat id, type and name has one block for the call', async () => {
    const piece = (part: string) =>
      tool(0, { id: 'call_1', type: 'function', function: { name: 'look', arguments: part } })
    const client = fromChat(
      streamOf(piece('{"a"'), piece(':1'), piece('}'), chunk({}, 'tool_calls'), '[DONE]'),
    )
    expect((await putTogether(client)).content).toEqual([use('call_1', { a: 1 })])
    expect(shape(client).filter((one) => one === '0 tool_use')).toHaveLength(1)
  })

  // Cases: dialects 3
  test('with several finish reasons closes each block once and ends once', () => {
    const client = fromChat(
      streamOf(text('Hi'), chunk({}, 'stop'), chunk({}, 'stop'), chunk({}, 'stop'), '[DONE]'),
    )
    expect(shape(client).filter((one) => one === 'content_block_stop')).toHaveLength(1)
    expect(shape(client).filter((one) => one === 'message_delta')).toHaveLength(1)
  })

  // Cases: dialects 4
  test('that says "stop" after tool calls ends with tool_use', async () => {
    const message = await putTogether(
      fromChat(streamOf(call(0, 'call_1', '{}'), chunk({}, 'stop'), '[DONE]')),
    )
    expect(message.stop_reason).toBe('tool_use')
  })

  // Cases: dialects 5
  test('of text and then a tool ends with tool_use and loses no delta', async () => {
    const client = fromChat(
      streamOf(
        text('Let me '),
        text('look.'),
        call(0, 'call_1'),
        args(0, '{"a":'),
        args(0, '"b"}'),
        chunk({}, 'tool_calls'),
        '[DONE]',
      ),
    )
    const message = await putTogether(client)
    expect(message.content).toEqual([
      { type: 'text', text: 'Let me look.', citations: null },
      use('call_1', { a: 'b' }),
    ])
    expect(message.stop_reason).toBe('tool_use')
  })

  // Cases: dialects 6, 10
  test('whose first output is a tool has no empty text in front of it', () => {
    const client = fromChat(
      streamOf(
        chunk({ role: 'assistant', content: '' }),
        call(0, 'call_1', '{}'),
        chunk({}, 'tool_calls'),
        '[DONE]',
      ),
    )
    expect(shape(client).slice(0, 3)).toEqual(['message_start', '0 tool_use', '0 input_json_delta'])
  })

  // Cases: dialects 6, 10
  test('whose text and thoughts stay empty has no block for them', () => {
    const writer = new MessagesEncoder(facts)
    const empty = (['text', 'refusal'] as const).map((kind): StartedBlock => ({ kind }))
    const blocks: StartedBlock[] = [
      ...empty,
      { kind: 'reasoning', isSummary: false },
      { kind: 'tool_call', id: 'call_1', name: 'look', isFreeform: false },
    ]
    const client = blocks
      .flatMap((block, index): ContentEvent[] => [
        { kind: 'block_start', index, block },
        { kind: 'block_end', index },
      ])
      .map((event) => writer.write(event))
      .join('')
    expect(shape(client)).toEqual(['0 tool_use', 'content_block_stop'])
  })

  // Cases: dialects 7, 10
  test('has its thoughts in a block of their own, closed before the text opens', async () => {
    const client = fromChat(
      streamOf(
        chunk({ reasoning_content: 'Hm' }),
        chunk({ reasoning_content: 'm' }),
        text('Yes'),
        chunk({}, 'stop'),
        '[DONE]',
      ),
    )
    expect(shape(client).slice(1, -2)).toEqual([
      '0 thinking',
      '0 thinking_delta',
      '0 thinking_delta',
      '0 signature_delta',
      'content_block_stop',
      '1 text',
      '1 text_delta',
      'content_block_stop',
    ])
    const [thinking] = (await putTogether(client)).content
    expect(thinking).toMatchObject({ type: 'thinking', thinking: 'Hmm' })
  })

  // Cases: dialects 59
  test('marks thoughts that nobody signed with their origin, so that they can be told from Anthropic’s', async () => {
    const message = await putTogether(
      fromChat(streamOf(chunk({ reasoning_content: 'Hm' }), text('Yes'), chunk({}, 'stop'), '[DONE]')),
    )
    const [thinking] = message.content
    expect(thinking?.type === 'thinking' ? openState(thinking.signature) : undefined).toEqual({
      origin: 'deepseek',
      value: '',
    })
  })

  // Cases: dialects 8, 10
  test('with parallel tool calls in turns tells them one after the other, with distinct ids', async () => {
    const client = fromChat(
      streamOf(
        call(0, 'call_1'),
        call(1, 'call_2'),
        args(1, '{"b"'),
        args(0, '{"a"'),
        args(1, ':2}'),
        args(0, ':1}'),
        chunk({}, 'tool_calls'),
        '[DONE]',
      ),
    )
    expect((await putTogether(client)).content).toEqual([use('call_1', { a: 1 }), use('call_2', { b: 2 })])
    const indexes = shape(client).flatMap((one) => (/^\d/.test(one) ? [Number(one[0])] : []))
    expect(indexes).toEqual(indexes.toSorted((one, other) => one - other))
  })

  // Cases: dialects 9
  test('with a tool call without arguments has an empty object as its input', async () => {
    for (const empty of [call(0, 'call_1'), call(0, 'call_1', '{}')]) {
      const message = await putTogether(fromChat(streamOf(empty, chunk({}, 'tool_calls'), '[DONE]')))
      expect(message.content).toEqual([use('call_1', {})])
    }
  })

  // Cases: dialects 14, 15
  test('has none of the upstream’s keep-alives, and no event that is no message’s', () => {
    const client = fromChat(
      `: keep-alive\n\ndata: : PROCESSING\n\ndata:\n\n${streamOf(text('Hi'))}event: ping\ndata: {}\n\n${streamOf(chunk({}, 'stop'), '[DONE]')}`,
    )
    expect(client).not.toMatch(/PROCESSING|keep-alive|data: *\n|ping/)
    expect(shape(client)).toHaveLength(6)
  })

  // Cases: dialects 55
  test('has tool ids in Anthropic’s alphabet, distinct, the same for the same id', async () => {
    const ids = ['functions.look:0', 'functions.look:1', `call_${'x'.repeat(90)}`, `call_${'x'.repeat(90)}y`]
    const calls = ids.map((id, index) => call(index, id, '{}'))
    const idsOf = async () =>
      (await putTogether(fromChat(streamOf(...calls, chunk({}, 'tool_calls'), '[DONE]')))).content.map(
        (block) => (block.type === 'tool_use' ? block.id : ''),
      )
    const written = await idsOf()
    expect(new Set(written).size).toBe(4)
    for (const id of written) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(await idsOf()).toEqual(written)
  })

  // Cases: dialects 17
  test('that breaks off ends in an error event with our message', async () => {
    const answer = translated()
    const [frame] = new FrameReader().push(encoder.encode(streamOf(text('Hi'))))
    if (frame === undefined) throw new Error('one frame')
    const begun = decoder.decode(answer.see(frame).bytes)
    const error = decoder.decode(answer.errorBytes(refuse('upstream_error', { message: 'Broke off.' })))
    await expect(putTogether(begun + error)).rejects.toMatchObject({ type: 'api_error' })
  })

  test('that we cut ends as one that reached its length, its open block closed', async () => {
    const answer = translated()
    const frames = new FrameReader().push(encoder.encode(streamOf(text('Hi'))))
    const begun = frames.map((frame) => decoder.decode(answer.see(frame).bytes)).join('')
    const message = await putTogether(begun + decoder.decode(answer.lengthEndingBytes()))
    expect(message).toMatchObject({ content: [{ type: 'text', text: 'Hi' }], stop_reason: 'max_tokens' })
  })
})

describe('the end of an answer', () => {
  // Cases: dialects 34, 49
  test.each<[AnswerEnd, object]>([
    [{ reason: 'stop' }, { stop_reason: 'end_turn', stop_sequence: null }],
    [
      { reason: 'stop_sequence', stopSequence: 'END' },
      { stop_reason: 'stop_sequence', stop_sequence: 'END' },
    ],
    [{ reason: 'length' }, { stop_reason: 'max_tokens', stop_details: null }],
    [{ reason: 'tool_calls' }, { stop_reason: 'end_turn' }],
    [{ reason: 'refusal' }, { stop_reason: 'refusal', stop_details: { type: 'refusal' } }],
    [{ reason: 'content_filter' }, { stop_reason: 'refusal' }],
    [{ reason: 'pause' }, { stop_reason: 'pause_turn' }],
  ])('%j is told with its usage and cost', (end, delta) => {
    const metered: MeteredUsage = { usage: { ...noUsage, input: 1, output: 1 }, source: 'final' }
    const client = new MessagesEncoder(facts).close(end, { priced: costOf(metered), metered })
    expect(eventsOf(client).slice(1)).toMatchObject([
      { type: 'message_delta', delta, usage: { cost: 0.000003 } },
      { type: 'message_stop' },
    ])
  })
})

/** Sequential events of an answer, as any decoder may give them. */
const words = fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 4 })
const state = fc.option(
  fc.record({ origin: fc.constant('openai'), value: fc.base64String({ minLength: 4 }) }),
)
const answerBlock = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), words }),
  fc.record({ kind: fc.constant('refusal' as const), words }),
  fc.record({ kind: fc.constant('reasoning' as const), words, state }),
  fc.record({
    kind: fc.constant('tool_call' as const),
    words: fc.jsonValue({ maxDepth: 1 }).map((value) => [JSON.stringify({ value })]),
    state,
    isFreeform: fc.boolean(),
  }),
)

type AnswerBlockCase = {
  kind: 'text' | 'refusal' | 'reasoning' | 'tool_call'
  words: string[]
  state?: { origin: string; value: string } | null
  isFreeform?: boolean
}

function startedOf({ kind, isFreeform = false }: AnswerBlockCase, index: number): StartedBlock {
  if (kind === 'reasoning') return { kind, isSummary: false }
  return kind === 'tool_call' ? { kind, id: `call_${index}`, name: 'look', isFreeform } : { kind }
}

function eventsOfBlock(block: AnswerBlockCase, index: number): AnswerEvent[] {
  const stated: AnswerEvent[] = block.state ? [{ kind: 'state', index, state: block.state }] : []
  const texts = block.words.map((word): AnswerEvent => ({ kind: 'delta', index, text: word }))
  const inOrder = block.kind === 'tool_call' ? [...stated, ...texts] : [...texts, ...stated]
  return [
    { kind: 'block_start', index, block: startedOf(block, index) },
    ...inOrder,
    { kind: 'block_end', index },
  ]
}

const partsOf = (message: JsonObject | Message) =>
  JSON.parse(
    JSON.stringify({ ...message, cost: undefined, parsed_output: undefined }),
    (_name, value: unknown) =>
      isObject(value) && 'parsed' in value ? { ...value, parsed: undefined } : value,
  )

describe('a whole answer', () => {
  test('is the streamed one put together by the official SDK', async () => {
    const metered: MeteredUsage = { usage: { ...noUsage, input: 30, output: 5 }, source: 'final' }
    const shown = { priced: costOf(metered), metered }
    await fc.assert(
      fc.asyncProperty(
        fc.array(answerBlock, { maxLength: 5 }),
        fc.constantFrom(...endReasons),
        async (blocks, reason) => {
          const events: AnswerEvent[] = [
            { kind: 'start', upstreamId: 'up' },
            ...blocks.flatMap((block, index) => eventsOfBlock(block, index)),
            { kind: 'end', reason },
          ]
          const writer = new MessagesEncoder(facts)
          const sequence = new SequentialBlocks()
          const kept = new AnswerBlocks()
          let client = ''
          for (const event of events) {
            kept.add(event)
            for (const next of sequence.push(event))
              if (next.kind !== 'usage' && next.kind !== 'end' && next.kind !== 'error')
                client += writer.write(next)
          }
          client += writer.close({ reason }, shown)
          const whole = partsOf(new MessagesEncoder(facts).whole(kept.whole(), shown))
          const streamed = partsOf(await putTogether(client))
          expect(streamed.content).toEqual(whole.content)
          expect({ ...streamed, usage: null }).toEqual({ ...whole, usage: null })
          expect(whole.usage).toMatchObject({
            input_tokens: 30,
            output_tokens: 5,
            cost: shown.priced.costNanoUsd / 1e9,
          })
          expect(streamed.usage).toMatchObject({ input_tokens: 30, output_tokens: 5 })
        },
      ),
      { numRuns: 60 },
    )
  })

  // Cases: dialects 35, 36
  test('has its cost on top and in its usage, and the model’s name as the client wrote it', () => {
    const answer = translated()
    const body = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage,
    }
    expect(answer.seeBody(body)).toBe(true)
    const metered = answer.usage()
    expect(answer.wholeBody(body, { priced: costOf(metered), metered })).toMatchObject({
      type: 'message',
      model: 'asked/for',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 140, output_tokens: 9, cost: 0.000158 },
      cost: 0.000158,
    })
  })
})
