// The chat request: strict where we bill and route, indifferent elsewhere.

import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import { sealState } from '#calls/reasoning-state.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { forwardChat, readChatCall } from './openai-chat.ts'

const encoder = new TextEncoder()
const messages = [{ role: 'user', content: 'Hello' }]

function readText(text: string) {
  return readChatCall(encoder.encode(text))
}

function read(fields: object) {
  return readText(JSON.stringify({ model: 'm', messages, ...fields }))
}

function callOf(fields: object): AskedCall {
  const result = read(fields)
  if (!result.ok) throw new Error(`refused: ${result.message}`)
  return result.call
}

describe('a chat request', () => {
  test('is read with what it costs and where it goes', () => {
    const body: ChatCompletionCreateParams = {
      model: 'gpt-6-luna',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Grüße' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 50,
      n: 2,
      tools: [{ type: 'function', function: { name: 'f', parameters: { a: 1 } } }],
      user: 'u-1',
    }
    const texts = ['system', 'Be brief.', 'user', 'text', 'Grüße__', 'image_url']
    const toolTexts = ['type', 'function', 'function', 'name', 'f', 'parameters', 'a', '1']
    expect(readText(JSON.stringify(body))).toMatchObject({
      ok: true,
      call: {
        model: 'gpt-6-luna',
        isStreamed: true,
        includeUsage: true,
        outputTokensMax: 50,
        choices: 2,
        endUser: 'u-1',
        messages: 2,
        tools: 1,
        images: 1,
        // The picture's bytes are not text; its part's own type is not counted either.
        textBytes: [...texts.slice(0, -1), ...toolTexts].join('').length,
      },
    })
  })

  test('has one answer, no limit and no stream where it says nothing', () => {
    expect(callOf({})).toMatchObject({ isStreamed: false, choices: 1, images: 0, tools: 0 })
    expect(callOf({}).outputTokensMax).toBeUndefined()
    expect(callOf({}).includeUsage).toBeUndefined()
    expect(callOf({}).endUser).toBeUndefined()
  })

  test('may carry null for what OpenAI’s own types allow to be null', () => {
    const call = callOf({
      max_tokens: null,
      max_completion_tokens: null,
      n: null,
      stream: null,
      stream_options: null,
    })
    expect(call).toMatchObject({ isStreamed: false, choices: 1 })
    expect(call.outputTokensMax).toBeUndefined()
  })

  // Cases: billing-bugs 30
  test.each(['max_tokens', 'max_completion_tokens', 'n'])(
    'is refused for a %s that is no whole number from 1',
    (field) => {
      for (const value of [
        '-1',
        '0',
        '1.5',
        '"5"',
        '1e309',
        '-1e309',
        '9007199254740992',
        'true',
        '[]',
        '{}',
      ]) {
        const result = readText(`{"model":"m","messages":${JSON.stringify(messages)},"${field}":${value}}`)
        expect(result).toMatchObject({ ok: false, code: 'invalid_request', param: field })
      }
    },
  )

  test('is refused for more than 128 answers', () => {
    expect(read({ n: 129 })).toMatchObject({ ok: false, param: 'n' })
    expect(callOf({ n: 128 }).choices).toBe(128)
  })

  test.each([
    ['model', [undefined, null, '', 7, {}, 'x'.repeat(257)]],
    ['messages', [undefined, null, [], {}, 'hi', ['hi'], [null]]],
    ['stream', ['true', 1, {}]],
    ['stream_options', [true, [], 'x']],
    ['tools', ['f', {}, ['f']]],
  ])('is refused with the name of the field for a wrong %s', (field, values) => {
    for (const value of values)
      expect(read({ [field]: value })).toMatchObject({ ok: false, code: 'invalid_request', param: field })
  })

  test('is refused for an include_usage that is neither yes nor no', () => {
    const param = 'stream_options.include_usage'
    expect(read({ stream: true, stream_options: { include_usage: 'yes' } })).toMatchObject({
      ok: false,
      param,
    })
  })

  test.each([
    ['', 'The request body is not valid JSON.'],
    ['{"model":"m",', 'The request body is not valid JSON.'],
    ['[]', 'The request body is not a JSON object.'],
    ['null', 'The request body is not a JSON object.'],
    ['"text"', 'The request body is not a JSON object.'],
  ])('of %j is refused in one clear sentence', (text, message) => {
    expect(readText(text)).toEqual({ ok: false, code: 'invalid_request', message })
  })

  test('that is not UTF-8 is refused instead of forwarded with other characters', () => {
    const bytes = new Uint8Array([...encoder.encode('{"model":"'), 0xff, ...encoder.encode('"}')])
    expect(readChatCall(bytes)).toMatchObject({ ok: false, message: 'The request body is not UTF-8 text.' })
  })

  test('that is nested too deeply is refused and overflows nothing', () => {
    const deep = (levels: number) => `${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`
    const body = (field: string) =>
      `{"model":"m","messages":${JSON.stringify(messages)},"${field}":${deep(200_000)}}`
    for (const field of ['tools', 'metadata', 'anything'])
      expect(readText(body(field))).toMatchObject({ ok: false, code: 'invalid_request', param: field })
    const message = `{"model":"m","messages":[{"role":"user","content":"x","a":${deep(200_000)}}]}`
    expect(readText(message)).toMatchObject({ ok: false, param: 'messages' })
  })

  test.each(['{},', '0,', '[],', '"",'])(
    'that is little else than values (%s) is refused before they fill the memory of the isolate',
    (value) => {
      const text = `{"model":"m","messages":${JSON.stringify(messages)},"x":[${value.repeat(2_500_000)}0]}`
      expect(readText(text)).toMatchObject({ ok: false, code: 'body_too_large' })
    },
  )

  test('that is one long text is read, whatever brackets, commas and quotes it holds', () => {
    const content = '[{"a,\\": "'.repeat(100_000)
    expect(callOf({ messages: [{ role: 'user', content }] }).textBytes).toBe(content.length + 'user'.length)
  })

  test('that holds a number beyond all doubles is refused, for it could not be forwarded as it is', () => {
    const text = `{"model":"m","messages":${JSON.stringify(messages)},"temperature":1e400}`
    expect(readText(text)).toMatchObject({ ok: false, param: 'temperature' })
  })

  // Cases: billing-bugs 16
  test.each([
    ['service_tier', { service_tier: 'scale' }],
    ['service_tier', { service_tier: 'batch' }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['web_search_options', { web_search_options: {} }],
    ['tools', { tools: [{ type: 'web_search' }] }],
    [
      'messages[0].content',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: '' } }] }] },
    ],
    [
      'messages[0].content',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
    ['messages[0].content', { messages: [{ role: 'user', content: ['text'] }] }],
  ])('is refused for a part without a price: %s of %j', (param, fields) => {
    expect(read(fields)).toMatchObject({ ok: false, code: 'invalid_request', param })
  })

  test('passes the tiers, modalities and tools that have a price', () => {
    const tools = [
      { type: 'function', function: { name: 'f' } },
      { type: 'custom', custom: { name: 'c' } },
    ]
    expect(callOf({ service_tier: 'default', modalities: ['text'], tools }).tools).toBe(2)
  })

  // Cases: billing-bugs 18
  test('counts every text that reaches the model, however it is packed', () => {
    const text = 'x'.repeat(1_000)
    const bare = callOf({}).textBytes
    const packed: object[] = [
      { messages: [{ role: 'user', content: text }] },
      { messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
      { messages: [{ role: 'user', content: 'Hello', name: text }] },
      {
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: text } }],
          },
        ],
      },
      { messages: [{ role: 'assistant', content: 'Hello', reasoning_content: text }] },
      { tools: [{ type: 'function', function: { name: 'f', description: text } }] },
      { tools: [{ type: 'function', function: { name: 'f', parameters: { [text]: {} } } }] },
      { functions: [{ name: text }] },
      { response_format: { type: 'json_schema', json_schema: { schema: { [text]: 1 } } } },
      { prediction: { type: 'content', content: text } },
    ]
    for (const fields of packed) expect(callOf(fields).textBytes).toBeGreaterThanOrEqual(1_000)
    expect(callOf({ metadata: { text } }).textBytes).toBe(bare)
  })

  test('names its end user by the newest field that has one, up to 256 bytes', () => {
    expect(callOf({ safety_identifier: 's', user: 'u', metadata: { user_id: 'm' } }).endUser).toBe('s')
    expect(callOf({ user: 'u', metadata: { user_id: 'm' } }).endUser).toBe('u')
    expect(callOf({ metadata: { user_id: 'm' } }).endUser).toBe('m')
    expect(read({ user: 'é'.repeat(128) })).toMatchObject({ ok: true })
    expect(read({ user: 'é'.repeat(129) })).toMatchObject({ ok: false, param: 'user' })
  })
})

