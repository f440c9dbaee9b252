// Answers for clients of chat completions, read back by OpenAI's own SDK.

import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import type { ChatCompletion } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { AnswerEvent, ContentEvent } from '#calls/answer-events.ts'
import { openState } from '#calls/reasoning-state.ts'
import { noUsage } from '#calls/usage.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, readJson } from '#core/readers.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerEnd, AnswerFacts } from './dialect.ts'
import { ChatEncoder } from './openai-chat-encoder.ts'

const facts: AnswerFacts = {
  answerId: 'gen_1',
  model: 'claude-x',
  createdAtSeconds: 1_700_000_000,
  expectedInputTokens: 9,
  includeUsage: true,
  origin: 'anthropic',
  echo: {},
}
const shown: ShownCost = {
  priced: { costNanoUsd: nanoUsd(2_500), lines: [] },
  metered: { usage: { ...noUsage, input: 7, cacheRead: 3, output: 4, reasoning: 1 }, source: 'final' },
}
const start: ContentEvent = { kind: 'start', upstreamId: 'msg_1' }
const block = (
  index: number,
  started: Extract<ContentEvent, { kind: 'block_start' }>['block'],
  ...texts: string[]
): ContentEvent[] => [
  { kind: 'block_start', index, block: started },
  ...texts.map((text) => ({ kind: 'delta', index, text }) as const),
  { kind: 'block_end', index },
]
const call = (id: string) => ({ kind: 'tool_call', id, name: 'look', isFreeform: false }) as const

const answer: ContentEvent[] = [
  start,
  ...block(0, { kind: 'reasoning', isSummary: false }, 'Hm', 'm.'),
  ...block(1, { kind: 'text' }, 'Let ', 'me look.'),
  ...block(2, call('a'), '{"a"', ':1}'),
  ...block(3, call('b')),
]

function streamed(
  events: readonly ContentEvent[],
  end: AnswerEnd = { reason: 'tool_calls' },
  changes: Partial<AnswerFacts> = {},
): string {
  const encoder = new ChatEncoder({ ...facts, ...changes })
  return events.map((event) => encoder.write(event)).join('') + encoder.close(end, shown)
}

function dataOf(sse: string): string[] {
  return sse
    .split('\n\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^data: /, ''))
}

async function readBySdk(sse: string): Promise<ChatCompletion> {
  const lines = dataOf(sse)
    .filter((line) => line !== '[DONE]')
    .join('\n')
  const stream = ChatCompletionStream.fromReadableStream(new Response(lines).body as never)
  return stream.finalChatCompletion()
}

describe('a streamed answer', () => {
  test('is put together by the SDK as the model gave it, with its cost in the usage', async () => {
    const completion = await readBySdk(streamed(answer))
    expect(completion).toMatchObject({
      id: 'gen_1',
      model: 'claude-x',
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Let me look.',
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
              { id: 'b', type: 'function', function: { name: 'look', arguments: '{}' } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.0000025 },
    })
  })

  // Cases: dialects 24
  test('ends with a usage chunk without choices and the terminator, where the client asked for usage', () => {
    const [last, done] = dataOf(streamed(answer)).slice(-2)
    expect(done).toBe('[DONE]')
    expect(readJson(last ?? '')).toMatchObject({ choices: [], usage: { cost: 0.0000025 } })
    expect(dataOf(streamed(answer, undefined, { includeUsage: false })).join('')).not.toContain('usage')
  })

  // Cases: dialects 62
  test('shows thoughts under every name that clients read', () => {
    const deltas = dataOf(streamed(answer))
      .map((line) => readJson(line))
      .filter(isObject)
    expect(JSON.stringify(deltas)).toContain(
      '"reasoning_content":"Hm","reasoning":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","index":0}]',
    )
  })

  // Cases: dialects 59
  test('carries what the model must see again sealed with its origin', () => {
    const state = { origin: 'anthropic', value: 'EqQB' }
    const sse = streamed([
      start,
      { kind: 'block_start', index: 0, block: { kind: 'reasoning', isSummary: false } },
      { kind: 'delta', index: 0, text: 'Hm' },
      { kind: 'state', index: 0, state },
      { kind: 'block_end', index: 0 },
    ])
    const [, sealed = ''] = /"signature":"([^"]+)"/.exec(sse) ?? []
    expect(openState(sealed)).toEqual(state)
  })

  test.each([
    ['stop', 'stop'],
    ['stop_sequence', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['content_filter', 'content_filter'],
    ['pause', 'stop'],
  ] as const)('that ended by %s has the finish reason %s', async (reason, finishReason) => {
    const { choices } = await readBySdk(streamed([start, ...block(0, { kind: 'text' }, 'Hi')], { reason }))
    expect(choices[0]?.finish_reason).toBe(finishReason)
  })
})

test('a whole answer says what the streamed one says', async () => {
  const blocks = new AnswerBlocks()
  const events: AnswerEvent[] = [...answer, { kind: 'end', reason: 'tool_calls' }]
  for (const event of events) blocks.add(event)
  const whole = new ChatEncoder(facts).whole(blocks.whole(), shown)
  const { choices, usage } = await readBySdk(streamed(answer))
  const { content, tool_calls: toolCalls } = choices[0]?.message ?? {}
  expect(whole).toMatchObject({
    id: 'gen_1',
    object: 'chat.completion',
    model: 'claude-x',
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          content,
          tool_calls: toolCalls,
          refusal: null,
          reasoning: 'Hmm.',
          reasoning_content: 'Hmm.',
          reasoning_details: [{ type: 'reasoning.text', text: 'Hmm.', index: 0 }],
        },
      },
    ],
    usage,
    cost: 0.0000025,
  })
})
