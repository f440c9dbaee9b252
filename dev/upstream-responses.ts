// OpenAI's responses as the vendor publishes them, checked against the types of its own package.

import type {
  Response,
  ResponseOutputItem,
  ResponseStreamEvent,
  ResponseUsage,
} from 'openai/resources/responses/responses'
import {
  type Answer,
  type Frame,
  type ToolCall,
  type UpstreamDialect,
  countOf,
  endOf,
  tokensOf,
  tierOf,
} from './upstream-answer.ts'
import { readResponses } from './upstream-request.ts'

export const responsesUpstream: UpstreamDialect = {
  path: '/v1/responses',
  idPrefix: 'resp_local',
  read: readResponses,
  frames: streamFrames,
  whole: wholeResponse,
  errorFrame: {
    event: 'error',
    data: JSON.stringify({
      type: 'error',
      code: 'server_error',
      message: 'The server had an error while processing your request.',
      param: null,
      sequence_number: 0,
    }),
    tokens: 0,
  },
  error: ({ message, type, code }) => ({ error: { message, type, param: null, code } }),
}

/** An event without its number, which the stream counts. */
type Event = ResponseStreamEvent extends infer One
  ? One extends { sequence_number: number }
    ? Omit<One, 'sequence_number'>
    : never
  : never
type Step = { event: Event; tokens: number }
type Item = { begun: ResponseOutputItem; whole: ResponseOutputItem; steps(index: number): readonly Step[] }

function* streamFrames(answer: Answer): Generator<Frame> {
  let number = 0
  const encode = ({ event, tokens }: Step): Frame => {
    const data = JSON.stringify({ ...event, sequence_number: number }, onTheWire)
    number += 1
    return { event: event.type, data, tokens }
  }
  const { usage: _, ...open } = { ...responseOf(answer, []), status: 'in_progress' as const }
  yield encode({ event: { type: 'response.created', response: open }, tokens: 0 })
  yield encode({ event: { type: 'response.in_progress', response: open }, tokens: 0 })
  const items = itemsOf(answer)
  for (const [index, item] of items.entries()) {
    yield encode({
      event: { type: 'response.output_item.added', output_index: index, item: item.begun },
      tokens: 0,
    })
    for (const step of item.steps(index)) yield encode(step)
    yield encode({
      event: { type: 'response.output_item.done', output_index: index, item: item.whole },
      tokens: 0,
    })
  }
  if (answer.directive.hasNoDone) return
  const response = responseOf(
    answer,
    items.map(({ whole }) => whole),
  )
  const type = response.status === 'incomplete' ? 'response.incomplete' : 'response.completed'
  yield encode({ event: { type, response }, tokens: 0 })
}

function wholeResponse(answer: Answer): unknown {
  const { output_text: _, ...response } = responseOf(
    answer,
    itemsOf(answer).map(({ whole }) => whole),
  )
  return response
}

/** `output_text` is the package's own convenience, which no answer holds. */
function onTheWire(name: string, value: unknown): unknown {
  return name === 'output_text' && value === '' ? undefined : value
}

function itemsOf(answer: Answer): readonly Item[] {
  const { thoughts, words, calls } = answer
  return [
    ...(thoughts.length === 0 ? [] : [reasoningItem(answer)]),
    ...(words.length === 0 && calls.length > 0 ? [] : [messageItem(answer)]),
    ...calls.map((call) => callItem(call)),
  ]
}

function reasoningItem({ id, thoughts }: Answer): Item {
  const itemId = `rs_${id}`
  const text = thoughts.join('')
  const begun = { id: itemId, type: 'reasoning', summary: [], encrypted_content: null } as const
  const part = { type: 'summary_text', text: '' } as const
  return {
    begun: { ...begun, summary: [] },
    whole: { ...begun, summary: [{ ...part, text }], encrypted_content: 'gAAAAlocalEncrypted==' },
    steps: (index) => {
      const at = { item_id: itemId, output_index: index, summary_index: 0 }
      return [
        { event: { type: 'response.reasoning_summary_part.added', ...at, part }, tokens: 0 },
        ...thoughts.map((delta): Step => ({
          event: { type: 'response.reasoning_summary_text.delta', ...at, delta },
          tokens: 1,
        })),
        { event: { type: 'response.reasoning_summary_text.done', ...at, text }, tokens: 0 },
        {
          event: { type: 'response.reasoning_summary_part.done', ...at, part: { ...part, text } },
          tokens: 0,
        },
      ]
    },
  }
}

function messageItem(answer: Answer): Item {
  const itemId = `msg_${answer.id}`
  const words = answer.words.map((word) => word.padEnd(answer.directive.wordBytes ?? 0, 'x'))
  const text = words.join('')
  const part = { type: 'output_text' as const, annotations: [], logprobs: [] }
  const message = { id: itemId, type: 'message' as const, role: 'assistant' as const }
  const status = endOf(answer) === 'length' ? ('incomplete' as const) : ('completed' as const)
  return {
    begun: { ...message, status: 'in_progress', content: [] },
    whole: { ...message, status, content: [{ ...part, text }] },
    steps: (index) => {
      const at = { item_id: itemId, output_index: index, content_index: 0 }
      return [
        { event: { type: 'response.content_part.added', ...at, part: { ...part, text: '' } }, tokens: 0 },
        ...words.map((delta): Step => ({
          event: { type: 'response.output_text.delta', ...at, delta, logprobs: [] },
          tokens: 1,
        })),
        { event: { type: 'response.output_text.done', ...at, text, logprobs: [] }, tokens: 0 },
        { event: { type: 'response.content_part.done', ...at, part: { ...part, text } }, tokens: 0 },
      ]
    },
  }
}

function callItem({ id, name, pieces }: ToolCall): Item {
  const itemId = `fc_${id}`
  const text = pieces.join('')
  const call = { id: itemId, type: 'function_call' as const, call_id: id, name }
  return {
    begun: { ...call, arguments: '', status: 'in_progress' },
    whole: { ...call, arguments: text, status: 'completed' },
    steps: (index) => {
      const at = { item_id: itemId, output_index: index }
      // Its name counts as one token, as in the other dialects: an empty first piece carries it.
      return [
        ...['', ...pieces].map((delta): Step => ({
          event: { type: 'response.function_call_arguments.delta', ...at, delta },
          tokens: 1,
        })),
        { event: { type: 'response.function_call_arguments.done', ...at, arguments: text }, tokens: 0 },
      ]
    },
  }
}

function responseOf(answer: Answer, output: ResponseOutputItem[]): Response {
  const isCut = endOf(answer) === 'length'
  return {
    id: answer.id,
    object: 'response',
    created_at: answer.created,
    access_programs: null,
    output_text: '',
    status: isCut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model: answer.request.model,
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    service_tier: tierOf(answer),
    ...(answer.directive.usage === 'none' ? {} : { usage: usageOf(answer) }),
  }
}

function usageOf(answer: Answer): ResponseUsage {
  // The type is what an honest provider sends; a dishonest one is the reason for this directive.
  if (answer.directive.usageIs !== null) return answer.directive.usageIs as ResponseUsage
  const { input, cached, output, reasoning } = countOf(answer, tokensOf(answer))
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}
