// What was told long ago is forgotten: tables of messages must not grow for ever.

import { sql } from 'drizzle-orm'
import { asMillis, dayMs, isoTime, type Millis } from '#core/clock.ts'
import type { Db } from '#db/client.ts'

/** How long a customer can look at a delivery, and send it again. */
const deliveriesKeptMs = 30 * dayMs
/** Longer than anything is told again (tellWithinMs), so that once stays once. */
const noticesKeptMs = 365 * dayMs
/** At once: the next hour goes on. */
const rowsAtOnce = 10_000

export async function forgetOld(db: Db, now: Millis): Promise<void> {
  const [deliveries, notices] = [deliveriesKeptMs, noticesKeptMs].map((ms) => isoTime(asMillis(now - ms)))
  await db.execute(sql`delete from webhook_deliveries where id in (select id from webhook_deliveries
    where created_at < ${deliveries}::timestamptz and (state in ('delivered', 'failed') or not exists (
      select 1 from webhook_endpoints as endpoint where endpoint.id = webhook_deliveries.endpoint_id)) limit ${rowsAtOnce})`)
  await db.execute(sql`delete from notices where id in (select id from notices
    where created_at < ${notices}::timestamptz and mail_state not in ('waiting', 'claimed') limit ${rowsAtOnce})`)
}
