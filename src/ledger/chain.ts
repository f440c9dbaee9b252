// The hash chain over the log: anyone with the entries can recompute it. hash(n) = hex SHA-256 of hash(n-1) followed by the
// canonical JSON of entry n; hash(0) is 64 zeros, and each epoch starts anew from it. Computed off the path of a request.

import { sha256Hex } from '#core/hashes.ts'
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

/**
 * What people wrote: names and reasons. They are no part of the chain and of no statement, so that a person can be erased
 * from the books without a byte of what is proved changing.
 */
export const personalTexts = ['name', 'reason'] as const

/** The entry as the chain and a statement hold it. */
export function provedFields(entry: Entry): { readonly [name: string]: Json } {
  const { epoch, seq, kind, reference, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, keyNumber } = entry
  const detail = withoutPersonalTexts(entry.detail)
  return {
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
}

export function withoutPersonalTexts(detail: Json): Json {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return detail
  if (!personalTexts.some((text) => text in detail)) return detail
  const isKept = ([name]: readonly [string, Json]) => !personalTexts.some((text) => text === name)
  return Object.fromEntries(Object.entries(detail).filter(isKept))
}

export function hashAfter(previous: string, entry: Entry): Promise<string> {
  return sha256Hex(previous + canonicalJson(provedFields(entry)))
}
