// Rows of the object's own tables as values: STRICT tables, checked as they were written, so another type is a bug that must
// not become a zero.

import { assert } from '#core/assert.ts'
import type { Json } from '#core/errors.ts'
import type { CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { readJson } from '#core/readers.ts'
import type { Entry, EntryKind } from './entry.ts'
import type { HoldRow, ReferenceRow, Snapshot, StoredOutcome } from './rows.ts'
import type { TokenCover } from './state.ts'
import { snapshotVersion } from './rows.ts'

type Row = Record<string, SqlStorageValue>

/** In the order of the pieces; a thousand of them would be half a gigabyte. */
export function pieceName(name: string, index: number): string {
  return index === 0 ? name : `${name}+${String(index).padStart(3, '0')}`
}

export function text(value: SqlStorageValue | undefined): string {
  assert(typeof value === 'string', 'a text column holds text')
  return value
}

export function whole(value: SqlStorageValue | undefined): number {
  assert(typeof value === 'number' && Number.isSafeInteger(value), 'a whole column holds a safe whole number')
  return value
}

export function readEntry(row: Row): Entry {
  return {
    epoch: whole(row['epoch']),
    seq: whole(row['seq']),
    kind: text(row['kind']) as EntryKind,
    reference: text(row['reference']),
    amountNanoUsd: whole(row['amount_nano_usd']) as NanoUsd,
    balanceAfterNanoUsd: whole(row['balance_after_nano_usd']) as NanoUsd,
    createdAtMs: whole(row['created_at_ms']),
    keyNumber: row['key_number'] === null ? null : (whole(row['key_number']) as KeyNumber),
    detail: readJson(text(row['detail'])) as Json,
  }
}

export function readHold(row: Row): HoldRow {
  return {
    callId: text(row['call_id']) as CallId,
    outcome: text(row['outcome']) as StoredOutcome,
    keyNumber: whole(row['key_number']) as KeyNumber,
    model: text(row['model']),
    endUser: row['end_user'] === null ? null : text(row['end_user']),
    heldNanoUsd: whole(row['held_nano_usd']) as NanoUsd,
    sliceNanoUsd: whole(row['slice_nano_usd']) as NanoUsd,
    pins: readPins(text(row['pins'])),
    cover: readJson(text(row['token_cover'])) as TokenCover | null,
    checkpointNanoUsd: whole(row['checkpoint_nano_usd']) as NanoUsd,
    beatN: whole(row['beat_n']),
    beatAtMs: whole(row['beat_at_ms']),
    admittedAtMs: whole(row['admitted_at_ms']),
    tokens: whole(row['tokens']),
    afterSeq: whole(row['after_seq']),
    chargedNanoUsd: whole(row['charged_nano_usd']) as NanoUsd,
  }
}

/** Written by `#putHold`: pairs of a lot and an amount. */
function readPins(body: string): HoldRow['pins'] {
  const pairs = readJson(body) as readonly (readonly [number, NanoUsd])[]
  return pairs.map(([seq, amountNanoUsd]) => ({ seq, amountNanoUsd }))
}

export function readReference(row: Row): ReferenceRow {
  return {
    scope: text(row['scope']) as ReferenceRow['scope'],
    reference: text(row['reference']),
    seq: whole(row['seq']),
    said: text(row['said']),
  }
}

export function readSnapshot(body: string | undefined): Snapshot | null {
  if (body === undefined) return null
  const snapshot = readJson(body) as Snapshot
  return snapshot.version === snapshotVersion ? snapshot : null
}
