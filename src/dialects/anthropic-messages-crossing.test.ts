// Thoughts and tools on their way through a client of another dialect and back: what their origin needs to see again returns
// to it byte for byte, and reaches nobody else.

import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { messagesDialect } from './anthropic-messages.ts'
import type { AskedCall, Dialect, UpstreamTarget } from './dialect.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const encoder = new TextEncoder()
const signature = 'Er+/=='.repeat(200)

const target = (origin: string): UpstreamTarget => ({
  upstreamModel: 'up-1',
  origin,
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['reasoning', 'reasoning_effort', 'tools'],
  reasoning: 'adaptive',
  acceptsStreamOptions: true,
})

/** The body that a client gets for a whole answer of an upstream. */
function answered(upstream: { dialect: Dialect; origin: string; body: object }, client: Dialect): JsonObject {
  const answer = new TranslatedAnswer({
    decoder: upstream.dialect.decoder(upstream.origin),
    encoder: client.encoder({
      answerId: 'id_1',
      model: 'm',
      createdAtSeconds: 1,
      expectedInputTokens: 5,
      includeUsage: false,
      origin: upstream.origin,
      echo: {},
    }),
    toolNames: undefined,
    countTokens: countTokensByBytes,
    expectedInputTokens: 5,
    costOf: () => ({ costNanoUsd: nanoUsd(1), lines: [] }),
  })
  const body: JsonObject = { ...upstream.body }
  if (!answer.seeBody(body)) throw new Error('The answer could not be read.')
  return answer.wholeBody(body, { priced: { costNanoUsd: nanoUsd(1), lines: [] }, metered: answer.usage() })
}

function askedOf(dialect: Dialect, request: object): AskedCall {
  const read = dialect.read(encoder.encode(JSON.stringify(request)))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

/** The body that an upstream gets for a client's next request. */
function sent(client: Dialect, request: object, upstream: { dialect: Dialect; origin: string }): string {
  const asked = askedOf(client, request)
  if (client.id === upstream.dialect.id) return client.forward(asked, target(upstream.origin))
  const neutral = client.toNeutral(asked)
  if (!neutral.ok) throw new Error(neutral.message)
  const written = upstream.dialect.fromNeutral(neutral.call, target(upstream.origin))
  if (!written.ok) throw new Error(written.message)
  return JSON.stringify(written.body)
}

const claude = { dialect: messagesDialect, origin: 'anthropic' }
const openai = { dialect: responsesDialect, origin: 'openai' }
const usage = { input_tokens: 1, output_tokens: 1 }
const claudeAnswer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-up',
  content: [
    { type: 'thinking', thinking: 'Hm', signature },
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'sky' } },
  ],
  stop_reason: 'tool_use',
  usage,
}
const responsesAnswer = {
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  output: [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Hm' }],
      encrypted_content: signature,
    },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{"at":"sky"}' },
  ],
  usage,
}

/** What a client sends next: its own form of the answer, then the tool's result. */
function nextRequest(client: Dialect, body: JsonObject): object {
  const output: readonly unknown[] = Array.isArray(body['output']) ? body['output'] : []
  const choices: readonly unknown[] = Array.isArray(body['choices']) ? body['choices'] : []
  const [choice] = choices
  const ids = JSON.stringify(body).match(/(?:toolu|call)_1/) ?? []
  const id = ids[0] ?? ''
  switch (client.id) {
    case 'messages':
      return {
        model: 'm',
        max_tokens: 9_000,
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: body['content'] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'blue' }] },
        ],
      }
    case 'responses':
      return {
        model: 'm',
        store: false,
        input: [
          { role: 'user', content: 'Hi' },
          ...output,
          { type: 'function_call_output', call_id: id, output: 'blue' },
        ],
      }
    case 'chat':
      return {
        model: 'm',
        messages: [
          { role: 'user', content: 'Hi' },
          isObject(choice) ? choice['message'] : {},
          { role: 'tool', tool_call_id: id, content: 'blue' },
        ],
      }
  }
}

describe('thoughts of Anthropic', () => {
  // Cases: dialects 58, 59
  test.each([
    ['chat completions', chatDialect],
    ['responses', responsesDialect],
  ])(
    'come back through a client of %s with their signature byte for byte, and go to nobody else',
    (_name, client) => {
      const next = nextRequest(client, answered({ ...claude, body: claudeAnswer }, client))
      const body: { messages: { content: unknown[] }[] } = JSON.parse(sent(client, next, claude))
      expect(body.messages[1]?.content[0]).toEqual({ type: 'thinking', thinking: 'Hm', signature })
      expect(body.messages[1]?.content.at(-1)).toMatchObject({
        type: 'tool_use',
        id: 'toolu_1',
        input: { at: 'sky' },
      })
      const others = [
        openai,
        { dialect: messagesDialect, origin: 'moonshot' },
        { dialect: chatDialect, origin: 'deepseek' },
      ]
      // What a chat client says goes to a chat upstream as it is.
      for (const other of others.filter(({ dialect }) => dialect.id !== client.id || client.id !== 'chat'))
        expect(sent(client, next, other)).not.toContain('Er+/==')
    },
  )
})

describe('thoughts of OpenAI behind a messages client', () => {
  // Cases: dialects 59, 60
  test('come back with their encrypted content and the id that it is bound to, and do not reach Anthropic', () => {
    const next = nextRequest(messagesDialect, answered({ ...openai, body: responsesAnswer }, messagesDialect))
    const input: unknown = JSON.parse(sent(messagesDialect, next, openai)).input
    expect(input).toContainEqual(
      expect.objectContaining({ type: 'reasoning', id: 'rs_1', encrypted_content: signature }),
    )
    expect(input).toContainEqual(
      expect.objectContaining({ type: 'function_call', call_id: 'call_1', arguments: '{"at":"sky"}' }),
    )
    const forwarded = sent(messagesDialect, next, claude)
    expect(forwarded).not.toMatch(/thinking|sluice|Er\+/)
    expect(forwarded).toContain('"tool_use"')
  })
})

describe('equal usage', () => {
  // Cases: dialects 26
  test('of Anthropic is told to every client in its own way of counting', () => {
    const stated: Message['usage'] = {
      input_tokens: 10,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 0 },
      output_tokens: 7,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: 'standard',
      inference_geo: null,
      speed: null,
    }
    const upstream = { ...claude, body: { ...claudeAnswer, usage: stated } }
    expect(answered(upstream, chatDialect)['usage']).toMatchObject({
      prompt_tokens: 130,
      completion_tokens: 7,
    })
    expect(answered(upstream, responsesDialect)['usage']).toMatchObject({
      input_tokens: 130,
      output_tokens: 7,
    })
    expect(answered(upstream, messagesDialect)['usage']).toMatchObject({
      input_tokens: 10,
      cache_read_input_tokens: 100,
    })
  })
})

describe('a stream of Anthropic', () => {
  // Cases: dialects 15
  test('has its pings dropped for clients of the other dialects', () => {
    const ping: RawMessageStreamEvent | { type: 'ping' } = { type: 'ping' }
    const frame = { bytes: new Uint8Array(0), event: 'ping', data: JSON.stringify(ping), isComment: false }
    expect(messagesDialect.decoder('anthropic').frame(frame)).toEqual({ events: [], isDone: false })
  })
})
