// Judges one request to an upstream, or one answer to a client, as it went over the wire.

import type { DialectId } from '#calls/neutral-call.ts'
import { readJson } from '#core/readers.ts'
import { dialects } from '#dialects/dialects.ts'
import { wireEvents } from './wire-event.ts'
import { answerTypes, requestTypes, type Wire, wireDifferences, type WireType } from './wire-schemas.ts'
import { streamFaults } from './wire-stream.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]

/** The dialect of an address, ours or an upstream's; undefined where it has none. */
export function dialectOf(path: string): DialectId | undefined {
  return ids.find((id) => dialects[id].route === path.split('?')[0])
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
  if (dialect === undefined) return []
  if (answer.contentType.startsWith('text/event-stream'))
    return streamFaults(dialect, wireEvents(answer.text), { wire, isWhole: answer.isWhole })
  if (!answer.isWhole) return []
  const type: WireType =
    answer.status < 400 ? answerTypes[dialect] : dialect === 'messages' ? 'AnthropicError' : 'OpenAiError'
  return wireDifferences(readJson(answer.text), type, wire)
}

export function requestFaults(path: string, body: unknown): readonly string[] {
  const dialect = dialectOf(path)
  return dialect === undefined ? [] : wireDifferences(body, requestTypes[dialect], 'upstream')
}
