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

const firstSeed = 0xdeadbeef
const secondSeed = 0x41c6ce57

/**
 * 64 bits in two halves of whole-number arithmetic (cyrb53 with both halves kept): what is cut off still tells long ids
 * apart. An id is the client's own text and may be long, so nothing is allocated per character.
 */
function fingerprintOf(text: string): string {
  let [first, second] = [firstSeed, secondSeed]
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    first = Math.imul(first ^ unit, 2_654_435_761)
    second = Math.imul(second ^ unit, 1_597_334_677)
  }
  return hex(mixed(first, second)) + hex(mixed(second, first))
}

/** The last bits of each half depend on all of both. */
function mixed(half: number, other: number): number {
  return Math.imul(half ^ (half >>> 16), 2_246_822_507) ^ Math.imul(other ^ (other >>> 13), 3_266_489_909)
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0')
}
