// Chat requests and neutral calls as messages requests: held to Anthropic's types where they are written out.

import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/messages'
import type {
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import type { Block, Item, NeutralCall } from '#calls/neutral-call.ts'
import type { JsonObject } from '#core/readers.ts'
import { messagesFromNeutral } from './anthropic-messages-from-neutral.ts'
import { readMessagesCall } from './anthropic-messages-request.ts'
import { limitedMessages } from './anthropic-messages-thinking.ts'
import { messagesToNeutral } from './anthropic-messages-to-neutral.ts'
import type { UpstreamTarget, WrittenCall } from './dialect.ts'
import { readChatCall } from './openai-chat.ts'
import { chatToNeutral } from './openai-chat-to-neutral.ts'

const encoder = new TextEncoder()
const target: UpstreamTarget = {
  upstreamModel: 'claude-up',
  origin: 'anthropic',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['temperature', 'top_p', 'top_k', 'reasoning_effort', 'response_format'],
  reasoning: 'adaptive',
  acceptsStreamOptions: true,
}
const hello: ChatCompletionMessageParam = { role: 'user', content: 'Hi' }
const bare: NeutralCall = {
  items: [{ role: 'user', blocks: [{ kind: 'text', text: 'Hi' }] }],
  tools: [],
  stop: [],
  isStreamed: false,
  foreign: { dialect: 'chat', fields: {} },
}

/** What becomes of a chat request. */
function fromChat(more: object, to: Partial<UpstreamTarget> = {}): WrittenCall {
  const asked = { model: 'm', messages: [hello], ...more }
  const read = readChatCall(encoder.encode(JSON.stringify(asked)))
  if (!read.ok) throw new Error(read.message)
  const neutral = chatToNeutral(read.call)
  if (!neutral.ok) throw new Error(neutral.message)
  return messagesFromNeutral(neutral.call, { ...target, ...to })
}
function written(call: WrittenCall): { body: JsonObject; dropped: readonly string[] } {
  if (!call.ok) throw new Error(call.message)
  return call
}
const bodyOf = (more: object, to: Partial<UpstreamTarget> = {}) => written(fromChat(more, to)).body
const messagesOf = (...messages: ChatCompletionMessageParam[]) => bodyOf({ messages })['messages']
const neutral = (more: Partial<NeutralCall>, to: Partial<UpstreamTarget> = {}) =>
  messagesFromNeutral({ ...bare, ...more }, { ...target, ...to })
const ofItems = (...items: Item[]) => written(neutral({ items })).body['messages']

const tool = {
  type: 'function' as const,
  function: { name: 'look', parameters: { type: 'object', properties: {} } },
}
const call = (id: string, args = '{}') => ({
  id,
  type: 'function' as const,
  function: { name: 'look', arguments: args },
})

describe('a chat request for Anthropic', () => {
  // Cases: dialects 49, 52
  test('is a request of Anthropic’s own types', () => {
    const asked: ChatCompletionCreateParams = {
      model: 'm',
      stream: true,
      user: 'u1',
      stop: 'END',
      temperature: 0.5,
      tools: [tool],
      messages: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'image_url', image_url: { url: 'https://x/a.png' } },
          ],
        },
        { role: 'assistant', content: null, tool_calls: [call('call_1', '{"at":"sky"}')] },
        { role: 'tool', tool_call_id: 'call_1', content: 'blue' },
      ],
    }
    expect(fromChat(asked)).toEqual({
      ok: true,
      dropped: [],
      // The limit comes last, by the gateway.
      body: {
        model: 'claude-up',
        system: [{ type: 'text', text: 'Be kind.' }],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
              { type: 'image', source: { type: 'url', url: 'https://x/a.png' } },
            ],
          },
          {
            role: 'assistant',
            content: [{ type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'sky' } }],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'blue' }] },
            ],
          },
        ],
        tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
        stop_sequences: ['END'],
        stream: true,
        temperature: 0.5,
        metadata: { user_id: 'u1' },
      } satisfies Omit<MessageCreateParams, 'max_tokens'> & { temperature: number },
    })
  })

  // Cases: dialects 37
  test('has the results of parallel tools in one user message, results first, then text', () => {
    const messages = messagesOf(
      hello,
      { role: 'assistant', content: null, tool_calls: [call('call_1'), call('call_2')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'a' },
      { role: 'user', content: 'Stop' },
      { role: 'tool', tool_call_id: 'call_2', content: 'b' },
    )
    expect(messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1' },
          { type: 'tool_result', tool_use_id: 'call_2' },
          { type: 'text', text: 'Stop' },
        ],
      },
    ])
  })

  // Cases: dialects 42
  test('has no empty text, and a call without text is a call alone', () => {
    expect(
      messagesOf(
        {
          role: 'user',
          content: [
            { type: 'text', text: '' },
            { type: 'text', text: 'Hi' },
            { type: 'text', text: ' \n' },
          ],
        },
        { role: 'assistant', content: '', tool_calls: [call('call_1')] },
        { role: 'tool', tool_call_id: 'call_1', content: '' },
        { role: 'assistant', content: '' },
        { role: 'user', content: '' },
        { role: 'assistant', content: 'So' },
        { role: 'system', content: ' ' },
      ),
    ).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'So' }] },
    ])
  })

  // Cases: dialects 43
  test('has the leading system and developer texts as its system, in order, and later ones where they stood', () => {
    const { system, messages } = bodyOf({
      messages: [
        { role: 'system', content: 'One' },
        { role: 'developer', content: 'Two' },
        hello,
        { role: 'assistant', content: 'Yes?' },
        { role: 'developer', content: 'Three' },
        { role: 'user', content: 'Go' },
      ],
    })
    expect(system).toEqual([
      { type: 'text', text: 'One' },
      { type: 'text', text: 'Two' },
    ])
    expect(messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system>\nThree\n</system>' },
          { type: 'text', text: 'Go' },
        ],
      },
    ])
  })

  // Cases: dialects 44
  test('has neighbours of one role merged, a user first, and no white space at the end of a begun answer', () => {
    expect(
      messagesOf(
        { role: 'assistant', content: 'A' },
        { role: 'assistant', content: 'B' },
        hello,
        { role: 'user', content: 'C' },
        { role: 'assistant', content: 'So \n' },
      ),
    ).toEqual([
      { role: 'user', content: [{ type: 'text', text: '.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'A' },
          { type: 'text', text: 'B' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'C' },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'So' }] },
    ])
    expect(messagesOf({ role: 'system', content: 'Alone' })).toEqual([
      { role: 'user', content: [{ type: 'text', text: '.' }] },
    ])
  })

  // Cases: dialects 46, 47
  test.each<[string, object, Partial<UpstreamTarget>, { temperature?: number; dropped: readonly string[] }]>([
    ['a temperature that the model takes', { temperature: 0 }, {}, { temperature: 0, dropped: [] }],
    [
      'a temperature that the model refuses',
      { temperature: 0 },
      { supportedParameters: [] },
      { dropped: ['temperature'] },
    ],
    ['a temperature above Anthropic’s', { temperature: 1.5 }, {}, { dropped: ['temperature'] }],
    ['two sampling parameters', { temperature: 1, top_p: 0.9 }, {}, { temperature: 1, dropped: ['top_p'] }],
    [
      'a temperature beside thoughts',
      { temperature: 0, reasoning_effort: 'low' },
      {},
      { dropped: ['temperature'] },
    ],
    ['penalties of nothing', { frequency_penalty: 0, presence_penalty: 0 }, {}, { dropped: [] }],
    ['penalties', { frequency_penalty: 1 }, {}, { dropped: ['frequency_penalty'] }],
    [
      'a key of a cache and a word for length',
      { prompt_cache_key: 'k', verbosity: 'low' },
      {},
      { dropped: ['verbosity', 'prompt_cache_key'] },
    ],
  ])('with %s carries it or names it', (_name, more, to, expected) => {
    const { body, dropped } = written(fromChat(more, to))
    const { temperature, top_p, top_k, frequency_penalty, prompt_cache_key } = body
    const sampling = { temperature, top_p, top_k, frequency_penalty, prompt_cache_key }
    expect(JSON.parse(JSON.stringify({ ...sampling, dropped }))).toEqual(expected)
  })

  // Cases: dialects 56
  test.each<[string, unknown]>([
    ['n', 2],
    ['logprobs', true],
    ['top_logprobs', 2],
    ['logit_bias', { 5: 1 }],
    ['seed', 7],
    ['prediction', { type: 'content', content: 'x' }],
    ['audio', { voice: 'x', format: 'mp3' }],
  ])('with %s is refused by that name, because the answer would be another', (param, value) => {
    expect(fromChat({ [param]: value })).toMatchObject({ ok: false, code: 'invalid_request', param })
  })

  // Cases: dialects 56
  test('with the usual values of such fields is not', () => {
    const usual = { n: 1, logprobs: false, logit_bias: {}, seed: null, modalities: ['text'], top_logprobs: 0 }
    expect(fromChat(usual)).toMatchObject({ ok: true, dropped: [] })
  })

  // Cases: dialects 50
  test.each<[object, object | undefined]>([
    [{}, undefined],
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'none' }, { type: 'none' }],
    [{ tool_choice: 'required' }, { type: 'any' }],
    [{ tool_choice: { type: 'function', function: { name: 'look' } } }, { type: 'tool', name: 'look' }],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ parallel_tool_calls: true }, undefined],
    [
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{ tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
  ])('with %j chooses by %j', (more, choice) => {
    expect(bodyOf({ tools: [tool], ...more })['tool_choice']).toEqual(choice)
  })

  // Cases: dialects 50
  test('with a choice of allowed tools offers these alone', () => {
    const other = { type: 'function', function: { name: 'other' } }
    const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [other] } }
    const { tools, tool_choice } = bodyOf({ tools: [tool, other], tool_choice: allowed })
    expect(tools).toEqual([{ name: 'other', input_schema: { type: 'object', properties: {} } }])
    expect(tool_choice).toEqual({ type: 'any' })
  })

  test('with past calls and no tools defines them and lets none be called', () => {
    const { tools, tool_choice } = bodyOf({
      messages: [
        hello,
        { role: 'assistant', tool_calls: [call('call_1'), call('call_2')] },
        { role: 'tool', tool_call_id: 'call_1', content: 'a' },
      ],
    })
    expect(tools).toEqual([{ name: 'look', input_schema: { type: 'object', properties: {} } }])
    expect(tool_choice).toEqual({ type: 'none' })
  })

  // Cases: dialects 51
  test('with a schema has it closed, and without one is refused, because the promise cannot be kept', () => {
    const schema = { type: 'object', properties: { a: { type: 'object', properties: {} } } }
    const json_schema = { name: 'x', schema }
    expect(bodyOf({ response_format: { type: 'json_schema', json_schema } })['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { a: { type: 'object', properties: {}, additionalProperties: false } },
          additionalProperties: false,
        },
      },
    })
    const refused = { ok: false, param: 'response_format' }
    expect(fromChat({ response_format: { type: 'json_object' } })).toMatchObject(refused)
    expect(
      fromChat({ response_format: { type: 'json_schema', json_schema } }, { supportedParameters: [] }),
    ).toMatchObject(refused)
  })
})

