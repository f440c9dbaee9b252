// Secrets that have to be used again and therefore cannot be hashed, sealed under a key that only the Worker has: a dump of
// the database is no use without it. AES-GCM, each text bound to its place, so that none can be put in another's.

import { hexOf } from './hashes.ts'
import type { Random } from './ids.ts'

export type Sealer = {
  /** What everything begins with that is sealed under the present key. */
  readonly prefix: string
  /** `place` names where it is kept: it opens there and nowhere else. */
  seal(text: string, place: string): Promise<string>
  /** Undefined where no key of ours opens it there. What was never sealed comes back as it is. */
  open(sealed: string, place: string): Promise<string | undefined>
}

type Key = { readonly id: string; readonly aes: CryptoKey }

const mark = 'sealed:'
const ivBytes = 12
const idCharacters = 8
const encoder = new TextEncoder()

/** `previousKey`: the one before, during a roll; it opens and never seals. */
export async function sealerOf(
  { key, previousKey }: { readonly key: string; readonly previousKey: string | undefined },
  random: Random,
): Promise<Sealer> {
  const present = await keyOf(key)
  const keys = previousKey === undefined ? [present] : [present, await keyOf(previousKey)]
  const prefix = `${mark}${present.id}:`
  return {
    prefix,
    async seal(text, place) {
      const iv = new Uint8Array(random(ivBytes))
      const sealed = await crypto.subtle.encrypt(algorithmOf(iv, place), present.aes, encoder.encode(text))
      return prefix + base64Of(new Uint8Array([...iv, ...new Uint8Array(sealed)]))
    },
    async open(sealed, place) {
      if (!sealed.startsWith(mark)) return sealed
      const [id, text = ''] = sealed.slice(mark.length).split(':')
      const known = keys.find((one) => one.id === id)
      const bytes = bytesOf(text)
      if (known === undefined || bytes === undefined) return undefined
      const algorithm = algorithmOf(bytes.subarray(0, ivBytes), place)
      try {
        const opened = await crypto.subtle.decrypt(algorithm, known.aes, bytes.subarray(ivBytes))
        return new TextDecoder().decode(opened)
      } catch {
        // Changed, or put in another place: the platform says no more than that, and nobody needs more.
        return undefined
      }
    },
  }
}

function algorithmOf(iv: Uint8Array<ArrayBuffer>, place: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(place) }
}

/** Of any text: a key of the right length, and a name for it that gives nothing away. */
async function keyOf(text: string): Promise<Key> {
  const secret = await crypto.subtle.importKey('raw', encoder.encode(text), 'HKDF', false, [
    'deriveKey',
    'deriveBits',
  ])
  const derived = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(info),
  })
  const aes = { name: 'AES-GCM', length: 256 }
  const [key, id] = await Promise.all([
    crypto.subtle.deriveKey(derived('sluice sealing'), secret, aes, false, ['encrypt', 'decrypt']),
    crypto.subtle.deriveBits(derived('sluice sealing key id'), secret, idCharacters * 4),
  ])
  return { id: hexOf(new Uint8Array(id)), aes: key }
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Undefined for what is none. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
