// Answers of upstreams that speak responses, in the frames that their vendors document, as neutral events.

import fc from 'fast-check'
import type { Response as OpenAiResponse, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks, type WholeAnswer } from '#calls/answer-blocks.ts'
import type { AnswerEvent } from '#calls/answer-events.ts'
import { grammarFault } from '#calls/answer-grammar.ts'
import type { JsonObject } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseEvent } from '#sse/write.ts'
import { ResponsesDecoder } from './openai-responses-decoder.ts'

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60, cache_write_tokens: 0 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 30 },
  total_tokens: 150,
}
const vector = {
  input: 40,
  cacheRead: 60,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  audioInput: 0,
  output: 20,
  reasoning: 30,
  audioOutput: 0,
}

const reasoning = {
  type: 'reasoning',
  id: 'rs_1',
  summary: [
    { type: 'summary_text', text: 'One.' },
    { type: 'summary_text', text: 'Two.' },
  ],
  encrypted_content: 'gAAA==',
} as const
const message = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }],
} as const
const call = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_1',
  name: 'look',
  arguments: '{"a":1}',
  status: 'completed',
} as const
const custom = {
  type: 'custom_tool_call',
  id: 'ctc_1',
  call_id: 'call_2',
  name: 'patch',
  input: '*** Begin',
} as const

/** What only type checks: the fields that no decoder reads. */
const rest = {
  object: 'response',
  created_at: 1_700_000_000,
  output_text: '',
  access_programs: null,
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model: 'gpt-x',
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
} satisfies Partial<OpenAiResponse>

const response: OpenAiResponse = {
  ...rest,
  id: 'resp_1',
  status: 'completed',
  output: [
    { ...reasoning, summary: [...reasoning.summary] },
    { ...message, content: [{ ...message.content[0], annotations: [] }] },
    call,
    custom,
  ],
  usage,
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'sequence_number'> : never
type Event = Unnumbered<ResponseStreamEvent>

const opening: Event[] = [
  { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
  { type: 'response.in_progress', response: { ...response, status: 'in_progress', output: [] } },
]
const summaryPart = { item_id: 'rs_1', output_index: 0, part: { type: 'summary_text', text: '' } } as const
const part = { item_id: 'msg_1', output_index: 1, content_index: 0 }

/** Two thoughts, a text, a function and a freeform tool, as OpenAI streams them. */
const streamed: Event[] = [
  ...opening,
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [] },
  },
  { type: 'response.reasoning_summary_part.added', ...summaryPart, summary_index: 0 },
  {
    type: 'response.reasoning_summary_text.delta',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 0,
    delta: 'On',
  },
  {
    type: 'response.reasoning_summary_text.delta',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 0,
    delta: 'e.',
  },
  {
    type: 'response.reasoning_summary_text.done',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 0,
    text: 'One.',
  },
  { type: 'response.reasoning_summary_part.done', ...summaryPart, summary_index: 0 },
  { type: 'response.reasoning_summary_part.added', ...summaryPart, summary_index: 1 },
  {
    type: 'response.reasoning_summary_text.delta',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 1,
    delta: 'Two.',
  },
  {
    type: 'response.reasoning_summary_text.done',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 1,
    text: 'Two.',
  },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: { ...reasoning, summary: [...reasoning.summary] },
  },
  {
    type: 'response.output_item.added',
    output_index: 1,
    item: { ...message, status: 'in_progress', content: [] },
  },
  { type: 'response.content_part.added', ...part, part: { type: 'output_text', text: '', annotations: [] } },
  { type: 'response.output_text.delta', ...part, delta: 'Let ', logprobs: [] },
  { type: 'response.output_text.delta', ...part, delta: 'me look.', logprobs: [] },
  { type: 'response.output_text.done', ...part, text: 'Let me look.', logprobs: [] },
  {
    type: 'response.content_part.done',
    ...part,
    part: { type: 'output_text', text: 'Let me look.', annotations: [] },
  },
  {
    type: 'response.output_item.done',
    output_index: 1,
    item: { ...message, content: [{ ...message.content[0], annotations: [] }] },
  },
  {
    type: 'response.output_item.added',
    output_index: 2,
    item: { ...call, arguments: '', status: 'in_progress' },
  },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 2, delta: '{"a"' },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 2, delta: ':1}' },
  { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 2, arguments: '{"a":1}' },
  { type: 'response.output_item.done', output_index: 2, item: call },
  { type: 'response.output_item.added', output_index: 3, item: { ...custom, input: '' } },
  { type: 'response.custom_tool_call_input.delta', item_id: 'ctc_1', output_index: 3, delta: '*** Begin' },
  { type: 'response.custom_tool_call_input.done', item_id: 'ctc_1', output_index: 3, input: '*** Begin' },
  { type: 'response.output_item.done', output_index: 3, item: custom },
  { type: 'response.completed', response },
]

