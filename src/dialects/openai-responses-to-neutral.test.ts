// Requests of the responses dialect in neutral form.

import { describe, expect, test } from 'vitest'
import type { Block, NeutralCall, ToolChoice } from '#calls/neutral-call.ts'
import { sealState } from '#calls/reasoning-state.ts'
import type { UpstreamTarget } from './dialect.ts'
import { chatFromNeutral } from './openai-chat-from-neutral.ts'
import { readResponsesCall } from './openai-responses-request.ts'
import { responsesToNeutral } from './openai-responses-to-neutral.ts'
import { codexRequest } from './test-codex-request.ts'

const target: UpstreamTarget = {
  upstreamModel: 'gpt-x',
  origin: 'openai',
  outputParameter: 'max_completion_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['temperature', 'top_p', 'reasoning_effort', 'verbosity', 'tools'],
  acceptsStreamOptions: true,
}

function neutral(changes: object): NeutralCall {
  const read = readResponsesCall(
    new TextEncoder().encode(JSON.stringify({ model: 'm', input: 'Hi', ...changes })),
  )
  const call = read.ok ? responsesToNeutral(read.call) : read
  if (!call.ok) throw new Error(call.message)
  return call.call
}

const refused = (changes: object): unknown => {
  const read = readResponsesCall(
    new TextEncoder().encode(JSON.stringify({ model: 'm', input: 'Hi', ...changes })),
  )
  const call = read.ok ? responsesToNeutral(read.call) : read
  return call.ok ? 'read' : call.param
}

const text = (said: string): Block => ({ kind: 'text', text: said })