describe('how much a model is to think', () => {
  const thinkingOf = (
    reasoning: NeutralCall['reasoning'],
    to: Partial<UpstreamTarget>,
    more: Partial<NeutralCall> = {},
  ) => {
    const { body, dropped } = written(
      neutral({ ...more, ...(reasoning === undefined ? {} : { reasoning }) }, to),
    )
    return { thinking: body['thinking'], output: body['output_config'], dropped }
  }
  const budget = { reasoning: 'budget' } as const
  const adaptive = { reasoning: 'adaptive' } as const

  // Cases: dialects 48
  test.each<[NeutralCall['reasoning'], Partial<UpstreamTarget>, object]>([
    [undefined, budget, { dropped: [] }],
    [{ effort: 'none' }, budget, { dropped: [] }],
    [{ effort: 'minimal' }, budget, { thinking: { type: 'enabled', budget_tokens: 1_024 }, dropped: [] }],
    [{ effort: 'high' }, budget, { thinking: { type: 'enabled', budget_tokens: 16_384 }, dropped: [] }],
    [
      { budgetTokens: 5_000, isShown: false },
      budget,
      { thinking: { type: 'enabled', budget_tokens: 5_000, display: 'omitted' }, dropped: [] },
    ],
    [{ isAdaptive: true }, budget, { thinking: { type: 'enabled', budget_tokens: 8_192 }, dropped: [] }],
    [{ effort: 'none' }, adaptive, { thinking: { type: 'disabled' }, dropped: [] }],
    [
      { effort: 'minimal' },
      adaptive,
      { thinking: { type: 'adaptive' }, output: { effort: 'low' }, dropped: [] },
    ],
    [
      { effort: 'xhigh' },
      adaptive,
      { thinking: { type: 'adaptive' }, output: { effort: 'xhigh' }, dropped: [] },
    ],
    [
      { budgetTokens: 20_000 },
      adaptive,
      { thinking: { type: 'adaptive' }, output: { effort: 'high' }, dropped: [] },
    ],
    [
      { isAdaptive: true, isShown: true },
      adaptive,
      { thinking: { type: 'adaptive', display: 'summarized' }, dropped: [] },
    ],
    [{ effort: 'low' }, { reasoning: 'effort' }, { output: { effort: 'low' }, dropped: [] }],
    [{ effort: 'low' }, { reasoning: 'none' }, { dropped: ['reasoning'] }],
    [{ effort: 'none' }, { reasoning: 'none' }, { dropped: [] }],
  ])('%j at %j is %j', (reasoning, to, expected) => {
    expect(JSON.parse(JSON.stringify(thinkingOf(reasoning, to)))).toEqual(expected)
  })

  // Cases: dialects 45
  test('stays below the limit of the output, also below one that is lowered later', () => {
    const high = { effort: 'high' } as const
    expect(thinkingOf(high, budget, { outputTokensMax: 4_000 }).thinking).toMatchObject({
      budget_tokens: 3_999,
    })
    expect(thinkingOf(high, budget, { outputTokensMax: 1_000 })).toEqual({
      thinking: undefined,
      output: undefined,
      dropped: ['reasoning'],
    })
    const thinking = { type: 'enabled', budget_tokens: 16_384 }
    const limited = (tokens: number) => limitedMessages({ model: 'm', thinking }, tokens)
    expect(limited(20_000)).toEqual({ model: 'm', max_tokens: 20_000, thinking })
    expect(limited(2_000)).toEqual({
      model: 'm',
      max_tokens: 2_000,
      thinking: { type: 'enabled', budget_tokens: 1_999 },
    })
    expect(limited(500)).toEqual({ model: 'm', max_tokens: 500 })
  })

  test('is left out beside a forced tool, and in the middle of a turn without thoughts of its own', () => {
    const tools: NeutralCall['tools'] = [{ kind: 'function', name: 'look' }]
    const high = { effort: 'high' } as const
    expect(thinkingOf(high, budget, { tools, toolChoice: { kind: 'required' } })).toMatchObject({
      thinking: undefined,
      dropped: ['reasoning'],
    })
    const turn = (...blocks: Block[]): Partial<NeutralCall> => ({
      tools,
      items: [
        ...bare.items,
        {
          role: 'assistant',
          blocks: [...blocks, { kind: 'tool_call', id: 'a', name: 'look', input: '{}', isFreeform: false }],
        },
        {
          role: 'tool',
          blocks: [{ kind: 'tool_result', callId: 'a', parts: [], isError: false, isFreeform: false }],
        },
      ],
    })
    const own: Block = {
      kind: 'reasoning',
      text: 'Hm',
      isSummary: false,
      state: { origin: 'anthropic', value: 'Er==' },
    }
    expect(thinkingOf(high, budget, turn()).thinking).toBeUndefined()
    expect(thinkingOf(high, budget, turn(own)).thinking).toBeDefined()
  })
})

