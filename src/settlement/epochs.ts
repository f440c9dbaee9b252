// The rows of `account_epochs` and the lines of a closed log, as a rebuild needs them (rebuild.ts): SQL alone, nothing is decided.

import { and, asc, eq, lte, ne, sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { accountEpochs, ledgerEntries } from '#db/schema.ts'
import type { Entry } from '#ledger/entry.ts'
import { genesisHash } from '#ledger/state.ts'
import { entryOf } from './stored-entry.ts'

export type EpochRow = typeof accountEpochs.$inferSelect

/** Why and by whose request an epoch ends. */
export type Closing = {
  accountId: AccountId
  reason: string
  idempotencyKey: string
  isDiscarding: boolean
  /** The newest that had ended when it was asked, 0 for none: of two that ask at once, one closes. */
  afterEpoch: number
}

/** Of the largest entries (32 KB) so many are 8 MB: below what the database's endpoint answers and what one RPC carries. */
const entriesPerPage = 250
/** A sweep goes on with so many. */
const unfinishedMax = 20

export async function newestEpoch(db: Db, accountId: AccountId): Promise<EpochRow | undefined> {
  const [row] = await db
    .select()
    .from(accountEpochs)
    .where(eq(accountEpochs.accountId, accountId))
    .orderBy(sql`epoch desc`)
    .limit(1)
  return row
}

/** The epoch that a request has ended, the newest where it had to end another. */
export async function epochAskedBy(
  db: Db,
  accountId: AccountId,
  idempotencyKey: string,
): Promise<EpochRow | undefined> {
  const [row] = await db
    .select()
    .from(accountEpochs)
    .where(and(eq(accountEpochs.accountId, accountId), eq(accountEpochs.idempotencyKey, idempotencyKey)))
    .orderBy(sql`epoch desc`)
    .limit(1)
  return row
}

export async function unfinishedEpochs(db: Db): Promise<readonly EpochRow[]> {
  return db.select().from(accountEpochs).where(ne(accountEpochs.step, 'done')).limit(unfinishedMax)
}

/**
 * One transaction behind the lock of the account's writers: the epoch ends at its mark, and what had come beyond it moves to
 * the findings, from where it is booked again. An epoch whose object was lost before Postgres heard of it ends empty, where
 * the one before it ended: no number of its lines is ever given again under the same epoch.
 */
export async function closeEpoch(db: Db, closing: Closing, now: Millis): Promise<void> {
  const { accountId, reason, idempotencyKey, isDiscarding, afterEpoch } = closing
  const at = sql`${isoTime(now)}::timestamptz`
  await db.batch([
    db.execute(sql`select id from accounts where id = ${accountId} for update`),
    db.execute(sql`with mark as (
        select account_id, epoch, seq, sum_nano_usd, hash from ledger_marks
        where account_id = ${accountId} and epoch > ${afterEpoch}::integer
        union all
        select account_id, epoch + 1, closed_seq, closed_sum_nano_usd, closed_hash from account_epochs
        where account_id = ${accountId} and epoch = ${afterEpoch}::integer
        order by epoch desc, seq desc limit 1
      ), ended as (
        insert into account_epochs (account_id, epoch, closed_seq, closed_sum_nano_usd, closed_hash, closed_at, reason,
          idempotency_key, is_discarding, step, updated_at)
        select account_id, epoch, seq, sum_nano_usd, hash, ${at}, ${reason}, ${idempotencyKey}, ${isDiscarding}::boolean,
          'closed', ${at} from mark
        where not exists (select 1 from account_epochs where account_id = ${accountId} and epoch > ${afterEpoch}::integer)
        on conflict do nothing returning account_id, epoch, closed_seq
      ), strays as (
        delete from ledger_entries as line using ended
        where line.account_id = ended.account_id and line.epoch = ended.epoch and line.seq > ended.closed_seq
        returning line.*
      )
      insert into findings (kind, account_id, subject, detail, seen_count, first_seen_at, last_seen_at)
      select 'stray', account_id, epoch || ':' || seq, jsonb_build_object('entry', jsonb_build_object(
          'epoch', epoch, 'seq', seq, 'kind', kind, 'reference', reference, 'amountNanoUsd', amount_nano_usd,
          'balanceAfterNanoUsd', balance_after_nano_usd, 'keyNumber', key_number, 'detail', detail, 'hash', hash,
          'createdAtMs', round(extract(epoch from created_at) * 1000)::bigint)), 1, ${at}, ${at}
      from strays on conflict (kind, account_id, subject) do nothing`),
  ])
}

/** `filled`: from here on the object may be open, and have written lines of its own. */
export type EpochStep = 'closed' | 'filled' | 'opened' | 'done'

export async function keepStep(db: Db, row: EpochRow, step: EpochStep, now: Millis): Promise<void> {
  await db
    .update(accountEpochs)
    .set({ step, updatedAt: new Date(now) })
    .where(and(eq(accountEpochs.accountId, row.accountId), eq(accountEpochs.epoch, row.epoch)))
}

/** The last line that is there; before the first one, nothing. */
export type Head = { epoch: number; seq: number; hash: string }

export async function headAt(db: Db, accountId: AccountId, seq: number): Promise<Head> {
  if (seq === 0) return { epoch: 0, seq, hash: genesisHash }
  const [row] = await db
    .select({ epoch: ledgerEntries.epoch, hash: ledgerEntries.hash })
    .from(ledgerEntries)
    .where(and(eq(ledgerEntries.accountId, accountId), eq(ledgerEntries.seq, seq)))
  return { epoch: row?.epoch ?? 0, seq, hash: row?.hash ?? '' }
}

export async function linesAfter(
  db: Db,
  accountId: AccountId,
  { head, closedSeq }: { head: Head; closedSeq: number },
): Promise<{ entry: Entry; hash: string }[]> {
  const rows = await db
    .select()
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.accountId, accountId),
        // As the primary key is ordered: by the number alone, each page would look at all before it.
        sql`(${ledgerEntries.epoch}, ${ledgerEntries.seq}) > (${head.epoch}::integer, ${head.seq}::bigint)`,
        lte(ledgerEntries.seq, closedSeq),
      ),
    )
    .orderBy(asc(ledgerEntries.epoch), asc(ledgerEntries.seq))
    .limit(entriesPerPage)
  return rows.map((row) => ({ entry: entryOf(row), hash: row.hash }))
}
