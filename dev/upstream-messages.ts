// Anthropic's messages as the vendor publishes them, checked against the types of its own package.

import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawMessageStreamEvent,
  StopReason,
  Usage,
} from '@anthropic-ai/sdk/resources/messages'
import {
  type Answer,
  type Frame,
  type UpstreamDialect,
  countOf,
  endOf,
  tokensOf,
  tierOf,
} from './upstream-answer.ts'
import { readMessages } from './upstream-request.ts'

const errorOf = (type: string, message: string) => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_local',
})

export const messagesUpstream: UpstreamDialect = {
  path: '/v1/messages',
  idPrefix: 'msg_local',
  read: readMessages,
  frames: streamFrames,
  whole: wholeAnswer,
  errorFrame: {
    event: 'error',
    data: JSON.stringify(errorOf('api_error', 'The server had an error while processing your request.')),
    tokens: 0,
  },
  error: ({ status, message }) =>
    errorOf(errorTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message),
}

const errorTypes: { readonly [status: number]: string } = {
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const satisfies {
  readonly [end: string]: StopReason
}

function* streamFrames(answer: Answer): Generator<Frame> {
  let sent = 0
  const message = { ...emptyMessage(answer), usage: usageOf(answer, 0) }
  yield encode({ type: 'message_start', message }, 0)
  yield encode({ type: 'ping' }, 0)
  for (const [index, { block, deltas, closing }] of blocksOf(answer).entries()) {
    yield encode({ type: 'content_block_start', index, content_block: block }, 0)
    for (const delta of deltas) yield encode({ type: 'content_block_delta', index, delta }, 1)
    for (const delta of closing) yield encode({ type: 'content_block_delta', index, delta }, 0)
    sent += deltas.length
    yield encode({ type: 'content_block_stop', index }, 0)
    if (answer.directive.usage === 'every') yield deltaFrame(answer, sent, null)
  }
  yield deltaFrame(answer, tokensOf(answer), stopReasons[endOf(answer)])
  if (!answer.directive.hasNoDone) yield encode({ type: 'message_stop' }, 0)
}

type Delta = Extract<RawMessageStreamEvent, { type: 'content_block_delta' }>['delta']
type Block = { block: ContentBlock; whole: ContentBlock; deltas: readonly Delta[]; closing: readonly Delta[] }

const signature = 'EqQBlocalSignature=='

function blocksOf({ thoughts, words, calls, directive }: Answer): readonly Block[] {
  const thinking = thoughts.map((text): Delta => ({ type: 'thinking_delta', thinking: text }))
  const texts = words.map((word): Delta => ({
    type: 'text_delta',
    text: word.padEnd(directive.wordBytes ?? 0, 'x'),
  }))
  const text = texts.map((delta) => (delta.type === 'text_delta' ? delta.text : '')).join('')
  return [
    ...(thinking.length === 0
      ? []
      : [
          {
            block: { type: 'thinking', thinking: '', signature: '' } as const,
            whole: { type: 'thinking', thinking: thoughts.join(''), signature } as const,
            deltas: thinking,
            closing: [{ type: 'signature_delta', signature } as const],
          },
        ]),
    ...(texts.length === 0 && calls.length > 0
      ? []
      : [
          {
            block: { type: 'text', text: '', citations: null } as const,
            whole: { type: 'text', text, citations: null } as const,
            deltas: texts,
            closing: [],
          },
        ]),
    ...calls.map(({ id, name, pieces }): Block => {
      const used = {
        type: 'tool_use',
        id: id.replace('call', 'toolu'),
        name,
        caller: { type: 'direct' },
      } as const
      const input: unknown = JSON.parse(pieces.join(''))
      // Its name counts as one token, as in the other dialects: an empty first piece carries it.
      const deltas = ['', ...pieces].map((piece): Delta => ({
        type: 'input_json_delta',
        partial_json: piece,
      }))
      return { block: { ...used, input: {} }, whole: { ...used, input }, deltas, closing: [] }
    }),
  ]
}

function wholeAnswer(answer: Answer): Message {
  return {
    ...emptyMessage(answer),
    content: blocksOf(answer).map(({ whole }) => whole),
    stop_reason: stopReasons[endOf(answer)],
    usage: usageOf(answer, tokensOf(answer)),
  }
}

function emptyMessage(answer: Answer): Omit<Message, 'usage'> {
  return {
    id: answer.id,
    type: 'message',
    role: 'assistant',
    model: answer.request.model,
    content: [],
    container: null,
    diagnostics: null,
    stop_details: null,
    stop_reason: null,
    stop_sequence: null,
  }
}

function deltaFrame(answer: Answer, visibleTokens: number, stopReason: StopReason | null): Frame {
  const delta = { stop_reason: stopReason, stop_sequence: null, stop_details: null, container: null }
  // A provider that never says what was used: its types do not know that, its streams do.
  const usage = answer.directive.usage === 'none' ? {} : { usage: deltaUsageOf(answer, visibleTokens) }
  return {
    event: 'message_delta',
    data: JSON.stringify({ type: 'message_delta', delta, ...usage }),
    tokens: 0,
  }
}

/** Of the usage, a `message_delta` repeats the counts and nothing else. */
function deltaUsageOf(answer: Answer, visibleTokens: number): MessageDeltaUsage {
  if (answer.directive.usageIs !== null) return answer.directive.usageIs as MessageDeltaUsage
  const usage = usageOf(answer, visibleTokens)
  return {
    input_tokens: usage.input_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    cache_creation_input_tokens: usage.cache_creation_input_tokens,
    output_tokens: usage.output_tokens,
    output_tokens_details: usage.output_tokens_details,
    server_tool_use: usage.server_tool_use,
  }
}

/** Anthropic's input leaves out what came from the cache. */
function usageOf(answer: Answer, visibleTokens: number): Usage {
  // The type is what an honest provider sends; a dishonest one is the reason for this directive.
  if (answer.directive.usageIs !== null) return answer.directive.usageIs as Usage
  const { input, cached, output, reasoning } = countOf(answer, visibleTokens)
  return {
    input_tokens: answer.directive.usage === 'wrong' ? input : input - cached,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { thinking_tokens: reasoning },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: tierOf(answer) === 'priority' ? 'fast' : null,
  }
}

function encode(event: RawMessageStreamEvent | { type: 'ping' }, tokens: number): Frame {
  return { event: event.type, data: JSON.stringify(event), tokens }
}