const written = (event: object, at: number): string =>
  sseEvent({
    event: 'type' in event ? String(event.type) : 'x',
    json: JSON.stringify({ ...event, sequence_number: at }),
  })

function decoded(sse: string, pieceLength = sse.length): { events: AnswerEvent[]; dones: number } {
  const decoder = new ResponsesDecoder('openai')
  const reader = new FrameReader()
  const bytes = new TextEncoder().encode(sse)
  const events: AnswerEvent[] = []
  let dones = 0
  const read = (frames: ReturnType<FrameReader['push']>): void => {
    for (const frame of frames) {
      const one = decoder.frame(frame)
      events.push(...one.events)
      if (one.isDone) dones += 1
    }
  }
  for (let at = 0; at < bytes.length; at += pieceLength)
    read(reader.push(bytes.subarray(at, at + pieceLength)))
  read(reader.end())
  events.push(...decoder.end())
  return { events, dones }
}

const eventsOf = (events: readonly object[]): AnswerEvent[] => decoded(events.map(written).join('')).events

function wholeOf(events: readonly AnswerEvent[]): WholeAnswer {
  const blocks = new AnswerBlocks()
  for (const event of events) blocks.add(event)
  return blocks.whole()
}

const expected: WholeAnswer = {
  upstreamId: 'resp_1',
  blocks: [
    {
      started: { kind: 'reasoning', isSummary: true },
      text: 'One.\n\nTwo.',
      state: { origin: 'openai', value: 'gAAA==', id: 'rs_1' },
    },
    { started: { kind: 'text' }, text: 'Let me look.' },
    { started: { kind: 'tool_call', id: 'call_1', name: 'look', isFreeform: false }, text: '{"a":1}' },
    { started: { kind: 'tool_call', id: 'call_2', name: 'patch', isFreeform: true }, text: '*** Begin' },
  ],
  endReason: 'tool_calls',
  stopSequence: undefined,
}

