// From ledger lines to rows of the mirror (pure). Rows are named by Postgres' columns, because they travel as one JSON
// parameter that Postgres itself spreads into records: thousands of placeholders would cost more than the insert.

import { inputTokensOf, noUsage, outputTokensOf, usageUnits, type Usage } from '#calls/usage.ts'
import { isoTime, type Millis } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { regionOf } from '#core/regions.ts'
import type { SentEntries, SentEntry } from './message.ts'

export type EntryRow = {
  account_id: AccountId
  epoch: number
  seq: number
  kind: string
  reference: string
  amount_nano_usd: number
  balance_after_nano_usd: number
  key_number: number | null
  detail: Json
  hash: string
  created_at: string
  received_at: string
}

/** What explains a call, from its newest entry; the cost is summed by Postgres over all its entries. */
export type ChargeRow = {
  account_id: AccountId
  call_id: string
  request_id: string
  key_number: number | null
  model: string
  provider: string
  executed_model: string | null
  endpoint: string
  is_streamed: boolean
  usage: Json
  input_tokens: number
  output_tokens: number
  usage_source: string
  price_lines: Json
  price_version: string
  rule: string
  status: string
  duration_ms: number
  first_token_ms: number | null
  upstream_id: string | null
  created_at: string
  epoch: number
  last_seq: number
  /** Of the entry it was read from: an entry that Postgres refused to replace explains nothing. */
  hash: string
}

export type KeyRow = {
  account_id: AccountId
  key_number: number
  name: string
  is_disabled: boolean
  created_at: string
  epoch: number
  last_seq: number
}

export type AccountRow = {
  id: AccountId
  name: string
  region: string
  created_at: string
  last_entry_at: string
}

/** Two different lines under one number: the first stands, the other is reported. */
export type HashConflict = { accountId: AccountId; epoch: number; seq: number; stored: string; sent: string }

export type MirrorRows = {
  entries: readonly EntryRow[]
  charges: readonly ChargeRow[]
  keys: readonly KeyRow[]
  accounts: readonly AccountRow[]
  conflicts: readonly HashConflict[]
}

/** All rows that a batch of messages asks for, each once, in the order of their keys, so that no two writers deadlock. */
export function rowsOf(messages: readonly SentEntries[], receivedAt: Millis): MirrorRows {
  const entries = new Map<string, EntryRow>()
  const charges = new Map<string, ChargeRow>()
  const keys = new Map<string, KeyRow>()
  const accounts = new Map<string, AccountRow>()
  const conflicts: HashConflict[] = []
  for (const { accountId, entry } of linesIn(messages)) {
    const name = `${accountId}:${entry.epoch}:${entry.seq}`
    const first = entries.get(name)
    if (first !== undefined && first.hash !== entry.hash) conflicts.push(conflictOf(first, entry))
    if (first !== undefined) continue
    entries.set(name, entryRow(accountId, entry, receivedAt))
    accounts.set(accountId, mergeAccounts(accounts.get(accountId), accountRow(accountId, entry)))
    const charge = chargeRow(accountId, entry)
    if (charge !== undefined) keepNewest(charges, `${accountId}:${charge.call_id}`, charge)
    const key = keyRow(accountId, entry)
    if (key === undefined) continue
    const keyName = `${accountId}:${key.key_number}`
    keys.set(keyName, mergeKeys(keys.get(keyName), key))
  }
  return {
    entries: inOrder(entries),
    charges: inOrder(charges),
    keys: inOrder(keys),
    accounts: inOrder(accounts),
    conflicts,
  }
}

function linesIn(messages: readonly SentEntries[]): { accountId: AccountId; entry: SentEntry }[] {
  return messages.flatMap(({ accountId, entries }) => entries.map((entry) => ({ accountId, entry })))
}

function conflictOf(first: EntryRow, entry: SentEntry): HashConflict {
  const { account_id: accountId, epoch, seq, hash: stored } = first
  return { accountId, epoch, seq, stored, sent: entry.hash }
}

function inOrder<Row>(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

function keepNewest<Row extends Placed>(rows: Map<string, Row>, name: string, row: Row): void {
  const other = rows.get(name)
  if (other === undefined || isNewer(row, other)) rows.set(name, row)
}

type Placed = { epoch: number; last_seq: number }

function isNewer(a: Placed, b: Placed): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.last_seq > b.last_seq)
}

