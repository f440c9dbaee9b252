// A messages request for upstreams of another dialect: in neutral form, and as chat completions.

import type {
  ContentBlockParam,
  MessageCreateParams,
  MessageParam,
} from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, test } from 'vitest'
import type { NeutralCall } from '#calls/neutral-call.ts'
import { sealState } from '#calls/reasoning-state.ts'
import type { JsonObject } from '#core/readers.ts'
import { readMessagesCall } from './anthropic-messages-request.ts'
import { messagesToNeutral } from './anthropic-messages-to-neutral.ts'
import type { UpstreamTarget } from './dialect.ts'
import { chatFromNeutral } from './openai-chat-from-neutral.ts'

const encoder = new TextEncoder()
const hello: MessageCreateParams = {
  model: 'm',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hi' }],
}
const target: UpstreamTarget = {
  upstreamModel: 'up-1',
  origin: 'deepseek',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['temperature', 'top_p', 'reasoning_effort'],
  acceptsStreamOptions: true,
}

function neutralOf(more: object): NeutralCall {
  const read = readMessagesCall(encoder.encode(JSON.stringify({ ...hello, ...more })))
  if (!read.ok) throw new Error(read.message)
  const neutral = messagesToNeutral(read.call)
  if (!neutral.ok) throw new Error(neutral.message)
  return neutral.call
}
function chatOf(more: object): { body: JsonObject; dropped: readonly string[] } {
  const written = chatFromNeutral(neutralOf(more), target)
  if (!written.ok) throw new Error(written.message)
  return written
}
const itemsOf = (...messages: MessageParam[]) => neutralOf({ messages }).items
const chatMessages = (...messages: MessageParam[]) => chatOf({ messages }).body['messages']

const png: ContentBlockParam = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
}
const calls: MessageParam = {
  role: 'assistant',
  content: [
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'sky' } },
    { type: 'tool_use', id: 'toolu_2', name: 'look', input: {} },
  ],
}

