// A task of Codex through models whose upstreams speak other dialects: its tools flattened on their way there and themselves
// again on their way back, thoughts and states sealed and opened, over two turns.

import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { toolNamesOf } from '#calls/tool-names.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseData, sseEvent } from '#sse/write.ts'
import { messagesDialect } from './anthropic-messages.ts'
import type { AskedCall, Dialect, UpstreamTarget } from './dialect.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'
import { codexRequest } from './test-codex-request.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const target: UpstreamTarget = {
  upstreamModel: 'model-x',
  origin: 'maker',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['tools', 'reasoning'],
  reasoning: 'adaptive',
  acceptsStreamOptions: true,
}

function asked(body: object): AskedCall {
  const read = responsesDialect.read(new TextEncoder().encode(JSON.stringify(body)))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

type Translated = { sent: JsonObject; dropped: readonly string[]; output: readonly unknown[]; last: unknown }

function translated(call: AskedCall, upstream: Dialect, frames: readonly string[]): Translated {
  const neutral = responsesDialect.toNeutral(call)
  if (!neutral.ok) throw new Error(neutral.message)
  const written = upstream.fromNeutral(neutral.call, target)
  if (!written.ok) throw new Error(written.message)
  const answer = new TranslatedAnswer({
    decoder: upstream.decoder(target.origin),
    encoder: responsesDialect.encoder({
      answerId: 'gen_1',
      model: 'model-x',
      createdAtSeconds: 1,
      expectedInputTokens: 9,
      includeUsage: false,
      origin: target.origin,
      echo: call.echo ?? {},
    }),
    toolNames: toolNamesOf(neutral.call.tools),
    countTokens: countTokensByBytes,
    expectedInputTokens: 9,
    costOf: () => ({ costNanoUsd: nanoUsd(2_500), lines: [] }),
  })
  const read = new FrameReader().push(new TextEncoder().encode(frames.join('')))
  const seen = read.map((frame) => answer.see(frame).bytes)
  const client = [...seen, answer.closingBytes()].map((bytes) => new TextDecoder().decode(bytes)).join('')
  const events = [...client.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => readJson(json ?? ''))
  const last = events.filter(isObject).at(-1)?.['response']
  const output = isObject(last) && Array.isArray(last['output']) ? last['output'] : []
  return { sent: written.body, dropped: written.dropped, output, last }
}

const chunk = (delta: object, finish: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'model-x',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const called = (index: number, id: string, name: string, text: string): object => ({
  tool_calls: [{ index, id, type: 'function', function: { name, arguments: text } }],
})

/** Text, then two tools that come in turns and a third; the provider says "stop" and states usage in the same chunk. */
const chunks: readonly object[] = [
  chunk({ role: 'assistant', content: 'Let me ', tool_calls: [] }),
  chunk({ content: 'ask.' }),
  chunk(called(0, 'call_1', 'multi_agent_v1__spawn', '{"task"')),
  chunk(called(1, 'call_2', 'apply_patch', '{"input":"*** ')),
  chunk({ tool_calls: [{ index: 0, function: { arguments: ':"x"}' } }] }),
  chunk({ tool_calls: [{ index: 1, function: { arguments: 'Begin\\n"}' } }] }),
  chunk(called(2, 'call_3', 'update_plan', '')),
  {
    ...chunk({}, 'stop'),
    usage: {
      prompt_tokens: 100,
      completion_tokens: 7,
      total_tokens: 107,
      prompt_tokens_details: { cached_tokens: 40 },
    },
  },
]

const chatFrames = [...chunks.map((one) => sseData(JSON.stringify(one))), sseData('[DONE]')]
const onChat = (body: object): Translated => translated(asked(body), chatDialect, chatFrames)

const withPatch = (): object => {
  const request = codexRequest()
  return {
    ...request,
    tools: [...(request.tools ?? []), { type: 'custom', name: 'apply_patch', description: 'Patches.' }],
  }
}

describe('a task of Codex on a chat model', () => {
  // Cases: dialects 4, 5, 8, 9, 53
  test('gets every call under the name and in the form of its own tool, after the text and none lost', () => {
    const { dropped, sent, output } = onChat(withPatch())
    expect(dropped).toContain('tool web_search')
    expect(JSON.stringify(sent['tools'])).not.toContain('namespace')
    expect(output).toMatchObject([
      { type: 'message', content: [{ text: 'Let me ask.' }] },
      {
        type: 'function_call',
        call_id: 'call_1',
        namespace: 'multi_agent_v1',
        name: 'spawn',
        arguments: '{"task":"x"}',
      },
      { type: 'custom_tool_call', call_id: 'call_2', name: 'apply_patch', input: '*** Begin\n' },
      { type: 'function_call', call_id: 'call_3', name: 'update_plan', arguments: '{}' },
    ])
  })

  // Cases: dialects 25, 26, 36
  test('ends with what was used, once, under the name that it asked for', () => {
    expect(onChat(withPatch()).last).toMatchObject({
      status: 'completed',
      model: 'model-x',
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 40 },
        output_tokens: 7,
        total_tokens: 107,
        cost: 0.0000025,
      },
    })
  })

  // Cases: dialects 54
  test('goes on with what it was answered: calls and results reach the upstream in its own form', () => {
    const { output } = onChat(withPatch())
    const results = [
      { type: 'function_call_output', call_id: 'call_1', output: 'spawned' },
      {
        type: 'custom_tool_call_output',
        call_id: 'call_2',
        output: [{ type: 'input_text', text: 'patched' }],
      },
      { type: 'function_call_output', call_id: 'call_3', output: '' },
    ]
    const next = {
      ...withPatch(),
      input: [{ role: 'user', content: 'Go.' }, ...output, ...results],
    }
    const { sent } = onChat(next)
    expect(sent['messages']).toMatchObject([
      { role: 'system' },
      { role: 'user', content: 'Go.' },
      {
        role: 'assistant',
        content: 'Let me ask.',
        tool_calls: [
          { id: 'call_1', function: { name: 'multi_agent_v1__spawn', arguments: '{"task":"x"}' } },
          { id: 'call_2', function: { name: 'apply_patch', arguments: '{"input":"*** Begin\\n"}' } },
          { id: 'call_3', function: { name: 'update_plan', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'spawned' },
      { role: 'tool', tool_call_id: 'call_2', content: 'patched' },
      { role: 'tool', tool_call_id: 'call_3', content: '' },
    ])
  })
})

/** Gemini's signature on a call, as its chat dialect sends it. */
const signed = {
  index: 0,
  id: 'call_9',
  type: 'function',
  extra_content: { google: { thought_signature: 'GSIG==' } },
  function: { name: 'update_plan', arguments: '{}' },
}

// Cases: dialects 61
test('a signature on a tool call comes back to the call that it belongs to', () => {
  const frames = [chunk({ tool_calls: [signed] }), chunk({}, 'tool_calls')].map((one) =>
    sseData(JSON.stringify(one)),
  )
  const { output } = translated(asked(withPatch()), chatDialect, [...frames, sseData('[DONE]')])
  expect(output).toMatchObject([
    { type: 'function_call', call_id: 'call_9' },
    { type: 'reasoning', summary: [] },
  ])
  const back = responsesDialect.toNeutral(asked({ ...withPatch(), instructions: null, input: output }))
  expect(back.ok ? back.call.items : []).toEqual([
    {
      role: 'assistant',
      blocks: [
        {
          kind: 'tool_call',
          id: 'call_9',
          name: 'update_plan',
          input: '{}',
          isFreeform: false,
          state: { origin: 'maker', value: 'GSIG==' },
        },
      ],
    },
  ])
  if (!back.ok) return
  const sentTo = (origin: string) => chatDialect.fromNeutral(back.call, { ...target, origin })
  const call = { id: 'call_9', type: 'function', function: { name: 'update_plan', arguments: '{}' } }
  const { extra_content } = signed
  expect(sentTo('maker')).toMatchObject({
    body: { messages: [{ tool_calls: [{ ...call, extra_content }] }] },
  })
  expect(sentTo('other')).toMatchObject({ body: { messages: [{ tool_calls: [call] }] } })
  expect(JSON.stringify(sentTo('other'))).not.toContain('GSIG==')
})

const usage = {
  input_tokens: 60,
  cache_read_input_tokens: 40,
  cache_creation_input_tokens: 0,
  output_tokens: 7,
}
const blockOf = (index: number, start: object, ...deltas: object[]): object[] => [
  { type: 'content_block_start', index, content_block: start },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
]
const messageEvents: readonly object[] = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [],
      usage: { ...usage, output_tokens: 1 },
    },
  },
  ...blockOf(
    0,
    { type: 'thinking', thinking: '', signature: '' },
    { type: 'thinking_delta', thinking: 'Hmm.' },
    { type: 'signature_delta', signature: 'ASIG==' },
  ),
  ...blockOf(1, { type: 'redacted_thinking', data: 'ARED==' }),
  ...blockOf(2, { type: 'text', text: '' }, { type: 'text_delta', text: 'Let me ask.' }),
  ...blockOf(
    3,
    { type: 'tool_use', id: 'toolu_1', name: 'multi_agent_v1__spawn', input: {} },
    { type: 'input_json_delta', partial_json: '{"task":"x"}' },
  ),
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
  { type: 'message_stop' },
]
const messageFrames = messageEvents.map((event) =>
  sseEvent({ event: 'type' in event ? String(event.type) : '', json: JSON.stringify(event) }),
)
const onMessages = (body: object): Translated => translated(asked(body), messagesDialect, messageFrames)