describe('an answer', () => {
  // Cases: dialects 5, 12, 60, 63
  test('streamed is told once, block by block, with the state of its thoughts under their id', () => {
    const events = eventsOf(streamed)
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events)).toEqual(expected)
    expect(events.filter(({ kind }) => kind === 'delta')).toHaveLength(9)
  })

  test('in one piece is the same', () => {
    const events = new ResponsesDecoder('openai').body({ ...response })
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events)).toEqual(expected)
  })

  // Cases: dialects 25, 26, 30
  test('states its usage once, at its end', () => {
    const stated = [...eventsOf(streamed), ...new ResponsesDecoder('openai').body({ ...response })]
    expect(stated.filter(({ kind }) => kind === 'usage')).toEqual([
      { kind: 'usage', usage: vector, isClosing: true, stated: usage },
      { kind: 'usage', usage: vector, isClosing: true, stated: usage },
    ])
  })

  // Cases: dialects 16
  test('is the same wherever its bytes are cut', () => {
    const sse = streamed.map(written).join('').replaceAll('Two.', 'Zwö.')
    const whole = decoded(sse).events
    for (const pieceLength of [1, 7, 100]) {
      expect(decoded(sse, pieceLength).events).toEqual(whole)
      expect(decoded(sse.replaceAll('\n', '\r\n'), pieceLength).events).toEqual(whole)
    }
  })

  test.each<[string, (event: Event) => boolean]>([
    ['deltas', ({ type }) => !type.endsWith('.delta')],
    [
      'anything but whole items',
      ({ type }) => !/delta|text\.done|arguments\.done|input\.done|part/.test(type),
    ],
    ['whole items', ({ type }) => !/item\.done|text\.done/.test(type)],
    ['anything but its last response', ({ type }) => type === 'response.completed'],
  ])('without %s is still told whole, and nothing twice', (_, kept) => {
    const events = eventsOf(streamed.filter(kept))
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events)).toEqual(expected)
  })

  test('whose events do not say their places is told by the ids of its items', () => {
    const events = eventsOf(streamed.map((event) => ({ ...event, output_index: undefined })))
    expect(wholeOf(events)).toEqual(expected)
  })

  // Cases: dialects 63
  test('has raw thoughts and their summary as blocks of their own, each once', () => {
    const item = {
      ...reasoning,
      summary: [{ type: 'summary_text', text: 'Short.' }],
      content: [{ type: 'reasoning_text', text: 'Raw.' }],
    }
    const at = { item_id: 'rs_1', output_index: 0 }
    const events = eventsOf([
      ...opening,
      { type: 'response.output_item.added', output_index: 0, item: { ...item, summary: [], content: [] } },
      { type: 'response.reasoning_text.delta', ...at, content_index: 0, delta: 'Ra' },
      { type: 'response.reasoning.delta', ...at, content_index: 0, delta: 'w.' },
      { type: 'response.reasoning_summary_text.delta', ...at, summary_index: 0, delta: 'Short.' },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { ...response, output: [item] } },
    ])
    expect(grammarFault(events)).toBeUndefined()
    expect(wholeOf(events).blocks).toEqual([
      { started: { kind: 'reasoning', isSummary: false }, text: 'Raw.' },
      {
        started: { kind: 'reasoning', isSummary: true },
        text: 'Short.',
        state: { origin: 'openai', value: 'gAAA==', id: 'rs_1' },
      },
    ])
  })

  // Cases: dialects 60
  test('keeps encrypted thoughts of which nothing is shown', () => {
    const { blocks } = wholeOf(
      new ResponsesDecoder('openai').body({ ...response, output: [{ ...reasoning, summary: [] }] }),
    )
    expect(blocks).toMatchObject([{ text: '', state: { value: 'gAAA==', id: 'rs_1' } }])
  })

  // Cases: dialects 55
  test('has calls with ids of their own, also where the upstream gave none or one twice', () => {
    const output = [call, { ...call, id: 'fc_2' }, { ...call, id: 'fc_3', call_id: '' }]
    const { blocks } = wholeOf(new ResponsesDecoder('openai').body({ ...response, output }))
    const ids = blocks.map(({ started }) => (started.kind === 'tool_call' ? started.id : ''))
    expect(new Set(ids).size).toBe(3)
    expect(ids.every((id) => id !== '')).toBe(true)
  })

  test("carries a server tool's item as what it is", () => {
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed' }
    const { blocks } = wholeOf(new ResponsesDecoder('openai').body({ ...response, output: [item] }))
    expect(blocks).toEqual([
      {
        started: {
          kind: 'unknown',
          type: 'web_search_call',
          foreign: { dialect: 'responses', fields: item },
        },
        text: '',
      },
    ])
  })

  test.each<[string, object, string]>([
    ['completed', { output: [message] }, 'stop'],
    [
      'cut at its length',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      'length',
    ],
    [
      'filtered',
      { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
      'content_filter',
    ],
    ['steered', { status: 'incomplete', incomplete_details: { reason: 'steered' } }, 'pause'],
    ['a refusal', { output: [{ ...message, content: [{ type: 'refusal', refusal: 'No.' }] }] }, 'refusal'],
    ['with a tool call', { output: [message, call] }, 'tool_calls'],
  ])('that is %s ends so', (_, changes, reason) => {
    const body = { ...response, ...changes }
    expect(wholeOf(new ResponsesDecoder('openai').body(body)).endReason).toBe(reason)
    const type = `response.${String(body.status)}`
    expect(wholeOf(eventsOf([...opening, { type, response: body }])).endReason).toBe(reason)
  })
})