describe('a history for Anthropic', () => {
  // Cases: dialects 58, 59
  test('has the thoughts of this provider with their signature, and nobody else’s', () => {
    const reasoning = (text: string, origin?: string, isRedacted?: true): Block => ({
      kind: 'reasoning',
      text,
      isSummary: false,
      ...(origin === undefined ? {} : { state: { origin, value: `${origin}==` } }),
      ...(isRedacted === undefined ? {} : { isRedacted }),
    })
    const blocks = [
      reasoning('ours', 'anthropic'),
      reasoning('', 'anthropic', true),
      reasoning('theirs', 'openai'),
      reasoning('unsigned'),
    ]
    expect(ofItems(...bare.items, { role: 'assistant', blocks }, ...bare.items)).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'ours', signature: 'anthropic==' },
          { type: 'redacted_thinking', data: 'anthropic==' },
        ],
      },
      { role: 'user' },
    ])
  })

  test('of two hundred thousand texts in one turn is written', () => {
    const blocks: Block[] = Array.from({ length: 200_000 }, () => ({ kind: 'text', text: 'x' }))
    expect(
      neutral({ items: (['system', 'user', 'assistant', 'user'] as const).map((role) => ({ role, blocks })) })
        .ok,
    ).toBe(true)
  })

  // Cases: dialects 39, 40, 41
  test('has results with their pictures inside, the mark of a failure, and unknown parts as their JSON', () => {
    const parts = [
      { kind: 'text', text: 'no' },
      { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
      { kind: 'unknown', type: 'x', foreign: { dialect: 'responses', fields: { type: 'x', y: 1 } } },
    ] as const
    const result = { kind: 'tool_result', callId: 'a', isFreeform: false } as const
    expect(
      ofItems({
        role: 'tool',
        blocks: [
          { ...result, parts, isError: true },
          { ...result, parts: [], isError: false },
        ],
      }),
    ).toEqual([
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'a',
            is_error: true,
            content: [
              { type: 'text', text: 'no' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
              { type: 'text', text: '{"type":"x","y":1}' },
            ],
          },
          { type: 'tool_result', tool_use_id: 'a' },
        ],
      },
    ])
  })

  // Cases: dialects 55
  test('has the same id in a call and its result, in Anthropic’s alphabet', () => {
    const id = 'functions.look:0'
    const messages: unknown = ofItems(
      ...bare.items,
      { role: 'assistant', blocks: [{ kind: 'tool_call', id, name: 'look', input: '', isFreeform: false }] },
      {
        role: 'tool',
        blocks: [{ kind: 'tool_result', callId: id, parts: [], isError: false, isFreeform: false }],
      },
    )
    const ids = [...JSON.stringify(messages).matchAll(/"(?:id|tool_use_id)":"([^"]*)"/g)].map(
      ([, one]) => one,
    )
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^[a-zA-Z0-9_-]+$/)
  })

  // Cases: dialects 52
  test('has documents inline, by address and as text; what lies in another’s store is refused', () => {
    const file = (media: Extract<Block, { kind: 'file' }>['media']): Item => ({
      role: 'user',
      blocks: [{ kind: 'file', media, name: 'A' }],
    })
    expect(
      ofItems(
        file({ kind: 'base64', mediaType: 'application/pdf', data: 'AAAA' }),
        file({ kind: 'url', url: 'https://x/a.pdf' }),
        file({ kind: 'base64', mediaType: 'text/plain', data: 'SGk=' }),
      ),
    ).toEqual([
      {
        role: 'user',
        content: [
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' },
            title: 'A',
          },
          { type: 'document', source: { type: 'url', url: 'https://x/a.pdf' }, title: 'A' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' }, title: 'A' },
        ],
      },
    ])
    expect(neutral({ items: [file({ kind: 'stored', id: 'file_1' })] })).toMatchObject({
      ok: false,
      param: 'messages',
    })
    expect(
      neutral({ items: [{ role: 'user', blocks: [{ kind: 'audio', data: '', format: 'wav' }] }] }),
    ).toMatchObject({ ok: false })
    expect(
      neutral({
        items: [
          {
            role: 'user',
            blocks: [{ kind: 'image', media: { kind: 'url', url: 'https://x' }, detail: 'low' }],
          },
        ],
      }),
    ).toMatchObject({ dropped: ['detail'] })
  })

  test('has tools of a namespace and of any text as plain ones', () => {
    const call: Partial<NeutralCall> = {
      tools: [
        { kind: 'function', name: 'a', namespace: 'ns' },
        { kind: 'freeform', name: 'patch' },
        { kind: 'hosted', type: 'web_search', foreign: { dialect: 'responses', fields: {} } },
      ],
      toolChoice: { kind: 'named', name: 'a' },
      items: [
        {
          role: 'assistant',
          blocks: [{ kind: 'tool_call', id: 'c', name: 'patch', input: 'a\nb', isFreeform: true }],
        },
      ],
    }
    const { body, dropped } = written(neutral(call))
    expect(body['tools']).toMatchObject([
      { name: 'ns__a' },
      { name: 'patch', input_schema: { type: 'object', required: ['input'] } },
    ])
    expect(body['tool_choice']).toEqual({ type: 'tool', name: 'ns__a' })
    expect(body['messages']).toMatchObject([
      {},
      { content: [{ type: 'tool_use', input: { input: 'a\nb' } }] },
    ])
    expect(dropped).toEqual(['tool web_search'])
  })
})

describe('a messages request through the neutral form', () => {
  test('comes back as it was', () => {
    const asked: Omit<MessageCreateParams, 'max_tokens'> & { max_tokens: number } = {
      model: 'claude-up',
      max_tokens: 9_000,
      stream: true,
      system: [{ type: 'text', text: 'Be kind.' }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', source: { type: 'url', url: 'https://x/a.png' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'So' },
            { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: ['sky'] } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              content: [{ type: 'text', text: 'no' }],
              is_error: true,
            },
            { type: 'text', text: 'And?' },
          ],
        },
      ],
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      stop_sequences: ['END'],
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: {
        effort: 'high',
        format: {
          type: 'json_schema',
          schema: { type: 'object', properties: {}, additionalProperties: false },
        },
      },
      metadata: { user_id: 'u1' },
    }
    const read = readMessagesCall(encoder.encode(JSON.stringify(asked)))
    if (!read.ok) throw new Error(read.message)
    const through = messagesToNeutral(read.call)
    if (!through.ok) throw new Error(through.message)
    const { body, dropped } = written(messagesFromNeutral(through.call, target))
    expect(limitedMessages(body, 9_000)).toEqual(asked)
    expect(dropped).toEqual([])
  })
})