describe('a task of Codex on a model of Anthropic', () => {
  // Cases: dialects 5, 26, 53
  test('gets thoughts, text and calls as items of its own, and the usage with cached tokens inside', () => {
    const { output, last, dropped } = onMessages(codexRequest())
    expect(dropped).toContain('tool web_search')
    expect(output).toMatchObject([
      { type: 'reasoning' },
      { type: 'reasoning' },
      { type: 'message', content: [{ text: 'Let me ask.' }] },
      {
        type: 'function_call',
        call_id: 'toolu_1',
        namespace: 'multi_agent_v1',
        name: 'spawn',
        arguments: '{"task":"x"}',
      },
    ])
    expect(JSON.stringify(output[0])).toContain('Hmm.')
    expect(last).toMatchObject({
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 40 },
        output_tokens: 7,
        total_tokens: 107,
      },
    })
  })

  // Cases: dialects 54, 58, 60
  test('brings signed and redacted thoughts back as they were, with the results of its tools', () => {
    const { output } = onMessages(codexRequest())
    const result = { type: 'function_call_output', call_id: 'toolu_1', output: 'spawned' }
    const input = [{ role: 'user', content: 'Go.' }, ...output, result]
    const { sent } = onMessages({ ...codexRequest(), input })
    expect(sent['messages']).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hmm.', signature: 'ASIG==' },
          { type: 'redacted_thinking', data: 'ARED==' },
          { type: 'text', text: 'Let me ask.' },
          { type: 'tool_use', id: 'toolu_1', name: 'multi_agent_v1__spawn', input: { task: 'x' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
    ])
  })
})