describe('a conversation', () => {
  // Cases: dialects 38
  test('whose user gives results and text becomes tool messages and then the user’s, and the text stays', () => {
    const user: MessageParam = {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'blue' },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'text', text: 'grey' }] },
        { type: 'text', text: 'And now?' },
        png,
      ],
    }
    expect(chatMessages({ role: 'user', content: 'Hi' }, calls, user)).toEqual([
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [
          { id: 'toolu_1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } },
          { id: 'toolu_2', type: 'function', function: { name: 'look', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'blue' },
      { role: 'tool', tool_call_id: 'toolu_2', content: 'grey' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And now?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ])
  })

  // Cases: dialects 39
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^$/],
    ['an empty list', [], /^$/],
    ['a reference to a tool', [{ type: 'tool_reference', tool_name: 'Read' }], /"tool_name":"Read"/],
    [
      'a found page',
      [
        {
          type: 'search_result',
          title: 'T',
          source: 'https://x',
          content: [{ type: 'text', text: 'Found' }],
        },
      ],
      /T\nhttps:\/\/x\nFound/,
    ],
    [
      'a document of text',
      [{ type: 'document', title: 'D', source: { type: 'text', media_type: 'text/plain', data: 'Text' } }],
      /D\nText/,
    ],
  ])('with a result of %s still has a tool message', (_name, content, text) => {
    const messages = [
      calls,
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content }] },
    ]
    const written: unknown = chatOf({ messages }).body['messages']
    expect(written).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', tool_call_id: 'toolu_1', content: expect.stringMatching(text) },
    ])
  })

  // Cases: dialects 40, 41
  test('keeps the mark of a failed tool, and a picture in a result follows as the user’s', () => {
    const content: ContentBlockParam[] = [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        is_error: true,
        content: [{ type: 'text', text: 'no' }, png],
      },
    ]
    expect(itemsOf({ role: 'user', content })[0]?.blocks).toMatchObject([
      { kind: 'tool_result', isError: true },
    ])
    expect(chatMessages({ role: 'user', content })).toEqual([
      { role: 'tool', tool_call_id: 'toolu_1', content: 'Error: no' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
    ])
  })

  // Cases: dialects 43
  test('keeps the system’s texts in their places, in both versions of the API', () => {
    const items = neutralOf({
      system: [
        { type: 'text', text: 'One', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'Two' },
      ],
      messages: [
        ...[hello.messages].flat(),
        { role: 'system', content: 'Three' },
        { role: 'user', content: 'Go' },
      ],
    }).items
    expect(items.map(({ role }) => role)).toEqual(['system', 'user', 'system', 'user'])
    expect(items[0]?.blocks).toEqual([
      { kind: 'text', text: 'One' },
      { kind: 'text', text: 'Two' },
    ])
  })

  // Cases: dialects 52
  test('has pictures and documents inline and by address', () => {
    const content: ContentBlockParam[] = [
      { type: 'image', source: { type: 'url', url: 'https://x/a.png' } },
      png,
      { type: 'document', source: { type: 'url', url: 'https://x/a.pdf' }, title: 'A' },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
    ]
    const asked = { ...hello, messages: [{ role: 'user', content }] }
    // Such documents have no price yet and are refused before; the translation is ready for them.
    const neutral = messagesToNeutral({
      dialect: 'messages',
      model: 'm',
      isStreamed: false,
      includeUsage: undefined,
      outputTokensMax: 1,
      choices: 1,
      endUser: undefined,
      text: '',
      body: asked,
      textBytes: 0,
      messages: 1,
      tools: 0,
      images: 2,
    })
    expect(neutral.ok ? neutral.call.items[0]?.blocks : neutral).toEqual([
      { kind: 'image', media: { kind: 'url', url: 'https://x/a.png' } },
      { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
      { kind: 'file', media: { kind: 'url', url: 'https://x/a.pdf' }, name: 'A' },
      { kind: 'file', media: { kind: 'base64', mediaType: 'application/pdf', data: 'AAAA' } },
    ])
  })

  // Cases: dialects 59
  test('gives back a state that was sealed here, and takes Anthropic’s own for nobody else’s', () => {
    const sealed = (value: string, id?: string) =>
      sealState({ origin: 'openai', value, ...(id === undefined ? {} : { id }) })
    const blocks = itemsOf({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'ours', signature: sealed('enc', 'rs_1') },
        { type: 'thinking', thinking: 'unsigned', signature: sealed('') },
        { type: 'thinking', thinking: 'theirs', signature: 'Er+/==' },
        { type: 'thinking', thinking: '', signature: 'Er+/==' },
        { type: 'redacted_thinking', data: sealed('enc2', 'rs_2') },
        { type: 'redacted_thinking', data: 'Ab==' },
      ],
    })[0]?.blocks
    expect(blocks).toEqual([
      {
        kind: 'reasoning',
        text: 'ours',
        isSummary: false,
        state: { origin: 'openai', value: 'enc', id: 'rs_1' },
      },
      { kind: 'reasoning', text: 'unsigned', isSummary: false },
      { kind: 'reasoning', text: 'theirs', isSummary: false },
      {
        kind: 'reasoning',
        text: '',
        isSummary: false,
        isRedacted: true,
        state: { origin: 'openai', value: 'enc2', id: 'rs_2' },
      },
    ])
  })

  test('gives a tool call back the state that was told beside it', () => {
    const data = sealState({ origin: 'google', value: 'thought', id: 'toolu_1' })
    const [item] = itemsOf({
      role: 'assistant',
      content: [
        { type: 'redacted_thinking', data },
        ...[calls.content].flat().filter((one) => typeof one !== 'string'),
      ],
    })
    expect(item?.blocks.map(({ kind }) => kind)).toEqual(['text', 'tool_call', 'tool_call'])
    expect(item?.blocks[1]).toMatchObject({ id: 'toolu_1', state: { origin: 'google', value: 'thought' } })
  })

  test('with a role that nobody knows is refused', () => {
    const read = readMessagesCall(
      encoder.encode(JSON.stringify({ ...hello, messages: [{ role: 'robot', content: '' }] })),
    )
    expect(read.ok ? messagesToNeutral(read.call) : read).toMatchObject({
      ok: false,
      param: 'messages[0].role',
    })
  })
})

