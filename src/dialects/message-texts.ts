// The plain texts of a request's messages: what a tokenizer cuts as it stands. Everything else that reaches the model (tools,
// schemas, names, arguments of earlier tool calls) is written out by the provider in a form of its own.

import { isObject, type JsonObject } from '#core/readers.ts'

export function messageTexts(body: JsonObject): readonly string[] {
  const messages: unknown = body['messages']
  return Array.isArray(messages) ? messages.flatMap(textsOf) : []
}

function textsOf(message: unknown): readonly string[] {
  const content = isObject(message) ? message['content'] : undefined
  if (typeof content === 'string') return [content]
  return Array.isArray(content) ? content.flatMap(textOf) : []
}

function textOf(part: unknown): readonly string[] {
  return isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? [part['text']] : []
}
