// Reasoning items as clients send them back: what was sealed here, what is OpenAI's own, and what names a thing that
// nobody keeps.

import type { ReasoningBlock, ReasoningState } from '#calls/neutral-call.ts'
import { openState } from '#calls/reasoning-state.ts'
import { type JsonObject, readString } from '#core/readers.ts'
import { objectsOf } from './openai-responses-tools.ts'

/** In the place of a state's id where nothing of the thoughts may be shown; no provider that redacts has ids of its own. */
export const redactedId = 'redacted'

/** The blocks of an item: thoughts and their summary each once, the state with the last of them. */
export function reasoningBlocks(item: JsonObject): readonly ReasoningBlock[] {
  const texts = [
    { text: textsOf(item['content']), isSummary: false },
    { text: textsOf(item['summary']), isSummary: true },
  ].filter(({ text }) => text !== '')
  const sealed = stateOf(item)
  if (sealed === undefined) return texts.map((one) => ({ kind: 'reasoning', ...one }))
  if (texts.length === 0) return [{ kind: 'reasoning', text: '', isSummary: false, ...sealed }]
  return texts.map((one, index) => ({
    kind: 'reasoning',
    ...one,
    ...(index === texts.length - 1 ? sealed : {}),
  }))
}

function stateOf(item: JsonObject): { state: ReasoningState; isRedacted?: true } | undefined {
  const state = openState(readString(item['encrypted_content']) ?? '')
  if (state?.id !== redactedId) return state === undefined ? undefined : { state }
  return { state: { origin: state.origin, value: state.value }, isRedacted: true }
}

function textsOf(parts: unknown): string {
  return objectsOf(parts)
    .flatMap((part) => readString(part['text']) ?? [])
    .join('\n\n')
}

/** An item that an upstream of this dialect may read, or undefined: what is foreign or only a name stays here. */
export function forwardedReasoning(item: JsonObject, origin: string): JsonObject | undefined {
  const encrypted = readString(item['encrypted_content'])
  // Without its content it names what the upstream has not kept, which it would refuse.
  if (encrypted === undefined || encrypted === '')
    return objectsOf(item['content']).length > 0 ? item : undefined
  const state = openState(encrypted)
  if (state === undefined) return item
  if (state.origin !== origin) return undefined
  return { ...item, ...(state.id === undefined ? {} : { id: state.id }), encrypted_content: state.value }
}
