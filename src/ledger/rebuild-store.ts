// An object that is being rebuilt: the row that says so, which is also the tombstone of what the object had before. While it
// stands there is no account here for anybody but the rebuild.

import type { AccountId } from '#core/ids.ts'
import { readAccountId } from '#core/ids.ts'

export type Rebuilding = { readonly accountId: AccountId; readonly epoch: number }

type Row = { account_id: string; epoch: number }

export function rebuildingIn(sql: SqlStorage): Rebuilding | undefined {
  const known = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'rebuilding'").toArray()
  if (known.length === 0) return undefined
  const [row] = sql.exec<Row>('SELECT account_id, epoch FROM rebuilding').toArray()
  const accountId = readAccountId(row?.account_id)
  return row === undefined || accountId === undefined ? undefined : { accountId, epoch: row.epoch }
}

/** Inside the caller's transaction: what was here is gone, and the row says what for. */
export function clearForRebuild(sql: SqlStorage, { accountId, epoch }: Rebuilding): void {
  const names = sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'")
    .toArray()
  // The names are our own: tables of schema.ts and of this file. Their triggers go with them.
  for (const { name } of names) if (!name.startsWith('sqlite_')) sql.exec(`DROP TABLE "${name}"`)
  sql.exec('CREATE TABLE rebuilding (account_id TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT')
  sql.exec('INSERT INTO rebuilding VALUES (?, ?)', accountId, epoch)
}

/** Inside the caller's transaction, with the first line of the new epoch: from here on there is an account again. */
export function endRebuild(sql: SqlStorage): void {
  sql.exec('DROP TABLE rebuilding')
}
