// Neutral calls as requests of the responses dialect.

import type { ResponseCreateParams } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import type { Block, Item, NeutralCall, ReasoningAsked, Tool } from '#calls/neutral-call.ts'
import type { JsonObject } from '#core/readers.ts'
import type { UpstreamTarget, WrittenCall } from './dialect.ts'
import { responsesFromNeutral } from './openai-responses-from-neutral.ts'

const target: UpstreamTarget = {
  upstreamModel: 'gpt-x',
  origin: 'openai',
  outputParameter: 'max_completion_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['temperature', 'top_p', 'reasoning_effort', 'verbosity', 'tools'],
  acceptsStreamOptions: true,
}

const noCall: NeutralCall = {
  items: [{ role: 'user', blocks: [{ kind: 'text', text: 'Hi' }] }],
  tools: [],
  stop: [],
  isStreamed: false,
  foreign: { dialect: 'chat', fields: {} },
}

const written = (changes: Partial<NeutralCall>, to: Partial<UpstreamTarget> = {}): WrittenCall =>
  responsesFromNeutral({ ...noCall, ...changes }, { ...target, ...to })

function bodyOf(changes: Partial<NeutralCall>, to: Partial<UpstreamTarget> = {}): JsonObject {
  const call = written(changes, to)
  if (!call.ok) throw new Error(call.message)
  return call.body
}

const text = (said: string): Block => ({ kind: 'text', text: said })
const fn = (name: string, namespace?: string): Tool => ({
  kind: 'function',
  name,
  ...(namespace === undefined ? {} : { namespace }),
})

