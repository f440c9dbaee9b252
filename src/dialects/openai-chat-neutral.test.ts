// Chat requests in neutral form, and neutral calls as chat requests.

import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import type { Block, Item, NeutralCall } from '#calls/neutral-call.ts'
import { sealState } from '#calls/reasoning-state.ts'
import type { UpstreamTarget } from './dialect.ts'
import { readChatCall } from './openai-chat.ts'
import { chatFromNeutral } from './openai-chat-from-neutral.ts'
import { chatToNeutral } from './openai-chat-to-neutral.ts'

const target: UpstreamTarget = {
  upstreamModel: 'up-1',
  origin: 'deepseek',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['temperature', 'top_p', 'seed', 'reasoning_effort'],
  acceptsStreamOptions: true,
}

const minimal: NeutralCall = {
  items: [],
  tools: [],
  stop: [],
  isStreamed: false,
  foreign: { dialect: 'messages', fields: {} },
}

function neutralOf(body: ChatCompletionCreateParams): NeutralCall {
  const read = readChatCall(new TextEncoder().encode(JSON.stringify(body)))
  if (!read.ok) throw new Error(read.message)
  const neutral = chatToNeutral(read.call)
  if (!neutral.ok) throw new Error(neutral.message)
  return neutral.call
}

function bodyOf(call: Partial<NeutralCall>, changes: Partial<UpstreamTarget> = {}) {
  const written = chatFromNeutral({ ...minimal, ...call }, { ...target, ...changes })
  if (!written.ok) throw new Error(written.message)
  return written
}

const messagesOf = (...items: readonly Item[]) => bodyOf({ items }).body['messages']
const result = (callId: string, more: Partial<Extract<Block, { kind: 'tool_result' }>> = {}): Block => ({
  kind: 'tool_result',
  callId,
  parts: [{ kind: 'text', text: 'sunny' }],
  isError: false,
  isFreeform: false,
  ...more,
})
const picture = { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const
const look = { kind: 'tool_call', id: 'a', name: 'look', input: '{"at":"sky"}', isFreeform: false } as const

describe('a chat request of tools, pictures and all roles', () => {
  const request: ChatCompletionCreateParams = {
    model: 'm',
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'sunny' },
      { role: 'user', content: 'And?' },
    ],
    tools: [
      {
        type: 'function',
        function: { name: 'look', description: 'Looks.', parameters: { type: 'object' }, strict: true },
      },
    ],
    tool_choice: { type: 'function', function: { name: 'look' } },
    parallel_tool_calls: false,
    max_completion_tokens: 50,
    temperature: 0.5,
    stop: 'END',
    reasoning_effort: 'high',
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'a', schema: { type: 'object' }, strict: true },
    },
    logprobs: true,
    user: 'u1',
  }

  // Cases: dialects 9, 42, 43, 50, 51
  test('keeps every meaning in neutral form, and unknown fields by name', () => {
    expect(neutralOf(request)).toEqual({
      items: [
        { role: 'developer', blocks: [{ kind: 'text', text: 'Be brief.' }] },
        {
          role: 'user',
          blocks: [
            { kind: 'text', text: 'What?' },
            { ...picture, detail: 'low' },
          ],
        },
        { role: 'assistant', blocks: [{ ...look, input: '{}' }] },
        { role: 'tool', blocks: [result('a')] },
        { role: 'user', blocks: [{ kind: 'text', text: 'And?' }] },
      ],
      tools: [
        { kind: 'function', name: 'look', description: 'Looks.', schema: { type: 'object' }, isStrict: true },
      ],
      toolChoice: { kind: 'named', name: 'look' },
      allowsParallelTools: false,
      outputTokensMax: 50,
      temperature: 0.5,
      stop: ['END'],
      reasoning: { effort: 'high' },
      format: { kind: 'schema', name: 'a', schema: { type: 'object' }, isStrict: true },
      endUser: 'u1',
      isStreamed: false,
      foreign: { dialect: 'chat', fields: { logprobs: true } },
    })
  })

  test('is the same request again when it is written back', () => {
    const { max_completion_tokens: _, logprobs: __, ...kept } = request
    const messages = request.messages.map((message) =>
      message.role === 'developer'
        ? { ...message, role: 'system' }
        : message.role === 'assistant'
          ? {
              ...message,
              content: null,
              tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
            }
          : message,
    )
    expect(bodyOf(neutralOf(request)).body).toEqual({ ...kept, model: 'up-1', messages, stop: ['END'] })
  })
})

describe('what a model thought', () => {
  // Cases: dialects 59
  test('comes back with the state that was sealed for its origin, and with no other', () => {
    const state = { origin: 'anthropic', value: 'EqQB' }
    const assistant = (signature: string) => ({
      role: 'assistant' as const,
      content: 'Hi',
      reasoning_content: 'Hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature }],
    })
    const blocksOf = (signature: string) =>
      neutralOf({ model: 'm', messages: [assistant(signature)] }).items[0]?.blocks[0]
    expect(blocksOf(sealState(state))).toEqual({ kind: 'reasoning', text: 'Hm', isSummary: false, state })
    expect(blocksOf('EqQB')).toEqual({ kind: 'reasoning', text: 'Hm', isSummary: false })
  })

  test('stays here: a chat upstream is sent the answer alone', () => {
    const reasoning: Block = { kind: 'reasoning', text: 'Hm', isSummary: false }
    expect(messagesOf({ role: 'assistant', blocks: [reasoning, { kind: 'text', text: 'Hi' }] })).toEqual([
      { role: 'assistant', content: 'Hi' },
    ])
  })
})

