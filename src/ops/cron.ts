// What the triggers do: every few minutes what is due outside, every hour also the comparison of the books. A run may be skipped
// or doubled by the platform: each part looks at what is, not at the time.

import { driverErrorOf } from '#db/client.ts'
import { resumeRebuilds } from '#settlement/rebuild.ts'
import { reconcile } from '#settlement/reconcile.ts'
import type { SettlementParts } from '#settlement/parts.ts'

/** As in wrangler.toml; every other trigger there is a frequent one. */
const hourlyCron = '17 * * * *'

export type CronPart = { readonly name: string; readonly run: () => Promise<unknown> }

export type CronParts = {
  readonly settlement: SettlementParts
  /** What cannot wait for an hour. */
  readonly often: readonly CronPart[]
  /** What can, beside the books. */
  readonly hourly: readonly CronPart[]
}

/** Never throws: the next run comes anyway, and the log tells. */
export async function runCron(cron: string, { settlement, often, hourly }: CronParts): Promise<void> {
  const parts = cron === hourlyCron ? [...often, ...comparison(settlement), ...hourly] : often
  for (const { name, run } of parts) {
    try {
      await run()
    } catch (error) {
      settlement.log.error('cron_failed', { part: name }, driverErrorOf(error))
    }
  }
}

function comparison(parts: SettlementParts): readonly CronPart[] {
  return [
    { name: 'reconcile', run: () => reconcile(parts) },
    { name: 'rebuilds', run: () => resumeRebuilds(parts) },
  ]
}
