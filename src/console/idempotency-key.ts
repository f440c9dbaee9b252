// The client's own name of a change: the same one is the same change. Bounded, since it becomes part of references and of the
// payment provider's keys.

import { invalid, isPlainText, type Read } from '#core/fields.ts'

const keyLengthMax = 200

/** Null where the client names none. */
export function readIdempotencyKey(headers: Headers): Read<string | null> {
  const key = headers.get('idempotency-key')
  const isKey = key === null || (key !== '' && key.length <= keyLengthMax && isPlainText(key))
  if (isKey) return { ok: true, value: key }
  return invalid('Idempotency-Key', `Idempotency-Key must have 1 to ${keyLengthMax} characters.`)
}

/** So long as any key, whatever the client's is. */
export async function hashOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
