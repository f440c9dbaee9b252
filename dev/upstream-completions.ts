// OpenAI's older completions as the vendor publishes them, checked against the types of its own package.

import type { Completion, CompletionChoice, CompletionUsage } from 'openai/resources/completions'
import {
  type Answer,
  type AskedAnswer,
  type Frame,
  type UpstreamDialect,
  countOf,
  endOf,
  tokensOf,
} from './upstream-answer.ts'
import { chatUpstream } from './upstream-chat.ts'
import { fieldsOf, readChat } from './upstream-request.ts'

export const completionsUpstream: UpstreamDialect = {
  path: '/v1/completions',
  idPrefix: 'cmpl-local',
  read: readCompletions,
  frames: streamFrames,
  whole: wholeAnswer,
  errorFrame: chatUpstream.errorFrame,
  error: (given) => chatUpstream.error(given),
}

function readCompletions(body: unknown): AskedAnswer {
  const { prompt, max_tokens: limit, n, echo } = fieldsOf(body)
  const isList = Array.isArray(prompt) && typeof prompt[0] !== 'number'
  return {
    ...readChat({ ...fieldsOf(body), messages: prompt }),
    choices: (typeof n === 'number' ? n : 1) * (isList ? prompt.length : 1),
    // The vendor's own, where nobody says.
    outputTokensMax: typeof limit === 'number' ? limit : 16,
    ...(echo === true && typeof prompt === 'string' ? { prompt } : {}),
  }
}

function* streamFrames(answer: Answer): Generator<Frame> {
  const { request, directive } = answer
  const choices = Array.from({ length: request.choices }, (_, index) => index)
  let sent = 0
  for (const word of answer.words) {
    const text = word.padEnd(directive.wordBytes ?? 0, 'x')
    for (const index of choices) yield frameOf(answer, 1, [choice(index, text)], (sent += 1))
  }
  for (const index of choices) yield frameOf(answer, 0, [choice(index, '', endOf(answer))], sent)
  const isAsked = request.includesUsage || directive.usage === 'every'
  if (isAsked && directive.usage !== 'none')
    yield encode({ ...baseOf(answer), choices: [], usage: usageOf(answer, tokensOf(answer)) }, 0)
  if (!directive.hasNoDone) yield { data: '[DONE]', tokens: 0 }
}

function wholeAnswer(answer: Answer): Completion {
  const { request, directive, words } = answer
  const text = `${request.prompt ?? ''}${words.join('')}`
  const base = {
    ...baseOf(answer),
    choices: Array.from({ length: request.choices }, (_, index) => choice(index, text, endOf(answer))),
  }
  return directive.usage === 'none' ? base : { ...base, usage: usageOf(answer, tokensOf(answer)) }
}

function frameOf(answer: Answer, tokens: number, choices: CompletionChoice[], sent: number): Frame {
  const chunk = { ...baseOf(answer), choices }
  return encode(
    answer.directive.usage === 'every' ? { ...chunk, usage: usageOf(answer, sent) } : chunk,
    tokens,
  )
}

function encode(chunk: Completion, tokens: number): Frame {
  return { data: JSON.stringify(chunk), tokens }
}

function baseOf({ id, created, request }: Answer): Omit<Completion, 'choices' | 'usage'> {
  return { id, object: 'text_completion', created, model: request.model, system_fingerprint: 'fp_local' }
}

/** In a stream the vendor's reason is null until the last chunk of a choice, whatever the type says. */
function choice(
  index: number,
  text: string,
  reason: ReturnType<typeof endOf> | null = null,
): CompletionChoice {
  return { index, text, logprobs: null, finish_reason: reason as CompletionChoice['finish_reason'] }
}

function usageOf(answer: Answer, visibleTokens: number): CompletionUsage {
  // The type is what an honest provider sends; a dishonest one is the reason for this directive.
  if (answer.directive.usageIs !== null) return answer.directive.usageIs as CompletionUsage
  const { input, output } = countOf(answer, visibleTokens)
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}
