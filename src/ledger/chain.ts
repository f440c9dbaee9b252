// The hash chain over the log: anyone with the entries can recompute it. hash(n) = hex SHA-256 of hash(n-1) followed by the
// canonical JSON of entry n; hash(0) is 64 zeros. Computed when entries are sent, off the path of a request.

import type { Json } from '#core/errors.ts'
import type { Entry } from './entry.ts'

/** JSON with the names of every object sorted: the same text whoever writes it. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((part: Json) => canonicalJson(part)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  const fields = value as { readonly [name: string]: Json }
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(fields[name] ?? null)}`).join(',')}}`
}

export async function hashAfter(previous: string, entry: Entry): Promise<string> {
  const { epoch, seq, kind, reference, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, keyNumber, detail } =
    entry
  const fields = {
    epoch,
    seq,
    kind,
    reference,
    amountNanoUsd,
    balanceAfterNanoUsd,
    createdAtMs,
    keyNumber,
    detail,
  }
  const bytes = new TextEncoder().encode(previous + canonicalJson(fields))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
