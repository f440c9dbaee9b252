// What the hourly trigger does. It may be skipped or doubled by the platform: each part looks at what is, not at the time.

import { driverErrorOf } from '#db/client.ts'
import { resumeRebuilds } from '#settlement/rebuild.ts'
import { reconcile } from '#settlement/reconcile.ts'
import type { SettlementParts } from '#settlement/parts.ts'

/** Never throws: the next hour comes anyway, and the log tells. */
export async function runHourly(parts: SettlementParts): Promise<void> {
  try {
    await reconcile(parts)
  } catch (error) {
    parts.log.error('cron_failed', { part: 'reconcile' }, driverErrorOf(error))
  }
  try {
    await resumeRebuilds(parts)
  } catch (error) {
    parts.log.error('cron_failed', { part: 'rebuilds' }, driverErrorOf(error))
  }
}