function mergeKeys(a: KeyRow | undefined, b: KeyRow): KeyRow {
  if (a === undefined) return b
  const [older, newer] = isNewer(b, a) ? [a, b] : [b, a]
  return {
    ...newer,
    name: newer.name === '' ? older.name : newer.name,
    created_at: a.created_at < b.created_at ? a.created_at : b.created_at,
  }
}

function entryRow(accountId: AccountId, entry: SentEntry, receivedAt: Millis): EntryRow {
  return {
    account_id: accountId,
    epoch: entry.epoch,
    seq: entry.seq,
    kind: entry.kind,
    reference: entry.reference,
    amount_nano_usd: entry.amountNanoUsd,
    balance_after_nano_usd: entry.balanceAfterNanoUsd,
    key_number: entry.keyNumber,
    detail: entry.detail,
    hash: entry.hash,
    created_at: isoTime(entry.createdAt),
    received_at: isoTime(receivedAt),
  }
}

function accountRow(accountId: AccountId, entry: SentEntry): AccountRow {
  const detail = isObject(entry.detail) ? entry.detail : {}
  const time = isoTime(entry.createdAt)
  return {
    id: accountId,
    name: entry.kind === 'create' ? (readString(detail['name']) ?? '') : '',
    region: regionOf(accountId) ?? '',
    created_at: time,
    last_entry_at: time,
  }
}

function mergeAccounts(a: AccountRow | undefined, b: AccountRow): AccountRow {
  if (a === undefined) return b
  return {
    ...a,
    name: b.name === '' ? a.name : b.name,
    created_at: a.created_at < b.created_at ? a.created_at : b.created_at,
    last_entry_at: a.last_entry_at > b.last_entry_at ? a.last_entry_at : b.last_entry_at,
  }
}

function keyRow(accountId: AccountId, entry: SentEntry): KeyRow | undefined {
  if (entry.kind !== 'key' || entry.keyNumber === null || !isObject(entry.detail)) return undefined
  return {
    account_id: accountId,
    key_number: entry.keyNumber,
    name: readString(entry.detail['name']) ?? '',
    is_disabled: entry.detail['action'] === 'revoke',
    created_at: isoTime(entry.createdAt),
    epoch: entry.epoch,
    last_seq: entry.seq,
  }
}

/** What was charged without a word of explanation (a hold that expired by its checkpoint) leaves the words empty. */
function chargeRow(accountId: AccountId, entry: SentEntry): ChargeRow | undefined {
  if (entry.kind !== 'usage' && entry.kind !== 'late') return undefined
  const detail: { [name: string]: unknown } = isObject(entry.detail) ? entry.detail : {}
  const text = (name: string) => readString(detail[name]) ?? ''
  const usage = usageOf(detail['usage'])
  return {
    account_id: accountId,
    call_id: entry.reference,
    request_id: text('requestId'),
    key_number: entry.keyNumber,
    model: text('model'),
    provider: text('provider'),
    executed_model: readString(detail['executedModel']) ?? null,
    endpoint: text('endpoint'),
    is_streamed: detail['isStreamed'] === true,
    usage,
    input_tokens: inputTokensOf(usage),
    output_tokens: outputTokensOf(usage),
    usage_source: text('usageSource'),
    price_lines: linesOf(detail['lines']),
    price_version: text('priceVersion'),
    rule: text('rule'),
    status: text('status'),
    duration_ms: readWhole(detail['durationMs']) ?? 0,
    first_token_ms: readWhole(detail['firstTokenMs']) ?? null,
    upstream_id: readString(detail['upstreamId']) ?? null,
    created_at: isoTime(entry.createdAt),
    epoch: entry.epoch,
    last_seq: entry.seq,
    hash: entry.hash,
  }
}

function usageOf(value: unknown): Usage {
  if (!isObject(value)) return noUsage
  const units = usageUnits.map((unit) => [unit, readWhole(value[unit]) ?? 0] as const)
  return { ...noUsage, ...Object.fromEntries(units) }
}

function linesOf(value: unknown): Json {
  if (!Array.isArray(value)) return []
  return value.flatMap((line: unknown) => {
    if (!isObject(line)) return []
    const unit = readString(line['unit'])
    const units = readWhole(line['units'])
    const pricePicoUsd = readWhole(line['pricePicoUsd'])
    const isWhole = unit !== undefined && units !== undefined && pricePicoUsd !== undefined
    return isWhole ? [{ unit, units, pricePicoUsd }] : []
  })
}
