// A task of Codex through a model whose upstream speaks chat completions: its tools flattened on their way there and itself
// again on their way back, its thoughts sealed and opened, over two turns.

import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { toolNamesOf } from '#calls/tool-names.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseData } from '#sse/write.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'
import { codexRequest } from './test-codex-request.ts'
import { TranslatedAnswer } from './translated-answer.ts'

const target: UpstreamTarget = {
  upstreamModel: 'deepseek-x',
  origin: 'deepseek',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['tools'],
  acceptsStreamOptions: true,
}

function asked(body: object): AskedCall {
  const read = responsesDialect.read(new TextEncoder().encode(JSON.stringify(body)))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

function translated(
  call: AskedCall,
  chunks: readonly object[],
): { sent: JsonObject; dropped: readonly string[]; output: unknown; last: unknown } {
  const neutral = responsesDialect.toNeutral(call)
  if (!neutral.ok) throw new Error(neutral.message)
  const written = chatDialect.fromNeutral(neutral.call, target)
  if (!written.ok) throw new Error(written.message)
  const answer = new TranslatedAnswer({
    decoder: chatDialect.decoder('deepseek'),
    encoder: responsesDialect.encoder({
      answerId: 'gen_1',
      model: 'deepseek-x',
      createdAtSeconds: 1,
      expectedInputTokens: 9,
      includeUsage: false,
      origin: 'deepseek',
      echo: call.echo ?? {},
    }),
    toolNames: toolNamesOf(neutral.call.tools),
    countTokens: countTokensByBytes,
    expectedInputTokens: 9,
    costOf: () => ({ costNanoUsd: nanoUsd(2_500), lines: [] }),
  })
  const sse = [...chunks.map((chunk) => sseData(JSON.stringify(chunk))), sseData('[DONE]')].join('')
  const frames = new FrameReader().push(new TextEncoder().encode(sse))
  const client = frames.map((frame) => new TextDecoder().decode(answer.see(frame).bytes)).join('')
  const events = [...client.matchAll(/^data: (\{.*)$/gm)]
    .map(([, json]) => readJson(json ?? ''))
    .filter(isObject)
  const last = events.at(-1)?.['response']
  return {
    sent: written.body,
    dropped: written.dropped,
    output: isObject(last) ? last['output'] : undefined,
    last,
  }
}

const chunk = (delta: object, finish: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'deepseek-x',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const called = (index: number, id: string, name: string, text: string): object => ({
  tool_calls: [{ index, id, type: 'function', function: { name, arguments: text } }],
})

/** Text, then two tools that come in turns and a third; the provider says "stop" and states usage in the same chunk. */
const chunks = [
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
    const { dropped, sent, output } = translated(asked(withPatch()), chunks)
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
    expect(translated(asked(withPatch()), chunks).last).toMatchObject({
      status: 'completed',
      model: 'deepseek-x',
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
    const { output } = translated(asked(withPatch()), chunks)
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
      input: [{ role: 'user', content: 'Go.' }, ...(Array.isArray(output) ? output : []), ...results],
    }
    const { sent } = translated(asked(next), chunks)
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
