// OpenAI's chat completions as the vendor publishes them, checked against the types of its own package.

import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import {
  type Answer,
  type Count,
  type Frame,
  type ToolCall,
  type UpstreamDialect,
  countOf,
  endOf,
  tierOf,
  tokensOf,
} from './upstream-answer.ts'
import { readChat } from './upstream-request.ts'

const errorOf = (error: { message: string; type: string; code?: string | null }) => ({
  error: { param: null, code: null, ...error },
})

export const chatUpstream: UpstreamDialect = {
  path: '/v1/chat/completions',
  idPrefix: 'chatcmpl-local',
  read: readChat,
  frames: streamFrames,
  whole: wholeAnswer,
  errorFrame: {
    data: JSON.stringify(
      errorOf({ message: 'The server had an error while processing your request.', type: 'server_error' }),
    ),
    tokens: 0,
  },
  error: ({ message, type, code }) => errorOf({ message, type, code }),
}

/** Several companies show thoughts under this name, which OpenAI's types do not have. */
type Delta = ChatCompletionChunk.Choice.Delta & { reasoning_content?: string }

function* streamFrames(answer: Answer): Generator<Frame> {
  const { request, directive } = answer
  const choices = Array.from({ length: request.choices }, (_, index) => index)
  for (const index of choices) yield frameOf(answer, 0, [choice(index, { role: 'assistant', content: '' })])
  let sent = 0
  for (const thought of answer.thoughts)
    yield frameOf(answer, 1, [choice(0, { reasoning_content: thought })], (sent += 1))
  for (const word of answer.words) {
    const content = word.padEnd(directive.wordBytes ?? 0, 'x')
    for (const index of choices) yield frameOf(answer, 1, [choice(index, { content })], (sent += 1))
  }
  for (const delta of toolCallDeltas(answer.calls)) yield frameOf(answer, 1, [choice(0, delta)], (sent += 1))
  for (const index of choices) yield frameOf(answer, 0, [choice(index, {}, endOf(answer))], sent)
  yield* closingUsage(answer)
  if (!directive.hasNoDone) yield { data: '[DONE]', tokens: 0 }
}

function wholeAnswer(answer: Answer): ChatCompletion {
  const { request, directive, calls, thoughts } = answer
  const text = answer.words.join('')
  const called = calls.map(({ id, name, pieces }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: pieces.join('') },
  }))
  const message = {
    content: calls.length > 0 && text === '' ? null : text,
    ...(calls.length > 0 ? { tool_calls: called } : {}),
    ...(thoughts.length > 0 ? { reasoning_content: thoughts.join('') } : {}),
  }
  const base = {
    id: answer.id,
    object: 'chat.completion' as const,
    created: answer.created,
    model: request.model,
    choices: Array.from({ length: request.choices }, (_, index) => ({
      index,
      message: { role: 'assistant' as const, refusal: null, ...message },
      logprobs: null,
      finish_reason: endOf(answer),
    })),
    service_tier: tierOf(answer),
    system_fingerprint: 'fp_local',
  }
  return directive.usage === 'none' ? base : { ...base, usage: usageOf(answer, tokensOf(answer)) }
}

function frameOf(answer: Answer, tokens: number, choices: ChatCompletionChunk.Choice[], sent = 0): Frame {
  const { directive, request } = answer
  const isLast = choices.some((item) => item.finish_reason !== null)
  const carriesUsage = directive.usage === 'every' || (directive.usage === 'onFinish' && isLast)
  const chunk = { ...chunkBase(answer), choices }
  // As published: with include_usage every chunk before the last one says `usage: null`.
  if (carriesUsage) return encode({ ...chunk, usage: usageOf(answer, sent) }, tokens)
  return encode(request.includesUsage ? { ...chunk, usage: null } : chunk, tokens)
}

function* closingUsage(answer: Answer): Generator<Frame> {
  const { usage } = answer.directive
  const isAsked = answer.request.includesUsage || usage === 'every' || usage === 'repeated'
  if (!isAsked || usage === 'none' || usage === 'onFinish') return
  const frame = encode({ ...chunkBase(answer), choices: [], usage: usageOf(answer, tokensOf(answer)) }, 0)
  yield frame
  if (usage === 'repeated') yield frame
}

function encode(chunk: ChatCompletionChunk, tokens: number): Frame {
  return { data: JSON.stringify(chunk), tokens }
}

function chunkBase(answer: Answer): Omit<ChatCompletionChunk, 'choices'> {
  return {
    id: answer.id,
    object: 'chat.completion.chunk',
    created: answer.created,
    model: answer.request.model,
    service_tier: tierOf(answer),
    system_fingerprint: 'fp_local',
  }
}

function choice(
  index: number,
  delta: Delta,
  finish: ChatCompletionChunk.Choice['finish_reason'] = null,
): ChatCompletionChunk.Choice {
  return { index, delta, logprobs: null, finish_reason: finish }
}

function usageOf(answer: Answer, visibleTokens: number): CompletionUsage {
  // The type is what an honest provider sends; a dishonest one is the reason for this directive.
  if (answer.directive.usageIs !== null) return answer.directive.usageIs as CompletionUsage
  return usage(countOf(answer, visibleTokens))
}

function usage(count: Count): CompletionUsage {
  return {
    prompt_tokens: count.input,
    completion_tokens: count.output,
    total_tokens: count.input + count.output,
    prompt_tokens_details: { cached_tokens: count.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: count.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** The name first, then its arguments in pieces, as the vendor streams them; of parallel calls in turns. */
function toolCallDeltas(calls: readonly ToolCall[]): readonly Delta[] {
  const begun = calls.map(({ id, name }, index) => ({
    tool_calls: [{ index, id, type: 'function' as const, function: { name, arguments: '' } }],
  }))
  const longest = Math.max(0, ...calls.map(({ pieces }) => pieces.length))
  const rounds = Array.from({ length: longest }, (_, at) =>
    calls.flatMap(({ pieces }, index) => {
      const piece = pieces[at]
      return piece === undefined ? [] : [{ tool_calls: [{ index, function: { arguments: piece } }] }]
    }),
  )
  return [...begun, ...rounds.flat()]
}
