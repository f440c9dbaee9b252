// Judges one request to an upstream, or one answer to a client, as it went over the wire.

import type { DialectId } from '#calls/neutral-call.ts'
import { readJson } from '#core/readers.ts'
import { dialects } from '#dialects/dialects.ts'
import { isErrorEvent, terminator, wireEvents } from './wire-event.ts'
import { answerTypes, requestTypes, type Wire, wireDifferences, type WireType } from './wire-schemas.ts'
import { streamFaults } from './wire-stream.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]

/** The dialect of an address, ours or an upstream's; undefined where it has none. */
export function dialectOf(path: string): DialectId | undefined {
  return ids.find((id) => dialects[id].route === path.split('?')[0])
}

/** Routes of OpenAI that are no dialect of chat: request, and answer, which of completions is each chunk's type as well. */
const others: { readonly [path: string]: { request: WireType; answer: WireType } } = {
  '/v1/completions': { request: 'CompletionsRequest', answer: 'CompletionsAnswer' },
  '/v1/embeddings': { request: 'EmbeddingsRequest', answer: 'EmbeddingsAnswer' },
  '/v1/moderations': { request: 'ModerationsRequest', answer: 'ModerationsAnswer' },
}

export function isJudged(path: string): boolean {
  return dialectOf(path) !== undefined || (path.split('?')[0] ?? '') in others
}

export type WireAnswer = {
  path: string
  status: number
  contentType: string
  text: string
  /** The other side was heard to its end. */
  isWhole: boolean
}

/** What is wrong with it, one sentence each. An address that is no dialect's is not judged. */
export function answerFaults(answer: WireAnswer, wire: Wire): readonly string[] {
  const dialect = dialectOf(answer.path)
  if (dialect === undefined) return otherFaults(answer, wire)
  if (answer.contentType.startsWith('text/event-stream'))
    return streamFaults(dialect, wireEvents(answer.text), { wire, isWhole: answer.isWhole })
  if (!answer.isWhole) return []
  const type: WireType =
    answer.status < 400 ? answerTypes[dialect] : dialect === 'messages' ? 'AnthropicError' : 'OpenAiError'
  return wireDifferences(readJson(answer.text), type, wire)
}

function otherFaults(
  { path, status, contentType, text, isWhole }: WireAnswer,
  wire: Wire,
): readonly string[] {
  const types = others[path.split('?')[0] ?? '']
  if (types === undefined) return []
  if (!contentType.startsWith('text/event-stream'))
    return isWhole ? wireDifferences(readJson(text), status < 400 ? types.answer : 'OpenAiError', wire) : []
  return wireEvents(text).flatMap(({ data }, at) => {
    if (data === terminator) return []
    const type = isErrorEvent(data) ? 'OpenAiError' : types.answer
    return wireDifferences(data, type, wire).map((difference) => `event ${at}: ${difference}`)
  })
}

export function requestFaults(path: string, body: unknown): readonly string[] {
  const dialect = dialectOf(path)
  const type = dialect === undefined ? others[path.split('?')[0] ?? '']?.request : requestTypes[dialect]
  return type === undefined ? [] : wireDifferences(body, type, 'upstream')
}
