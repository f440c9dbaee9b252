// The parts of a chat message that companies write differently: text or lists of parts, thoughts under several names.

import { isObject, type JsonObject, readString } from '#core/readers.ts'

/** The texts of a content: a text, or a list of parts whose other kinds are left out. */
export function textPartsOf(content: unknown): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content]
  if (!Array.isArray(content)) return []
  return content.flatMap((part: unknown) =>
    isObject(part) && part['type'] !== 'thinking' ? textPartsOf(part['text'] ?? part['refusal']) : [],
  )
}

/**
 * The thoughts of a message: `reasoning_content` (DeepSeek and most others), `reasoning` (OpenRouter, vLLM) or Mistral's
 * parts. Several companies send the same text under both names.
 */
export function reasoningTextsOf(message: JsonObject): string[] {
  const named = textPartsOf(message['reasoning_content'] ?? message['reasoning'])
  if (named.length > 0) return named
  const content: unknown = message['content']
  if (!Array.isArray(content)) return []
  return content.flatMap((part: unknown) =>
    isObject(part) && part['type'] === 'thinking' ? textPartsOf(part['thinking']) : [],
  )
}

export type DetailState = { value: string; id: string | undefined }

/** What OpenRouter's `reasoning_details` carry for the next turn: signatures and encrypted thoughts. */
export function reasoningDetailStates(message: JsonObject): DetailState[] {
  const details: unknown = message['reasoning_details']
  if (!Array.isArray(details)) return []
  return details.flatMap((detail: unknown) => {
    if (!isObject(detail)) return []
    const value = readString(detail['signature']) ?? readString(detail['data'])
    return value === undefined || value === '' ? [] : [{ value, id: readString(detail['id']) }]
  })
}
