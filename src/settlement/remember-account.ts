// The row by which the hourly sweep finds an account.

import { sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'

/** So that the sweep finds an account whose very first message was lost. */
export async function rememberAccount(
  db: Db,
  account: { accountId: AccountId; name: string; region: string },
  now: Millis,
): Promise<void> {
  const time = isoTime(now)
  const { accountId, name, region } = account
  await db.execute(sql`insert into accounts (id, name, region, created_at, last_entry_at)
    values (${accountId}, ${name}, ${region}, ${time}::timestamptz, ${time}::timestamptz) on conflict (id) do nothing`)
}
