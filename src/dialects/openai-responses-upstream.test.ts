// Clients of the other dialects on an upstream that speaks responses: two turns with a thought, a text and two tools.

import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { toolNamesOf } from '#calls/tool-names.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { messagesDialect } from './anthropic-messages.ts'
import type { Dialect, UpstreamTarget } from './dialect.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const target: UpstreamTarget = {
  upstreamModel: 'gpt-x',
  origin: 'openai',
  outputParameter: 'max_completion_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['tools', 'reasoning_effort'],
  acceptsStreamOptions: true,
}

const answered: JsonObject = {
  id: 'resp_1',
  status: 'completed',
  output: [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Hmm.' }],
      encrypted_content: 'gAAA==',
    },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Let me look.' }],
    },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{"at":1}' },
    { type: 'function_call', id: 'fc_2', call_id: 'call_2', name: 'look', arguments: '' },
  ],
  usage: {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 40 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 5 },
    total_tokens: 109,
  },
}

function answerTo(client: Dialect, body: object): { sent: JsonObject; answer: JsonObject } {
  const read = client.read(new TextEncoder().encode(JSON.stringify(body)))
  if (!read.ok) throw new Error(read.message)
  const neutral = client.toNeutral(read.call)
  if (!neutral.ok) throw new Error(neutral.message)
  const written = responsesDialect.fromNeutral(neutral.call, target)
  if (!written.ok) throw new Error(written.message)
  const priced = { costNanoUsd: nanoUsd(2_500), lines: [] }
  const answer = new TranslatedAnswer({
    decoder: responsesDialect.decoder('openai'),
    encoder: client.encoder({
      answerId: 'gen_1',
      model: 'gpt-x',
      createdAtSeconds: 1,
      expectedInputTokens: 9,
      includeUsage: true,
      origin: 'openai',
      echo: {},
    }),
    toolNames: toolNamesOf(neutral.call.tools),
    countTokens: countTokensByBytes,
    expectedInputTokens: 9,
    costOf: () => priced,
  })
  expect(answer.seeBody(answered)).toBe(true)
  return { sent: written.body, answer: answer.wholeBody(answered, { priced, metered: answer.usage() }) }
}

/** What OpenAI has to get back: its own thoughts under their own id, then the turn and the results. */
const replayed = [
  { type: 'reasoning', id: 'rs_1', encrypted_content: 'gAAA==' },
  { type: 'message', role: 'assistant', content: 'Let me look.' },
  { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":1}' },
  { type: 'function_call', call_id: 'call_2', name: 'look', arguments: '{}' },
  { type: 'function_call_output', call_id: 'call_1', output: 'one' },
  { type: 'function_call_output', call_id: 'call_2', output: 'Error: two' },
]

describe('a client of messages', () => {
  const request = {
    model: 'gpt-x',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Look.' }],
    tools: [{ name: 'look', input_schema: { type: 'object' } }],
  }

  // Cases: dialects 5, 26, 60
  test('brings encrypted thoughts back under their id, and states usage without the cached tokens', () => {
    const { sent, answer } = answerTo(messagesDialect, request)
    expect(sent).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      tools: [{ name: 'look', strict: false }],
    })
    expect(answer).toMatchObject({
      stop_reason: 'tool_use',
      usage: { input_tokens: 60, cache_read_input_tokens: 40, output_tokens: 9 },
    })
    const results = [
      { type: 'tool_result', tool_use_id: 'call_1', content: 'one' },
      { type: 'tool_result', tool_use_id: 'call_2', content: 'two', is_error: true },
    ]
    const messages = [
      ...request.messages,
      { role: 'assistant', content: answer['content'] },
      { role: 'user', content: results },
    ]
    const { sent: next } = answerTo(messagesDialect, { ...request, messages })
    const input = Array.isArray(next['input']) ? next['input'] : []
    expect(input.slice(1)).toMatchObject(replayed)
  })
})

describe('a client of chat completions', () => {
  const request = {
    model: 'gpt-x',
    messages: [{ role: 'user', content: 'Look.' }],
    tools: [{ type: 'function', function: { name: 'look' } }],
  }

  // Cases: dialects 5, 26, 30, 60
  test('brings encrypted thoughts back under their id, and states usage with the cached tokens inside', () => {
    const { answer } = answerTo(chatDialect, request)
    const choice: unknown = Array.isArray(answer['choices']) ? answer['choices'][0] : undefined
    expect(choice).toMatchObject({ finish_reason: 'tool_calls' })
    expect(answer['usage']).toMatchObject({
      prompt_tokens: 100,
      prompt_tokens_details: { cached_tokens: 40 },
      completion_tokens: 9,
      completion_tokens_details: { reasoning_tokens: 5 },
    })
    const messages = [
      ...request.messages,
      isObject(choice) ? choice['message'] : {},
      { role: 'tool', tool_call_id: 'call_1', content: 'one' },
      { role: 'tool', tool_call_id: 'call_2', content: 'Error: two' },
    ]
    const { sent } = answerTo(chatDialect, { ...request, messages })
    const input = Array.isArray(sent['input']) ? sent['input'] : []
    expect(input.slice(1)).toMatchObject(replayed)
  })
})
