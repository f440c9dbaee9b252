// A statement: what Postgres holds of one account's log, as it was hashed, in pages that anyone can verify
// (docs/verify-statement.mjs). Only what is contiguous and marked; names and reasons are no part of it.

import { and, asc, desc, eq, gt, gte, lt, lte, or, type SQL } from 'drizzle-orm'
import type { Json } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { ledgerEntries, ledgerMarks } from '#db/schema.ts'
import { provedFields } from '#ledger/chain.ts'
import { genesisHash } from '#ledger/state.ts'
import { entryOf } from './stored-entry.ts'

/** A thousand lines of 1 KB are a megabyte. */
export const statementEntriesMax = 1_000

export type Place = { readonly epoch: number; readonly seq: number }

export type StatementAsked = {
  readonly accountId: AccountId
  readonly from: Date | undefined
  readonly to: Date | undefined
  /** The last entry of the page before. */
  readonly after: Place | undefined
}

export type Statement = {
  readonly previousHash: string
  readonly balanceBeforeNanoUsd: number
  readonly entries: readonly { readonly [name: string]: Json }[]
  readonly balanceAfterNanoUsd: number
  readonly hash: string
  readonly next: Place | undefined
}

type Row = typeof ledgerEntries.$inferSelect

export async function readStatement(db: Db, asked: StatementAsked): Promise<Statement> {
  const rows = await rowsOf(db, asked)
  const shown = rows.slice(0, statementEntriesMax)
  const [first] = shown
  const last = shown.at(-1)
  const before = first === undefined ? asked.after : { epoch: first.epoch, seq: first.seq - 1 }
  const start = await standingAt(db, asked.accountId, before)
  return {
    previousHash: start.hash,
    balanceBeforeNanoUsd: start.balance,
    entries: shown.map(lineOf),
    balanceAfterNanoUsd: last === undefined ? start.balance : Number(last.balanceAfterNanoUsd),
    hash: last?.hash ?? start.hash,
    next: rows.length > shown.length && last !== undefined ? { epoch: last.epoch, seq: last.seq } : undefined,
  }
}

function rowsOf(db: Db, { accountId, from, to, after }: StatementAsked): Promise<Row[]> {
  const wanted: (SQL | undefined)[] = [eq(ledgerEntries.accountId, accountId)]
  // In two comparisons that the primary key serves, since a row comparison has no form in the query builder.
  if (after !== undefined)
    wanted.push(
      or(
        gt(ledgerEntries.epoch, after.epoch),
        and(eq(ledgerEntries.epoch, after.epoch), gt(ledgerEntries.seq, after.seq)),
      ),
    )
  if (from !== undefined) wanted.push(gte(ledgerEntries.createdAt, from))
  if (to !== undefined) wanted.push(lt(ledgerEntries.createdAt, to))
  return db
    .select({ entry: ledgerEntries })
    .from(ledgerEntries)
    .innerJoin(
      ledgerMarks,
      and(
        eq(ledgerMarks.accountId, ledgerEntries.accountId),
        eq(ledgerMarks.epoch, ledgerEntries.epoch),
        lte(ledgerEntries.seq, ledgerMarks.seq),
      ),
    )
    .where(and(...wanted))
    .orderBy(asc(ledgerEntries.epoch), asc(ledgerEntries.seq))
    .limit(statementEntriesMax + 1)
    .then((found) => found.map(({ entry }) => entry))
}

async function standingAt(
  db: Db,
  accountId: AccountId,
  place: Place | undefined,
): Promise<{ hash: string; balance: number }> {
  const nothing = { hash: genesisHash, balance: 0 }
  if (place === undefined || place.seq === 0) return nothing
  const { epoch, seq } = place
  const [row] = await db
    .select({ hash: ledgerEntries.hash, balance: ledgerEntries.balanceAfterNanoUsd })
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.accountId, accountId),
        lte(ledgerEntries.epoch, epoch),
        eq(ledgerEntries.seq, seq),
      ),
    )
    // An epoch's first number follows the last of the one before.
    .orderBy(desc(ledgerEntries.epoch))
    .limit(1)
  return row === undefined ? nothing : { hash: row.hash, balance: Number(row.balance) }
}

function lineOf(row: Row): { readonly [name: string]: Json } {
  return { ...provedFields(entryOf(row)), hash: row.hash }
}