describe('a failure', () => {
  const message502 = { code: 'server_error', message: 'It broke.' }

  // Cases: dialects 17
  test.each<[string, object]>([
    ['flat', { type: 'error', code: null, param: null, message: 'It broke.' }],
    ['nested', { type: 'error', error: message502 }],
    [
      'a failed response',
      { type: 'response.failed', response: { ...response, status: 'failed', error: message502 } },
    ],
  ])('%s is told with its words, and nothing after it', (_, event) => {
    const events = eventsOf([...streamed.slice(0, 6), event, ...streamed.slice(6)])
    expect(events.at(-1)).toEqual({ kind: 'error', message: 'It broke.' })
    expect(grammarFault(events)).toBeUndefined()
  })

  // Cases: dialects 17
  test('comes with what was used until then', () => {
    const kinds = eventsOf([
      { type: 'response.failed', response: { ...response, status: 'failed', output: [], error: message502 } },
    ]).map(({ kind }) => kind)
    expect(kinds).toEqual(['start', 'usage', 'error'])
  })

  test.each([
    [{ error: { message: 'No.' }, output: null }, 'No.'],
    [{ id: 'x' }, undefined],
    [{ ...response, status: 'failed', error: message502 }, 'It broke.'],
  ])('in one piece is told', (body: JsonObject, said) => {
    expect(new ResponsesDecoder('openai').body(body).at(-1)).toEqual({ kind: 'error', message: said })
  })

  // Cases: dialects 13
  test('of the connection leaves the answer without an end', () => {
    const events = eventsOf(streamed.slice(0, -1))
    expect(grammarFault(events)).toBe('the answer has no end')
  })
})

// Cases: dialects 14
test('comments, also those that come as data, and what follows the end, are no part of an answer', () => {
  const noise = ': PROCESSING\n\ndata: : PROCESSING\n\nevent: ping\ndata: {"type":"ping"}\n\n'
  const sse = streamed.map((event, at) => noise + written(event, at)).join('')
  const { events, dones } = decoded(`${sse}data: [DONE]\n\n${streamed.map(written).join('')}`)
  expect(events).toEqual(eventsOf(streamed))
  expect(dones).toBe(1)
})

// Cases: dialects 10
test('whatever an upstream sends, in whatever order, is a well-formed answer', () => {
  const indexes = fc.constantFrom<unknown>(0, 1, 2, 3, -1, 'x', undefined)
  const strange = fc.record({
    type: fc.constantFrom(
      ...streamed.map(({ type }) => type),
      'response.refusal.delta',
      'response.reasoning_text.done',
      'odd',
    ),
    output_index: indexes,
    content_index: indexes,
    summary_index: indexes,
    item_id: fc.constantFrom<unknown>('rs_1', 'msg_1', 'fc_1', '', null),
    item: fc.constantFrom<unknown>(
      reasoning,
      message,
      call,
      custom,
      { ...call, name: undefined, call_id: 7 },
      { type: 'odd' },
      null,
      'x',
    ),
    delta: fc.constantFrom<unknown>('a', '', null, {}),
    text: fc.constantFrom<unknown>('abc', undefined),
    response: fc.constantFrom<unknown>(response, { output: 'x', usage: 'y' }, null),
  })
  const events = fc.array(fc.oneof(fc.constantFrom<object>(...streamed), strange), { maxLength: 40 })
  fc.assert(
    fc.property(events, fc.constantFrom('data: [DONE]\n\n', 'data: {"cut\n\n', ''), (drawn, ending) => {
      const { events: told } = decoded(drawn.map(written).join('') + ending)
      const isEnded = told.some(({ kind }) => kind === 'end' || kind === 'error')
      expect(grammarFault(isEnded ? told : [...told, { kind: 'error', message: undefined }])).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
})

test('an endless list of items is bounded', () => {
  const items = Array.from({ length: 5_000 }, (_, at) => ({
    type: 'response.output_item.added',
    output_index: at,
    item: { ...call, call_id: `c${at}` },
  }))
  expect(eventsOf(items).filter(({ kind }) => kind === 'block_start')).toHaveLength(4_096)
})
