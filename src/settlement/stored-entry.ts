// A line of the ledger as Postgres holds it, as the entry that the object wrote.

import type { KeyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { ledgerEntries } from '#db/schema.ts'
import type { Entry, EntryKind } from '#ledger/entry.ts'

/** As it was written by the object itself. */
export function entryOf(row: typeof ledgerEntries.$inferSelect): Entry {
  return {
    epoch: row.epoch,
    seq: row.seq,
    kind: row.kind as EntryKind,
    reference: row.reference,
    amountNanoUsd: nanoUsd(Number(row.amountNanoUsd)),
    balanceAfterNanoUsd: nanoUsd(Number(row.balanceAfterNanoUsd)),
    createdAtMs: row.createdAt.getTime(),
    keyNumber: row.keyNumber as KeyNumber | null,
    detail: row.detail ?? null,
  }
}