describe('what is asked for beside the conversation', () => {
  // Cases: dialects 48
  test.each<[object, object | undefined]>([
    [{}, undefined],
    [{ thinking: { type: 'disabled' } }, { effort: 'none' }],
    [{ thinking: { type: 'enabled', budget_tokens: 2_048 } }, { budgetTokens: 2_048 }],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, { isAdaptive: true, isShown: false }],
    [
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'xhigh' } },
      { isAdaptive: true, effort: 'xhigh', isShown: true },
    ],
    [{ output_config: { effort: 'low' } }, { effort: 'low' }],
  ])('%j are thoughts of %j', (more, reasoning) => {
    expect(neutralOf(more).reasoning).toEqual(reasoning)
  })

  // Cases: dialects 50
  test.each<[object, object]>([
    [{ tool_choice: { type: 'auto' } }, { toolChoice: { kind: 'auto' } }],
    [{ tool_choice: { type: 'any' } }, { toolChoice: { kind: 'required' } }],
    [{ tool_choice: { type: 'none' } }, { toolChoice: { kind: 'none' } }],
    [{ tool_choice: { type: 'tool', name: 'look' } }, { toolChoice: { kind: 'named', name: 'look' } }],
    [{ tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, { allowsParallelTools: false }],
  ])('%j is %j', (more, choice) => {
    expect(neutralOf(more)).toMatchObject(choice)
  })

  // Cases: dialects 50
  test('a tool without a type is a custom one, and one of Anthropic’s own is dropped by name', () => {
    const tools = [
      { name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } },
      { type: 'custom', name: 'see', input_schema: { type: 'object' } },
      { type: 'bash_20250124', name: 'bash' },
    ]
    const { body, dropped } = chatOf({ tools })
    expect(body['tools']).toMatchObject([
      { type: 'function', function: { name: 'look', description: 'Looks.', parameters: { type: 'object' } } },
      { type: 'function', function: { name: 'see' } },
    ])
    expect(dropped).toContain('tool bash_20250124')
  })

  // Cases: dialects 49, 51
  test('stop texts and a schema are carried, as strict only where OpenAI’s rule is kept', () => {
    const open = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }
    const strict = { ...open, required: ['a'] }
    const format = (schema: object) => ({ output_config: { format: { type: 'json_schema', schema } } })
    expect(neutralOf({ ...format(strict), stop_sequences: ['END'] })).toMatchObject({
      stop: ['END'],
      format: { kind: 'schema', schema: strict, isStrict: true },
    })
    expect(neutralOf(format(open)).format).toEqual({ kind: 'schema', name: 'answer', schema: open })
  })

  // Cases: dialects 45
  test('the limit, the sampling and the end user are carried', () => {
    const neutral = neutralOf({
      temperature: 0,
      top_p: 0.5,
      top_k: 4,
      metadata: { user_id: 'u1' },
      stream: true,
    })
    expect(neutral).toMatchObject({
      outputTokensMax: 100,
      temperature: 0,
      topP: 0.5,
      topK: 4,
      endUser: 'u1',
      isStreamed: true,
    })
  })

  test('what no other dialect has a place for is kept for it to name', () => {
    const context = { edits: [{ type: 'clear_thinking_20251015' }] }
    const { foreign } = neutralOf({ context_management: context, cache_control: null, container: 'c' })
    expect(foreign).toEqual({ dialect: 'messages', fields: { context_management: context, container: 'c' } })
  })
})
