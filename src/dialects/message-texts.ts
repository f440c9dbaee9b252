// The plain texts of a request's messages, in any dialect: what a tokenizer cuts as it stands. Everything else that reaches the model (tools,
// schemas, names, arguments of earlier tool calls) is written out by the provider in a form of its own.

import { isObject } from '#core/readers.ts'
import type { AskedCall, FormatId } from './dialect.ts'

export function messageTexts({ dialect, body }: Pick<AskedCall, 'dialect' | 'body'>): readonly string[] {
  // Only fields that the dialect measures: what is counted here is taken off its bytes.
  const { head, conversation, isPlain } = fieldsOf[dialect]
  const said: unknown = body[conversation]
  return [
    ...(head === undefined ? [] : contentTexts(body[head])),
    ...(typeof said === 'string' ? [said] : listOf(said).flatMap(isPlain === true ? contentTexts : textsOf)),
  ]
}

const fieldsOf: Readonly<Record<FormatId, { head?: string; conversation: string; isPlain?: true }>> = {
  chat: { conversation: 'messages' },
  responses: { head: 'instructions', conversation: 'input' },
  messages: { head: 'system', conversation: 'messages' },
  completions: { conversation: 'prompt', isPlain: true },
  embeddings: { conversation: 'input', isPlain: true },
  moderations: { conversation: 'input', isPlain: true },
}

function textsOf(message: unknown): readonly string[] {
  return isObject(message) ? contentTexts(message['content'] ?? message['output']) : []
}

const textTypes: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text'])

function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return listOf(content).flatMap((part) => {
    const text = isObject(part) && textTypes.has(part['type']) ? part['text'] : undefined
    return typeof text === 'string' ? [text] : []
  })
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
