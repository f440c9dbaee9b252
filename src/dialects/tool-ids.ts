// Ids of tool calls in the alphabet and length of the dialect that they are sent to. The same id is always written the same
// way, so a call and its result still belong together; different ids stay different.

import type { DialectId } from '#calls/neutral-call.ts'

/** Anthropic takes letters, digits, `_` and `-`; OpenAI's chat completions at most 40 characters, its responses 64. */
const charactersMax: Readonly<Record<DialectId, number>> = { chat: 40, responses: 64, messages: 64 }
const foreignCharacter = /[^a-zA-Z0-9_-]/gu

export function toolIdFor(dialect: DialectId, id: string): string {
  const plain = id.replace(
    foreignCharacter,
    (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`,
  )
  const max = charactersMax[dialect]
  if (plain.length <= max && plain !== '') return plain
  const digest = fingerprintOf(id)
  return `${plain.slice(0, max - digest.length - 1)}_${digest}`
}

const prime = 0x100_0000_01b3n
const offset = 0xcbf2_9ce4_8422_2325n
const mask = (1n << 64n) - 1n

/** FNV-1a of 64 bits: what is cut off still tells long ids apart. */
function fingerprintOf(text: string): string {
  let hash = offset
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * prime) & mask
  return hash.toString(16).padStart(16, '0')
}