describe('a request in neutral form', () => {
  // Cases: dialects 43
  test('keeps instructions, system and developer items where they stood', () => {
    const input = [
      { role: 'system', content: 'one' },
      { role: 'user', content: 'Hi' },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'two' }] },
    ]
    expect(neutral({ instructions: 'zero', input }).items).toEqual([
      { role: 'system', blocks: [text('zero')] },
      { role: 'system', blocks: [text('one')] },
      { role: 'user', blocks: [text('Hi')] },
      { role: 'developer', blocks: [text('two')] },
    ])
  })

  // Cases: dialects 54
  test("has one turn for the assistant's items that follow one another, and one for the results of parallel tools", () => {
    const input = [
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Wait.', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '' },
      { type: 'custom_tool_call', call_id: 'b', name: 'patch', input: '*** Begin' },
      { type: 'function_call_output', call_id: 'a', output: '' },
      { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'done' }] },
      {
        type: 'agent_message',
        author: 'other',
        recipient: 'me',
        content: [{ type: 'input_text', text: 'hello' }],
      },
    ]
    expect(neutral({ input }).items).toEqual([
      {
        role: 'assistant',
        blocks: [
          { kind: 'reasoning', text: 'Hm.', isSummary: true },
          text('Wait.'),
          { kind: 'tool_call', id: 'a', name: 'f', input: '{}', isFreeform: false },
          { kind: 'tool_call', id: 'b', name: 'patch', input: '*** Begin', isFreeform: true },
        ],
      },
      {
        role: 'tool',
        blocks: [
          { kind: 'tool_result', callId: 'a', parts: [], isError: false, isFreeform: false },
          { kind: 'tool_result', callId: 'b', parts: [text('done')], isError: false, isFreeform: true },
        ],
      },
      { role: 'user', blocks: [text('Message from agent other:'), text('hello')] },
    ])
  })

  // Cases: dialects 54
  test("has a shell's calls and what it printed as text", () => {
    const input = [
      { type: 'local_shell_call', call_id: 'a', action: { command: ['ls'] } },
      { type: 'shell_call_output', call_id: 'a', output: [{ stdout: 'x' }] },
    ]
    expect(neutral({ input }).items).toEqual([
      {
        role: 'assistant',
        blocks: [
          { kind: 'tool_call', id: 'a', name: 'local_shell', input: '{"command":["ls"]}', isFreeform: false },
        ],
      },
      {
        role: 'tool',
        blocks: [
          {
            kind: 'tool_result',
            callId: 'a',
            parts: [text('[{"stdout":"x"}]')],
            isError: false,
            isFreeform: false,
          },
        ],
      },
    ])
  })

  // Cases: dialects 53
  test('has the tools of namespaces and of additional items one by one, freeform ones and hosted ones as such', () => {
    const format = { type: 'grammar', syntax: 'lark', definition: 'x' }
    const call = neutral({
      tools: [
        { type: 'function', name: 'f', description: 'F.', parameters: { type: 'object' }, strict: true },
        { type: 'namespace', name: 'ns', description: '', tools: [{ type: 'function', name: 'g' }] },
        { type: 'custom', name: 'patch', format },
        { type: 'web_search' },
      ],
      input: [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'function', name: 'h' }] }],
    })
    expect(call.items).toEqual([])
    expect(call.tools).toEqual([
      { kind: 'function', name: 'f', description: 'F.', schema: { type: 'object' }, isStrict: true },
      { kind: 'function', name: 'g', namespace: 'ns' },
      { kind: 'freeform', name: 'patch', format },
      {
        kind: 'hosted',
        type: 'web_search',
        foreign: { dialect: 'responses', fields: { type: 'web_search' } },
      },
      { kind: 'function', name: 'h' },
    ])
  })

  // Cases: dialects 53
  test('of Codex reaches a chat upstream with every tool that it runs itself, and says what was left out', () => {
    const { model: _, ...request } = codexRequest()
    const sent = chatFromNeutral(neutral(request), target)
    if (!sent.ok) throw new Error(sent.message)
    expect(sent.dropped).toContain('tool web_search')
    const tools = Array.isArray(sent.body['tools']) ? sent.body['tools'] : []
    const names = tools.map((tool: { function: { name: string } }) => tool.function.name)
    expect(names).toHaveLength(9)
    expect(names.slice(-2)).toEqual(['multi_agent_v1__spawn', 'multi_agent_v1__wait'])
    expect(sent.body).toMatchObject({ stream: true, reasoning_effort: 'medium', parallel_tool_calls: false })
  })

  // Cases: dialects 60, 63
  test("opens what was sealed here, has thoughts and their summary once each, and knows nobody else's state", () => {
    const state = { origin: 'anthropic', value: 'SIG==' }
    const input = [
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'Deep.' }],
        encrypted_content: sealState(state),
      },
      {
        type: 'reasoning',
        id: 'rs_2',
        summary: [],
        encrypted_content: sealState({ ...state, id: 'redacted' }),
      },
      {
        type: 'reasoning',
        id: 'rs_3',
        summary: [
          { type: 'summary_text', text: 'a' },
          { type: 'summary_text', text: 'b' },
        ],
        content: [{ type: 'reasoning_text', text: 'raw' }],
        encrypted_content: 'gAAAA==',
      },
      { type: 'item_reference', id: 'rs_4' },
    ]
    expect(neutral({ input }).items).toEqual([
      {
        role: 'assistant',
        blocks: [
          { kind: 'reasoning', text: 'Deep.', isSummary: false, state },
          { kind: 'reasoning', text: '', isSummary: false, isRedacted: true, state },
          { kind: 'reasoning', text: 'raw', isSummary: false },
          { kind: 'reasoning', text: 'a\n\nb', isSummary: true },
        ],
      },
    ])
  })

  // Cases: dialects 52
  test('has pictures by address and inline, with their detail', () => {
    const image = (url: string, more: object = {}) => ({ type: 'input_image', image_url: url, ...more })
    const content = [image('https://x.test/a.png', { detail: 'low' }), image('data:image/png;base64,QUJD')]
    expect(neutral({ input: [{ role: 'user', content }] }).items[0]?.blocks).toEqual([
      { kind: 'image', media: { kind: 'url', url: 'https://x.test/a.png' }, detail: 'low' },
      { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } },
    ])
  })

  // Cases: dialects 45, 48, 51
  test('keeps what tunes the answer', () => {
    const schema = { type: 'object' }
    expect(
      neutral({
        temperature: 0,
        top_p: 0.5,
        max_output_tokens: 64,
        reasoning: { effort: 'none', summary: 'auto' },
        text: { verbosity: 'low', format: { type: 'json_schema', name: 'n', schema, strict: true } },
        parallel_tool_calls: false,
        user: 'someone',
        metadata: { a: 'b' },
        prompt_cache_key: 'k',
        truncation: 'auto',
        store: true,
        include: ['reasoning.encrypted_content'],
      }),
    ).toEqual({
      items: [{ role: 'user', blocks: [text('Hi')] }],
      tools: [],
      stop: [],
      isStreamed: false,
      temperature: 0,
      topP: 0.5,
      outputTokensMax: 64,
      reasoning: { effort: 'none', isShown: true },
      format: { kind: 'schema', name: 'n', schema, isStrict: true },
      verbosity: 'low',
      allowsParallelTools: false,
      endUser: 'someone',
      metadata: { a: 'b' },
      cacheKey: 'k',
      foreign: { dialect: 'responses', fields: { truncation: 'auto' } },
    })
    expect(neutral({ text: { format: { type: 'json_object' } } }).format).toEqual({ kind: 'json' })
    expect(neutral({ text: { format: { type: 'text' } } }).format).toEqual({ kind: 'text' })
  })

  // Cases: dialects 50
  test.each<[unknown, ToolChoice | undefined]>([
    ['auto', { kind: 'auto' }],
    ['none', { kind: 'none' }],
    ['required', { kind: 'required' }],
    [
      { type: 'function', name: 'f' },
      { kind: 'named', name: 'f' },
    ],
    [
      { type: 'function', name: 'g' },
      { kind: 'named', name: 'ns__g' },
    ],
    [
      {
        type: 'allowed_tools',
        mode: 'required',
        tools: [
          { type: 'function', name: 'f' },
          { type: 'namespace', name: 'ns' },
        ],
      },
      { kind: 'allowed', names: ['f', 'ns__g'], isRequired: true },
    ],
    [undefined, undefined],
  ])('chooses tools as its client did: %j', (choice, expected) => {
    const tools = [
      { type: 'function', name: 'f' },
      { type: 'namespace', name: 'ns', tools: [{ type: 'function', name: 'g' }] },
    ]
    expect(neutral({ tools, tool_choice: choice }).toolChoice).toEqual(expected)
  })

  test.each([
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ include: ['message.output_text.logprobs'] }, 'include'],
    [{ tool_choice: { type: 'web_search_preview' } }, 'tool_choice'],
    [{ input: [{ type: 'compaction', encrypted_content: 'x' }] }, 'input[0]'],
    [{ top_logprobs: 0, include: [] }, 'read'],
  ])('is refused for what no other dialect can do: %j', (changes, param) => {
    expect(refused(changes)).toBe(param)
  })
})