describe('a neutral call as a request', () => {
  // Cases: dialects 43
  test('keeps system and developer turns in their order', () => {
    const items: Item[] = [
      { role: 'system', blocks: [text('one')] },
      { role: 'user', blocks: [text('Hi'), text('')] },
      { role: 'developer', blocks: [text('two')] },
    ]
    const said = (role: string, words: string) => ({
      type: 'message',
      role,
      content: [{ type: 'input_text', text: words }],
    })
    expect(bodyOf({ items })['input']).toEqual([
      said('system', 'one'),
      said('user', 'Hi'),
      said('developer', 'two'),
    ])
  })

  test("is a valid request by OpenAI's own types, keeps nothing upstream and asks for its thoughts", () => {
    const expected: ResponseCreateParams = {
      model: 'gpt-x',
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'Hm.' }],
          encrypted_content: 'gA==',
        },
        { type: 'message', role: 'assistant', content: 'Wait.' },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
        { type: 'custom_tool_call', call_id: 'b', name: 'patch', input: '*** Begin' },
        { type: 'function_call_output', call_id: 'a', output: 'Error: no' },
        {
          type: 'custom_tool_call_output',
          call_id: 'b',
          output: [
            { type: 'input_text', text: 'see' },
            { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'auto' },
          ],
        },
      ],
      tools: [
        { type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
        { type: 'custom', name: 'patch' },
      ],
      tool_choice: { type: 'custom', name: 'patch' },
      parallel_tool_calls: true,
      temperature: 1,
      reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      text: { format: { type: 'json_schema', name: 'n', schema: {}, strict: true }, verbosity: 'low' },
      safety_identifier: 'someone',
      prompt_cache_key: 'k',
      store: false,
      stream: true,
    }
    const state = { origin: 'openai', id: 'rs_1', value: 'gA==' }
    const picture = { kind: 'image', media: { kind: 'url', url: 'https://x.test/a.png' } } as const
    const items: Item[] = [
      { role: 'user', blocks: [text('Hi')] },
      {
        role: 'assistant',
        blocks: [
          { kind: 'reasoning', text: 'Hm.', isSummary: true, state },
          text('Wait.'),
          { kind: 'tool_call', id: 'a', name: 'f', input: '{}', isFreeform: false },
          { kind: 'tool_call', id: 'b', name: 'patch', input: '*** Begin', isFreeform: true },
        ],
      },
      {
        role: 'tool',
        blocks: [
          {
            kind: 'tool_result',
            callId: 'a',
            parts: [{ kind: 'text', text: 'no' }],
            isError: true,
            isFreeform: false,
          },
          {
            kind: 'tool_result',
            callId: 'b',
            parts: [{ kind: 'text', text: 'see' }, picture],
            isError: false,
            isFreeform: false,
          },
        ],
      },
    ]
    expect(
      bodyOf({
        items,
        tools: [fn('f'), { kind: 'freeform', name: 'patch' }],
        toolChoice: { kind: 'named', name: 'patch' },
        allowsParallelTools: true,
        temperature: 1,
        reasoning: { effort: 'high', isShown: true },
        format: { kind: 'schema', name: 'n', schema: {}, isStrict: true },
        verbosity: 'low',
        endUser: 'someone',
        cacheKey: 'k',
        isStreamed: true,
      }),
    ).toEqual(expected)
  })

  // Cases: dialects 59, 60
  test('brings thoughts back to the provider that made them, under the id that they are bound to, and to no other', () => {
    const block = (origin: string): Block => ({
      kind: 'reasoning',
      text: 'Hm.',
      isSummary: false,
      state: { origin, id: 'rs_1', value: 'gA==' },
    })
    const unsigned: Block = { kind: 'reasoning', text: 'Hm.', isSummary: true }
    const items: Item[] = [{ role: 'assistant', blocks: [block('anthropic'), unsigned, block('openai')] }]
    expect(bodyOf({ items })['input']).toEqual([
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gA==' },
    ])
  })

  // Cases: dialects 55
  test('writes ids of calls that OpenAI would refuse in another way, the same for a call and its result', () => {
    const id = `toolu.${'x'.repeat(200)}`
    const items: Item[] = [
      { role: 'assistant', blocks: [{ kind: 'tool_call', id, name: 'f', input: '{}', isFreeform: false }] },
      {
        role: 'tool',
        blocks: [{ kind: 'tool_result', callId: id, parts: [], isError: false, isFreeform: false }],
      },
    ]
    const [call, result] = JSON.stringify(bodyOf({ items })['input']).match(/"call_id":"[\w-]{1,64}"/g) ?? []
    expect(call).toBeDefined()
    expect(result).toBe(call)
  })

  // Cases: dialects 46
  test('leaves what the model does not take out, and says so', () => {
    const call = written(
      {
        temperature: 0.3,
        topP: 1,
        topK: 5,
        reasoning: { effort: 'low' },
        verbosity: 'low',
        frequencyPenalty: 1,
      },
      { supportedParameters: ['tools'] },
    )
    expect(call).toMatchObject({
      ok: true,
      dropped: ['temperature', 'top_p', 'top_k', 'frequency_penalty', 'reasoning', 'verbosity'],
    })
    if (call.ok) expect(Object.keys(call.body)).toEqual(['model', 'input', 'store'])
  })

  // Cases: dialects 48
  test.each<[ReasoningAsked, unknown]>([
    [{ effort: 'none' }, { effort: 'none' }],
    [{ effort: 'xhigh' }, { effort: 'xhigh' }],
    [{ budgetTokens: 1_024 }, { effort: 'low' }],
    [
      { budgetTokens: 8_000, isShown: true },
      { effort: 'medium', summary: 'auto' },
    ],
    [{ budgetTokens: 60_000 }, { effort: 'high' }],
    [{ isAdaptive: true, isShown: false }, {}],
  ])('thinks as much as %j asks for', (reasoning, expected) => {
    expect(bodyOf({ reasoning })['reasoning']).toEqual(expected)
  })

  // Cases: dialects 50, 53
  test('chooses tools by the names that they have upstream', () => {
    const tools = [fn('f'), fn('g', 'ns')]
    expect(
      bodyOf({ tools, toolChoice: { kind: 'allowed', names: ['ns__g'], isRequired: false } }),
    ).toMatchObject({
      tools: [{ name: 'f' }, { name: 'ns__g' }],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'ns__g' }] },
    })
    expect(bodyOf({ toolChoice: { kind: 'required' } })).not.toHaveProperty('tool_choice')
  })

  // Cases: dialects 51
  test.each<[NeutralCall['format'], unknown]>([
    [{ kind: 'text' }, { format: { type: 'text' } }],
    [{ kind: 'json' }, { format: { type: 'json_object' } }],
    [
      { kind: 'schema', name: 'n', schema: { a: 1 }, description: 'd' },
      { format: { type: 'json_schema', name: 'n', schema: { a: 1 }, description: 'd', strict: false } },
    ],
  ])('has the format that was asked for: %j', (format, expected) => {
    expect(format === undefined ? {} : bodyOf({ format })['text']).toEqual(expected)
  })

  // Cases: dialects 52
  test('has pictures and documents inline or by address', () => {
    const blocks: Block[] = [
      { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' }, detail: 'high' },
      { kind: 'file', media: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' }, name: 'a.pdf' },
      { kind: 'file', media: { kind: 'url', url: 'https://x.test/a.pdf' } },
    ]
    expect(bodyOf({ items: [{ role: 'user', blocks }] })['input']).toMatchObject([
      {
        content: [
          { type: 'input_image', image_url: 'data:image/png;base64,QUJD', detail: 'high' },
          { type: 'input_file', file_data: 'data:application/pdf;base64,QUJD', filename: 'a.pdf' },
          { type: 'input_file', file_url: 'https://x.test/a.pdf' },
        ],
      },
    ])
  })

  // Cases: dialects 56
  test.each<[Partial<NeutralCall>, string | undefined]>([
    [{ stop: ['END'] }, 'stop'],
    [{ seed: 7 }, 'seed'],
    [{ foreign: { dialect: 'chat', fields: { n: 2 } } }, 'n'],
    [{ foreign: { dialect: 'chat', fields: { logprobs: true } } }, 'logprobs'],
    [{ foreign: { dialect: 'chat', fields: { logit_bias: { 5: 1 } } } }, 'logit_bias'],
    [{ foreign: { dialect: 'chat', fields: { prediction: {} } } }, 'prediction'],
    [{ items: [{ role: 'user', blocks: [{ kind: 'audio', data: '', format: 'wav' }] }] }, undefined],
    [
      { items: [{ role: 'user', blocks: [{ kind: 'image', media: { kind: 'stored', id: 'f' } }] }] },
      undefined,
    ],
  ])('is refused for what would change the answer: %j', (changes, param) => {
    expect(written(changes)).toMatchObject({
      ok: false,
      code: 'invalid_request',
      ...(param === undefined ? {} : { param }),
    })
  })

  test('names what means nothing here', () => {
    const fields = { n: 1, logprobs: false, web_search_options: {}, store: null }
    const hosted: Tool = {
      kind: 'hosted',
      type: 'web_search_20250305',
      foreign: { dialect: 'messages', fields: {} },
    }
    expect(written({ foreign: { dialect: 'chat', fields }, tools: [hosted] })).toMatchObject({
      dropped: ['web_search_options', 'tool web_search_20250305'],
    })
  })
})
