// Usage cut as finely as old billing pages want it: one sum per key, period, route, provider and model. They add up to what
// `usageByGroup` says of the same range, because both sum the same rows.

import { and, asc, count, eq, sql, sum, type SQL } from 'drizzle-orm'
import type { KeyNumber } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { charges } from '#db/schema.ts'
import { type UsageRange, within } from './usage.ts'

export type UsageStep = 'day' | 'week' | 'month' | 'year'

export type UsageCell = {
  keyNumber: number
  /** The first day of the period, UTC. */
  period: string
  endpoint: string
  provider: string
  model: string
  requests: number
  costNanoUsd: bigint
}

export type CellFilter = { keyNumber?: KeyNumber; provider?: string }

/** At most `limit` cells, in an order that a repeat keeps. */
export async function usageByCell(
  db: Db,
  range: UsageRange,
  { step, filter = {}, limit }: { step: UsageStep; filter?: CellFilter; limit: number },
): Promise<readonly UsageCell[]> {
  const period = sql<string>`to_char(date_trunc(${step}, ${charges.createdAt} at time zone 'UTC'), 'YYYY-MM-DD')`
  const keyNumber = sql<number>`coalesce(${charges.keyNumber}, 0)::int`
  const cells = await db
    .select({
      keyNumber: sql<number>`${keyNumber} as cell_key`,
      period: sql<string>`${period} as cell_period`,
      endpoint: charges.endpoint,
      provider: charges.provider,
      model: charges.model,
      requests: count(),
      costNanoUsd: sum(charges.costNanoUsd),
    })
    .from(charges)
    .where(and(within(range), ...conditionsOf(filter)))
    .groupBy(sql`cell_key`, sql`cell_period`, charges.endpoint, charges.provider, charges.model)
    .orderBy(
      sql`cell_period`,
      sql`cell_key`,
      asc(charges.endpoint),
      asc(charges.provider),
      asc(charges.model),
    )
    .limit(limit)
  return cells.map((cell) => ({
    ...cell,
    costNanoUsd: BigInt(cell.costNanoUsd ?? 0),
  }))
}

function conditionsOf({ keyNumber, provider }: CellFilter): SQL[] {
  return [
    ...(keyNumber === undefined ? [] : [eq(charges.keyNumber, keyNumber)]),
    ...(provider === undefined ? [] : [eq(charges.provider, provider)]),
  ]
}
