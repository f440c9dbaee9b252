// The frames of OpenAI's chat completions as the vendor publishes them, checked against the types of its own package.
// Pure and deterministic: the same request always gets the same answer.

import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import type { Directive } from './upstream-directive.ts'

/** What of the request shapes the answer. */
export type ChatRequest = {
  model: string
  isStreamed: boolean
  includesUsage: boolean
  choices: number
  outputTokensMax: number | null
  inputTokens: number
}

/** A frame with the count of visible output tokens in it. */
export type Frame = { data: string; tokens: number }

type Answer = {
  id: string
  created: number
  request: ChatRequest
  directive: Directive
  words: readonly string[]
}

export function makeAnswer(
  id: string,
  created: number,
  given: { request: ChatRequest; directive: Directive },
): Answer {
  const { request, directive } = given
  const { text, tokens } = directive
  const all = text === null ? Array.from({ length: tokens }, (_, at) => ` word${at}`) : wordsOf(text)
  return { id, created, request, directive, words: all.slice(0, request.outputTokensMax ?? all.length) }
}

/** Every frame of a streamed answer in order, `[DONE]` included. */
export function* streamFrames(answer: Answer): Generator<Frame> {
  const { request, directive } = answer
  const choices = Array.from({ length: request.choices }, (_, index) => index)
  for (const index of choices) yield frameOf(answer, 0, [choice(index, { role: 'assistant', content: '' })])
  let sent = 0
  if (directive.toolCalls) {
    for (const delta of toolCallDeltas()) yield frameOf(answer, 1, [choice(0, delta)], (sent += 1))
  } else {
    for (const word of answer.words) {
      const content = word.padEnd(directive.wordBytes ?? 0, 'x')
      for (const index of choices) yield frameOf(answer, 1, [choice(index, { content })], (sent += 1))
    }
  }
  for (const index of choices) yield frameOf(answer, 0, [choice(index, {}, finishReason(answer))], sent)
  yield* closingUsage(answer)
  if (!directive.hasNoDone) yield { data: '[DONE]', tokens: 0 }
}

export function wholeAnswer(answer: Answer): ChatCompletion {
  const { request, directive } = answer
  const message = directive.toolCalls
    ? {
        content: null,
        tool_calls: [{ id: 'call_local_1', type: 'function' as const, function: toolFunction }],
      }
    : { content: answer.words.join('') }
  const base = {
    id: answer.id,
    object: 'chat.completion' as const,
    created: answer.created,
    model: request.model,
    choices: Array.from({ length: request.choices }, (_, index) => ({
      index,
      message: { role: 'assistant' as const, refusal: null, ...message },
      logprobs: null,
      finish_reason: finishReason(answer),
    })),
    service_tier: 'default' as const,
    system_fingerprint: 'fp_local',
  }
  return directive.usage === 'none' ? base : { ...base, usage: usageOf(answer, tokensOf(answer)) }
}

/** All visible output tokens of the answer, over all its choices. */
export function tokensOf(answer: Answer): number {
  return (answer.directive.toolCalls ? toolCallDeltas().length : answer.words.length) * answer.request.choices
}

export const errorEvent: Frame = {
  data: JSON.stringify({
    error: {
      message: 'The server had an error while processing your request.',
      type: 'server_error',
      param: null,
    },
  }),
  tokens: 0,
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
    service_tier: 'default',
    system_fingerprint: 'fp_local',
  }
}

function choice(
  index: number,
  delta: ChatCompletionChunk.Choice.Delta,
  finish: ChatCompletionChunk.Choice['finish_reason'] = null,
): ChatCompletionChunk.Choice {
  return { index, delta, logprobs: null, finish_reason: finish }
}

function usageOf(answer: Answer, visibleTokens: number): CompletionUsage {
  const { directive, request } = answer
  // The type is what an honest provider sends; a dishonest one is the reason for this directive.
  if (directive.usageIs !== null) return directive.usageIs as CompletionUsage
  if (directive.usage === 'zero') return usage({ input: 0, cached: 0, output: 0, reasoning: 0 })
  const input = directive.inputTokens ?? request.inputTokens
  if (directive.usage === 'wrong')
    return usage({ input: -input, cached: input * 2, output: 0.5, reasoning: 1e15 })
  const output = visibleTokens + directive.reasoningTokens
  return usage({ input, cached: directive.cachedTokens, output, reasoning: directive.reasoningTokens })
}

function usage(count: { input: number; cached: number; output: number; reasoning: number }): CompletionUsage {
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

function finishReason(answer: Answer): 'stop' | 'length' | 'tool_calls' {
  if (answer.directive.toolCalls) return 'tool_calls'
  const wanted =
    answer.directive.text === null ? answer.directive.tokens : wordsOf(answer.directive.text).length
  return answer.words.length < wanted && answer.words.length === answer.request.outputTokensMax
    ? 'length'
    : 'stop'
}

const toolFunction = { name: 'get_weather', arguments: '{"city":"Paris"}' }

/** The name first, then its arguments in pieces, as the vendor streams them. */
function toolCallDeltas(): readonly ChatCompletionChunk.Choice.Delta[] {
  const call = { index: 0, id: 'call_local_1', type: 'function' as const }
  const pieces = ['{"city"', ':"', 'Paris', '"}']
  return [
    { tool_calls: [{ ...call, function: { name: toolFunction.name, arguments: '' } }] },
    ...pieces.map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
  ]
}

/** Words with the space before them, as tokenizers cut text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? []
}
