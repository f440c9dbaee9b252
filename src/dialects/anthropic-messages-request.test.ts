// What is read of a messages request, what is refused, and what of it an upstream of the same dialect gets.

import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, test } from 'vitest'
import { sealState } from '#calls/reasoning-state.ts'
import {
  countTokensAnswer,
  forwardMessages,
  readCountTokensCall,
  readMessagesCall,
} from './anthropic-messages-request.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'

const encoder = new TextEncoder()

const hello: MessageCreateParams = {
  model: 'claude-up',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hi' }],
}
const target: UpstreamTarget = {
  upstreamModel: 'claude-up',
  origin: 'anthropic',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: [],
  acceptsStreamOptions: true,
}

const read = (body: unknown) =>
  readMessagesCall(encoder.encode(typeof body === 'string' ? body : JSON.stringify(body)))
function callOf(body: unknown): AskedCall {
  const result = read(body)
  if (!result.ok) throw new Error(result.message)
  return result.call
}
const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(5_000) } }

describe('a messages request', () => {
  test('is read as far as it is billed and routed on', () => {
    const call = callOf({
      ...hello,
      stream: true,
      system: 'Be kind',
      metadata: { user_id: 'u1' },
      tools: [
        { name: 'f', input_schema: { type: 'object' } },
        { type: 'bash_20250124', name: 'bash' },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Look' }, png] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [png] },
            { type: 'tool_result', tool_use_id: 't2', content: 'no' },
          ],
        },
      ],
    })
    expect(call).toMatchObject({
      dialect: 'messages',
      model: 'claude-up',
      isStreamed: true,
      outputTokensMax: 100,
      choices: 1,
      endUser: 'u1',
      tools: 2,
      // Three turns, the system's text, and two results that may become messages of their own.
      messages: 6,
      images: 2,
    })
    expect(call.textBytes).toBeLessThan(500)
  })

  test('counts every byte that reaches the model, names and punctuation of a tool’s input included', () => {
    const inputs = {
      ü: [1, 2, 3],
      nested: { text: 'x'.repeat(50) },
      list: Array.from({ length: 100 }, () => 1),
    }
    const messages = [
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input: inputs }] },
    ]
    expect(callOf({ ...hello, messages }).textBytes).toBeGreaterThanOrEqual(
      encoder.encode(JSON.stringify(inputs)).length,
    )
    const system = [{ type: 'text', text: 'ü'.repeat(1_000) }]
    expect(callOf({ ...hello, system }).textBytes).toBeGreaterThanOrEqual(2_000)
  })

  test.each<[string, object, string]>([
    ['no model', { model: undefined }, 'model'],
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens'],
    ['a max_tokens of zero', { max_tokens: 0 }, 'max_tokens'],
    ['no messages', { messages: [] }, 'messages'],
    ['a stream that is text', { stream: 'yes' }, 'stream'],
    ['a tier of another price', { service_tier: 'priority' }, 'service_tier'],
    ['a speed of another price', { speed: 'slow' }, 'speed'],
    ['a place of another price', { inference_geo: 'us' }, 'inference_geo'],
    ['servers of tools', { mcp_servers: [{ type: 'url', url: 'https://x' }] }, 'mcp_servers'],
    ['other models to fall back on', { fallbacks: [{ model: 'm' }] }, 'fallbacks'],
    ['compaction', { context_management: { edits: [{ type: 'compact_20260112' }] } }, 'context_management'],
    ['a long end user', { metadata: { user_id: 'x'.repeat(257) } }, 'metadata.user_id'],
    ['a hosted tool', { tools: [{ type: 'web_search_20260318', name: 'web_search' }] }, 'tools[0].type'],
    [
      'a file',
      {
        messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }],
      },
      'messages[0].content',
    ],
    [
      'a document inside a result',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't',
                content: [{ type: 'document', source: { type: 'base64' } }],
              },
            ],
          },
        ],
      },
      'messages[0].content',
    ],
    [
      'an unknown block',
      { messages: [{ role: 'user', content: [{ type: 'container_upload' }] }] },
      'messages[0].content',
    ],
  ])('with %s is refused, and the field is named', (_name, more, param) => {
    expect(read({ ...hello, ...more })).toMatchObject({ ok: false, code: 'invalid_request', param })
  })

  test.each([
    ['a body that is not JSON', '{'],
    ['a list', '[]'],
    ['an endless depth', `{"context_management":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ])('that is %s is refused', (_name, body) => {
    expect(read(body)).toMatchObject({ ok: false })
  })

  test('of Claude Code, with its betas and fields that nobody here knows, is read', () => {
    const asked = {
      ...hello,
      thinking: { type: 'adaptive', display: 'omitted' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'high' },
      diagnostics: { previous_message_id: null },
      tools: [
        { name: 'Read', input_schema: { type: 'object' }, defer_loading: true, eager_input_streaming: true },
      ],
    }
    expect(read(asked).ok).toBe(true)
  })
})

describe('a request whose tokens are counted', () => {
  test('needs no max_tokens and is answered with the expected input', () => {
    const body = encoder.encode(JSON.stringify({ ...hello, max_tokens: undefined }))
    expect(readCountTokensCall(body)).toMatchObject({ ok: true, call: { textBytes: 6, messages: 1 } })
    expect(countTokensAnswer({ expectedInputTokens: 12 })).toEqual({ input_tokens: 12 })
  })
})

describe('the same request for an upstream of the same dialect', () => {
  // Cases: dialects 57
  test('is the client’s own bytes where nothing has to change, unknown fields and odd numbers included', () => {
    const text = `{ "max_tokens" :100,"model":"claude-up", "x_unknown": 1.0, "messages":[ {"role":"user","content":"\\u00fc"} ],
      "n":12345678901234567890 }`
    expect(forwardMessages(callOf(text), target)).toBe(text)
  })

  test('has the upstream’s name of the model and the limit that is covered, and nothing else changed', () => {
    const text =
      '{"model":"alias","max_tokens":100,"big":12345678901234567890,"messages":[{"role":"user","content":"Hi"}]}'
    expect(forwardMessages(callOf(text), { ...target, outputTokensMax: 50 })).toBe(
      '{"model":"claude-up","max_tokens":50,"big":12345678901234567890,"messages":[{"role":"user","content":"Hi"}]}',
    )
  })

  // Cases: dialects 45
  test('keeps its budget for thoughts below a limit that was lowered', () => {
    const call = callOf({ ...hello, max_tokens: 9_000, thinking: { type: 'enabled', budget_tokens: 4_000 } })
    const thinkingAt = (outputTokensMax: number): unknown =>
      JSON.parse(forwardMessages(call, { ...target, outputTokensMax })).thinking
    expect(thinkingAt(5_000)).toEqual({ type: 'enabled', budget_tokens: 4_000 })
    expect(thinkingAt(3_000)).toEqual({ type: 'enabled', budget_tokens: 2_999 })
    expect(thinkingAt(1_000)).toBeUndefined()
  })

  // Cases: dialects 58
  test('has its thoughts and signatures byte for byte', () => {
    const text = JSON.stringify({
      ...hello,
      model: 'alias',
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm 世\u0000界', signature: 'Er+/=='.repeat(500) },
            { type: 'redacted_thinking', data: 'Ab+/==' },
            { type: 'text', text: 'Yes?' },
          ],
        },
        { role: 'user', content: 'Go on' },
      ],
    }).replace('世', '\\u4e16')
    expect(forwardMessages(callOf(text), target)).toBe(text.replace('"alias"', '"claude-up"'))
  })

  // Cases: dialects 59
  test('leaves out the thoughts of other providers’ models, which carry our seal, and nothing else', () => {
    const sealed = (origin: string, value: string) => sealState({ origin, value })
    const own = '{"type":"thinking","thinking":"b","signature":"own~=="}'
    const call = '{"type":"tool_use","id":"t1","name":"f","input":{"n":1.0}}'
    const before = (blocks: string[]) =>
      `{"model":"claude-up","max_tokens":100,"messages":[{"role":"user","content":"Hi"}, {"role":"assistant", "content":[${blocks.join(',')}] }]}`
    const foreign = [
      JSON.stringify({ type: 'thinking', thinking: 'a', signature: sealed('openai', 'x~y') }),
      JSON.stringify({ type: 'thinking', thinking: 'a', signature: sealed('deepseek', '') }),
      JSON.stringify({ type: 'redacted_thinking', data: sealed('openai', 'x') }),
    ]
    expect(forwardMessages(callOf(before([...foreign, own, call])), target)).toBe(
      `{"model":"claude-up","max_tokens":100,"messages":[{"role":"user","content":"Hi"},{"role":"assistant", "content":[${own},${call}] }]}`,
    )
    const only = before(foreign)
    expect(JSON.parse(forwardMessages(callOf(only), target)).messages).toEqual([
      { role: 'user', content: 'Hi' },
    ])
  })

  // Cases: dialects 59
  test('gets back the signature of its own provider that was sealed on its way through another dialect', () => {
    const signature = sealState({ origin: 'anthropic', value: 'Er+/==' })
    const content = [{ type: 'thinking', thinking: 'a', signature }]
    const call = callOf({ ...hello, messages: [{ role: 'assistant', content }] })
    expect(JSON.parse(forwardMessages(call, target)).messages[0].content).toEqual([
      { type: 'thinking', thinking: 'a', signature: 'Er+/==' },
    ])
  })
})
