// Which accounts the hourly sweep visits: those that were not compared for the longest, at most so many in one run. Who was
// active in the last day goes first, and leaves a share for the rest, so that everyone's turn comes.

import { sql } from 'drizzle-orm'
import { addMillis, asMillis, dayMs, hourMs, isoTime, type Millis } from '#core/clock.ts'
import { readAccountId, type AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import type { Finding } from './findings.ts'

export type SweepLimits = { readonly accounts: number; readonly active: number }

/** An account takes about eight of the 10,000 subrequests that the platform allows one invocation. */
export const sweepLimits: SweepLimits = { accounts: 1_000, active: 750 }

export type Due = {
  readonly accountId: AccountId
  readonly isActive: boolean
  readonly sinceMs: number | null
}

export async function accountsDue(db: Db, now: Millis, limits: SweepLimits): Promise<readonly Due[]> {
  const dayAgo = isoTime(addMillis(now, -dayMs))
  const columns = sql`id, extract(epoch from swept_at) * 1000 as since_ms`
  const { rows } = await db.execute(sql`with active as (
      select ${columns}, true as is_active from accounts where last_entry_at >= ${dayAgo}::timestamptz
      order by swept_at nulls first, id limit ${limits.active}::integer
    ), rest as (
      select ${columns}, last_entry_at >= ${dayAgo}::timestamptz as is_active from accounts
      where not exists (select 1 from active where active.id = accounts.id)
      order by swept_at nulls first, id limit ${limits.accounts}::integer - (select count(*) from active)
    )
    select * from active union all select * from rest`)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row['id'])
    const sinceMs = row['since_ms'] === null ? null : Math.round(Number(row['since_ms']))
    return accountId === undefined ? [] : [{ accountId, isActive: row['is_active'] === true, sinceMs }]
  })
}

/** Also of those that could not be reached: one that never can be must not stop the round. */
export async function markSwept(db: Db, accountIds: readonly AccountId[], now: Millis): Promise<void> {
  const ids = JSON.stringify(accountIds)
  await db.execute(sql`update accounts set swept_at = ${isoTime(now)}::timestamptz
    where id in (select jsonb_array_elements_text(${ids}::jsonb))`)
}

/** Three rounds of the active were missed, or two weeks of all others. */
const activeWithinMs = 3 * hourMs
const restWithinMs = 14 * dayMs

/** Where more accounts wait than a run can visit, the longest wait tells. */
export function sweepBehind(due: readonly Due[], now: Millis): readonly Finding[] {
  const found = [
    { subject: 'active', withinMs: activeWithinMs, waits: due.filter(({ isActive }) => isActive) },
    { subject: 'rest', withinMs: restWithinMs, waits: due.filter(({ isActive }) => !isActive) },
  ]
  return found.flatMap(({ subject, withinMs, waits }) => {
    const oldest = waits.reduce((since, { sinceMs }) => Math.min(since, sinceMs ?? since), Number(now))
    const forMs = now - asMillis(oldest)
    if (forMs <= withinMs) return []
    return [{ kind: 'sweep_behind', accountId: '', subject, detail: { forMs, withinMs } }]
  })
}