describe('the request that goes upstream', () => {
  const target: UpstreamTarget = {
    upstreamModel: 'up-1',
    origin: 'openai',
    outputParameter: 'max_tokens',
    outputTokensMax: undefined,
    supportedParameters: [],
    acceptsStreamOptions: true,
  }
  const sent = (fields: object, changes: Partial<UpstreamTarget> = {}): unknown =>
    JSON.parse(forwardChat(callOf(fields), { ...target, ...changes }))

  // Cases: dialects 57
  test('is the client’s with another model name: unknown fields pass untouched', () => {
    const fields = {
      temperature: 0.3,
      seed: 7,
      metadata: { a: [1, null, 'x'] },
      x_unknown: { deep: true },
    }
    expect(sent(fields)).toEqual({ model: 'up-1', messages, ...fields })
  })

  // Cases: dialects 57
  test('keeps every other byte as the client wrote it: spaces, key order, numbers beyond a double', () => {
    const text = ` { "seed": 12345678901234567890, "x": 1.0e2,\n "messages": [{"role":"user","content":"\\u00e9\\/"}], "model" : "m" } `
    const result = readText(text)
    if (!result.ok) throw new Error(result.message)
    expect(forwardChat(result.call, target)).toBe(text.replace('"m"', '"up-1"'))
    expect(forwardChat(result.call, { ...target, upstreamModel: 'm' })).toBe(text)
  })

  // Cases: dialects 21
  test('asks for usage on every stream, whatever the client said, and keeps its other options', () => {
    expect(sent({ stream: true })).toMatchObject({ stream_options: { include_usage: true } })
    const streamOptions = { include_usage: false, include_obfuscation: false }
    expect(sent({ stream: true, stream_options: streamOptions })).toMatchObject({
      stream_options: { include_usage: true, include_obfuscation: false },
    })
    expect(sent({ stream: true, stream_options: null })).toMatchObject({
      stream_options: { include_usage: true },
    })
    expect(sent({})).not.toHaveProperty('stream_options')
  })

  // Cases: dialects 23
  test('has no stream options for an upstream that refuses them', () => {
    const fields = { stream: true, stream_options: { include_usage: true } }
    expect(sent(fields, { acceptsStreamOptions: false })).not.toHaveProperty('stream_options')
  })

  test('limits its output by one parameter only, under the name that the upstream reads', () => {
    expect(sent({ max_tokens: 5 })).toMatchObject({ max_tokens: 5 })
    const renamed = sent(
      { max_tokens: 5, max_completion_tokens: 9 },
      { outputParameter: 'max_completion_tokens' },
    )
    expect(renamed).toMatchObject({ max_completion_tokens: 9 })
    expect(renamed).not.toHaveProperty('max_tokens')
    expect(sent({})).not.toHaveProperty('max_tokens')
  })

  // Cases: billing-bugs 20
  test('has the limit that is covered where that is not the client’s own', () => {
    expect(sent({ max_tokens: 9_000_000 }, { outputTokensMax: 4_000 })).toMatchObject({ max_tokens: 4_000 })
    expect(sent({}, { outputTokensMax: 4_000 })).toMatchObject({ max_tokens: 4_000 })
  })

  // Cases: dialects 59
  test('leaves out what was sealed here for a provider of another dialect, and nothing else', () => {
    const sealed = {
      type: 'reasoning.text',
      text: '',
      signature: sealState({ origin: 'anthropic', value: 'S' }),
    }
    const own = { type: 'reasoning.text', text: 'Hm', signature: 'theirs' }
    const said = { role: 'assistant', content: 'Hi', reasoning_content: 'Hm' }
    const sentWith = (details: readonly object[]) =>
      sent({ messages: [...messages, { ...said, reasoning_details: details }] })
    const withOwn = [...messages, { ...said, reasoning_details: [own] }]
    expect(sentWith([sealed])).toEqual({ model: 'up-1', messages: [...messages, said] })
    expect(sentWith([own, sealed])).toEqual({ model: 'up-1', messages: withOwn })
    expect(sentWith([own])).toEqual({ model: 'up-1', messages: withOwn })
  })
})
