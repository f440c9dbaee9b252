// What a client of chat completions brings back that was sealed here for another dialect's provider: it stays here. Its own
// provider would not know it in this dialect, and some refuse what they do not know.

import { mayHoldSealed, openState } from '#calls/reasoning-state.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { reasoningDetailStates } from './openai-chat-parts.ts'

/** The messages without it; undefined where there is none. */
export function withoutSealedThoughts(text: string, messages: unknown): readonly unknown[] | undefined {
  if (!mayHoldSealed(text) || !Array.isArray(messages)) return undefined
  const own = messages.map((message: unknown) => (isObject(message) ? unsealed(message) : message))
  return own.every((message, at) => message === messages[at]) ? undefined : own
}

function unsealed(message: JsonObject): JsonObject {
  const { reasoning_details: details, ...rest } = message
  if (!Array.isArray(details)) return message
  const own = details.filter((detail: unknown) => !isSealed(detail))
  if (own.length === details.length) return message
  return own.length === 0 ? rest : { ...rest, reasoning_details: own }
}

function isSealed(detail: unknown): boolean {
  return reasoningDetailStates({ reasoning_details: [detail] }).some(
    ({ value }) => openState(value) !== undefined,
  )
}
