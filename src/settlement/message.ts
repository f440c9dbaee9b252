// Reads what lies on the entries queue. A message that cannot be read must not stop the others, so the answer is a value.

import { asMillis, type Millis } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { readAccountId, type AccountId } from '#core/ids.ts'
import { nanoUsd, type NanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'

/** One ledger line as the consumer trusts it. The kind stays text: a newer object may send kinds that we do not know. */
export type SentEntry = {
  epoch: number
  seq: number
  kind: string
  reference: string
  amountNanoUsd: NanoUsd
  balanceAfterNanoUsd: NanoUsd
  createdAt: Millis
  keyNumber: number | null
  detail: Json
  hash: string
}

export type SentEntries = { accountId: AccountId; entries: readonly SentEntry[] }

export function readSentEntries(body: unknown): SentEntries | undefined {
  if (!isObject(body) || !Array.isArray(body['entries'])) return undefined
  const accountId = readAccountId(body['accountId'])
  const entries = body['entries'].map(readSentEntry)
  if (accountId === undefined || entries.length === 0) return undefined
  return entries.every((entry) => entry !== undefined) ? { accountId, entries } : undefined
}

/** The end of the year 9999: later times have another form in JSON than Postgres reads. */
const timeMaxMs = 253_402_300_799_999

export function readSentEntry(value: unknown): SentEntry | undefined {
  if (!isObject(value)) return undefined
  const epoch = readWhole(value['epoch'])
  const seq = readWhole(value['seq'], 1)
  const kind = readString(value['kind'])
  const reference = readString(value['reference'])
  const amount = readWhole(value['amountNanoUsd'], Number.MIN_SAFE_INTEGER)
  const balanceAfter = readWhole(value['balanceAfterNanoUsd'], Number.MIN_SAFE_INTEGER)
  const createdAtMs = readWhole(value['createdAtMs'])
  if (createdAtMs !== undefined && createdAtMs > timeMaxMs) return undefined
  const keyNumber = value['keyNumber'] === null ? null : readWhole(value['keyNumber'])
  const hash = readString(value['hash'])
  if (epoch === undefined || seq === undefined || kind === undefined || reference === undefined)
    return undefined
  if (amount === undefined || balanceAfter === undefined || createdAtMs === undefined) return undefined
  if (keyNumber === undefined || hash === undefined || hash === '') return undefined
  return {
    epoch,
    seq,
    kind: storable(kind),
    reference: storable(reference),
    amountNanoUsd: nanoUsd(amount),
    balanceAfterNanoUsd: nanoUsd(balanceAfter),
    createdAt: asMillis(createdAtMs),
    keyNumber,
    detail: storableJson(value['detail']),
    hash,
  }
}

/** Postgres takes neither NUL nor half a surrogate pair; one such name must not keep an account's whole history out. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed()
}

function storableJson(value: unknown): Json {
  if (typeof value === 'string') return storable(value)
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (Array.isArray(value)) return value.map(storableJson)
  if (!isObject(value)) return null
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [storable(name), storableJson(part)]))
}
