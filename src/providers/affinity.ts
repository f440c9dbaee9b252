// Which of several equal hosts a conversation belongs to: always the same one while it is there, so that the provider's cache of
// the prompt is used and a model's sealed thoughts go back to the credential that made them. Pure.

import { isObject, type JsonObject, readString } from '#core/readers.ts'

/** Of each of the texts below; what begins alike for longer than this is one conversation as far as caches go. */
const charactersMax = 2_048
/** A message holds parts, a part a source, a source its data. */
const depthMax = 6

/**
 * What stays the same from turn to turn: the key that the client gives its prompt, else the instructions and the first two
 * messages. The second one too, because many programs open every conversation with the same system message.
 */
export function stablePrefix(body: JsonObject): string {
  const named = readString(body['prompt_cache_key'])
  if (named !== undefined && named !== '') return named.slice(0, charactersMax)
  const turns = body['messages'] ?? body['input']
  const firsts: readonly unknown[] = Array.isArray(turns) ? turns.slice(0, 2) : [turns]
  return [body['system'], body['instructions'], ...firsts].map(beginningOf).join('\n')
}

/** A picture of megabytes or a tower of brackets costs no more than a word: only the beginning is ever looked at. */
function beginningOf(part: unknown): string {
  const texts: string[] = []
  collect(part, { texts, left: charactersMax }, depthMax)
  return texts.join('\u0000')
}

type Collected = { texts: string[]; left: number }

function collect(part: unknown, into: Collected, depth: number): void {
  if (into.left <= 0 || depth === 0) return
  if (typeof part === 'string') {
    into.texts.push(part.slice(0, into.left))
    into.left -= part.length
    return
  }
  const parts: readonly unknown[] = Array.isArray(part) ? part : isObject(part) ? Object.values(part) : []
  for (const inner of parts) {
    // Also what holds no text counts: a list of a million numbers is left as early.
    into.left -= 1
    if (into.left <= 0) return
    collect(inner, into, depth - 1)
  }
}

/**
 * Rendezvous: the host with the highest figure is the conversation's. One that comes or goes moves its own conversations and
 * no other's. Nothing is secret here: it only has to spread.
 */
export function affinityOf(conversation: number, host: string): number {
  return mixed(conversation ^ hashOf(host))
}

const hashStart = 0x811c9dc5
const hashPrime = 0x01000193

/** FNV-1a over UTF-16 units, 32 bits. */
export function hashOf(text: string): number {
  let hash = hashStart
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), hashPrime)
  return mixed(hash)
}

/** Murmur's last step: texts that differ in one character end far apart. */
function mixed(hash: number): number {
  let bits = hash >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** The origins of the thoughts that a request gives back, as calls/reasoning-state.ts seals them; the newest last. */
export function sealedOrigins(text: string): readonly string[] {
  if (!text.includes(sealedMark)) return []
  return [...text.matchAll(sealedPattern)].map(([, origin = '']) => origin)
}

const sealedMark = 'sluice1~'
const sealedPattern = /sluice1~([\w-]{1,40})~/g

/**
 * A request that gives thoughts back, or asks for some that it may give back, sealed here or not: only the organisation whose
 * credential made them can read them. A text that merely speaks of it is bound as well, which costs it nothing but choice.
 */
export function carriesReasoning(text: string): boolean {
  return text.includes(sealedMark) || vendorMarks.some((mark) => text.includes(mark))
}

const vendorMarks = ['encrypted_content"', '"redacted_thinking"', '"signature"', '"thinking"']