describe('the result of a tool', () => {
  const tool = (...blocks: Block[]) => messagesOf({ role: 'tool', blocks })
  const message = (content: string) => ({ role: 'tool', tool_call_id: 'a', content })

  // Cases: dialects 40
  test('that failed says so', () => {
    expect(tool(result('a', { isError: true }))).toEqual([message('Error: sunny')])
  })

  // Cases: dialects 39
  test('that is empty or holds unknown blocks is a message all the same', () => {
    expect(tool(result('a', { parts: [] }))).toEqual([message('')])
    const fields = { type: 'tool_reference', tool_name: 'x' }
    const unknown = {
      kind: 'unknown',
      type: 'tool_reference',
      foreign: { dialect: 'messages', fields },
    } as const
    expect(tool(result('a', { parts: [unknown] }))).toEqual([message(JSON.stringify(fields))])
  })

  // Cases: dialects 41
  test('that holds a picture is followed by the picture as the user’s', () => {
    const url = 'data:image/png;base64,AAAA'
    expect(tool(result('a', { parts: [{ kind: 'text', text: 'sunny' }, picture] }), result('b'))).toEqual([
      message('sunny'),
      { ...message('sunny'), tool_call_id: 'b' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
    ])
  })
})

describe('a call written for a chat upstream', () => {
  // Cases: dialects 53
  test('has namespaces in the names of its tools, freeform tools as functions of one text, and no hosted ones', () => {
    const foreign = { dialect: 'responses', fields: { type: 'web_search' } } as const
    const { body, dropped } = bodyOf({
      tools: [
        { kind: 'function', name: 'spawn', namespace: 'agents' },
        { kind: 'freeform', name: 'patch', description: 'Patches.' },
        { kind: 'hosted', type: 'web_search', foreign },
      ],
      items: [
        { role: 'assistant', blocks: [{ ...look, name: 'patch', isFreeform: true, input: '*** Begin' }] },
      ],
    })
    const parameters = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] }
    expect(body['tools']).toEqual([
      {
        type: 'function',
        function: { name: 'agents__spawn', parameters: { type: 'object', properties: {} } },
      },
      { type: 'function', function: { name: 'patch', description: 'Patches.', parameters } },
    ])
    expect(JSON.stringify(body['messages'])).toContain(JSON.stringify(JSON.stringify({ input: '*** Begin' })))
    expect(dropped).toEqual(['tool web_search'])
  })

  // Cases: dialects 46
  test('leaves out what the model does not take, and names it', () => {
    const call = { temperature: 0, topK: 5, verbosity: 'low', reasoning: { effort: 'low' } } as const
    const { body, dropped } = bodyOf(call, { supportedParameters: ['top_k'] })
    expect(body).toMatchObject({ top_k: 5 })
    expect(Object.keys(body)).not.toContain('temperature')
    expect(dropped.toSorted()).toEqual(['reasoning_effort', 'temperature', 'verbosity'])
  })

  // Cases: dialects 48
  test.each([
    [{ effort: 'none' }, 'none'],
    [{ effort: 'xhigh' }, 'xhigh'],
    [{ budgetTokens: 1_024 }, 'low'],
    [{ budgetTokens: 8_000 }, 'medium'],
    [{ budgetTokens: 32_000 }, 'high'],
    [{ isAdaptive: true }, undefined],
  ] as const)('asks for thoughts of %j as effort %s', (reasoning, effort) => {
    expect(bodyOf({ reasoning }).body['reasoning_effort']).toBe(effort)
  })

  // Cases: dialects 50
  test.each([
    [{ kind: 'auto' }, 'auto'],
    [{ kind: 'none' }, 'none'],
    [{ kind: 'required' }, 'required'],
    [
      { kind: 'named', name: 'look' },
      { type: 'function', function: { name: 'look' } },
    ],
    [
      { kind: 'allowed', names: ['look'], isRequired: true },
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'look' } }] },
      },
    ],
  ] as const)('chooses tools by %j', (toolChoice, choice) => {
    const tools = [{ kind: 'function', name: 'look' }] as const
    const { body } = bodyOf({ tools, toolChoice, allowsParallelTools: false })
    expect(body).toMatchObject({ tool_choice: choice, parallel_tool_calls: false })
    expect(bodyOf({ toolChoice }).body).not.toHaveProperty('tool_choice')
  })

  test('asks a stream for its usage where the upstream takes that', () => {
    expect(bodyOf({ isStreamed: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(bodyOf({ isStreamed: true }, { acceptsStreamOptions: false }).body).not.toHaveProperty(
      'stream_options',
    )
  })

  test('is refused where it names a file of another provider’s store', () => {
    const items: Item[] = [
      { role: 'user', blocks: [{ kind: 'file', media: { kind: 'stored', id: 'file_1' } }] },
    ]
    expect(chatFromNeutral({ ...minimal, items }, target)).toMatchObject({
      ok: false,
      code: 'invalid_request',
      param: 'messages',
    })
  })
})
