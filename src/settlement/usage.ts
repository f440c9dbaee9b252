// What the mirror answers about usage: calls one by one, sums by model, key or day, and one call's ledger lines.
// Every query names its account; nothing here searches by pattern.

import { and, asc, count, desc, eq, gt, gte, lt, sql, sum, type SQL } from 'drizzle-orm'
import type { Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { charges, ledgerEntries } from '#db/schema.ts'

export type UsageRange = { accountId: AccountId; from: Millis; to: Millis }

export type UsageTotals = { requests: number; costNanoUsd: bigint; inputTokens: number; outputTokens: number }

export type ChargeRow = typeof charges.$inferSelect

/** Where a page of calls goes on: after this call, newest first. */
export type CallCursor = { createdAt: Millis; callId: string }

export type GroupBy = 'model' | 'key' | 'day' | 'end_user'

export type UsageGroup = UsageTotals & { name: string }

/** Totals of the whole range and one page of its calls, in one round trip. */
export async function usageByCall(
  db: Db,
  range: UsageRange,
  page: { after: CallCursor | undefined; limit: number },
): Promise<{ totals: UsageTotals; rows: readonly ChargeRow[] }> {
  const beyond =
    page.after === undefined
      ? undefined
      : sql`(${charges.createdAt}, ${charges.callId}) < (${new Date(page.after.createdAt).toISOString()}::timestamptz, ${page.after.callId})`
  const [totals, rows] = await db.batch([
    db.select(figures).from(charges).where(within(range)),
    db
      .select()
      .from(charges)
      .where(and(within(range), beyond))
      .orderBy(desc(charges.createdAt), desc(charges.callId))
      .limit(page.limit),
  ])
  return { totals: totalsOf(totals[0]), rows }
}

/** Totals of the whole range and one page of its groups, in the order of their names. */
export async function usageByGroup(
  db: Db,
  range: UsageRange,
  page: { by: GroupBy; after: string | undefined; limit: number },
): Promise<{ totals: UsageTotals; groups: readonly UsageGroup[] }> {
  // Compared byte by byte, whatever the database's language: the cursor must mean the same as the order.
  const name = sql<string>`${groupName[page.by]} collate "C"`
  const [totals, groups] = await db.batch([
    db.select(figures).from(charges).where(within(range)),
    db
      .select({ name: sql<string>`${name} as group_name`, ...figures })
      .from(charges)
      .where(and(within(range), page.after === undefined ? undefined : gt(name, page.after)))
      .groupBy(sql`group_name`)
      .orderBy(asc(sql`group_name`))
      .limit(page.limit),
  ])
  return {
    totals: totalsOf(totals[0]),
    groups: groups.map((group) => ({ name: group.name, ...totalsOf(group) })),
  }
}

/** The ledger lines of one call of this account, oldest first, with what was given back of it. */
export async function linesOfCall(
  db: Db,
  accountId: AccountId,
  callId: string,
): Promise<readonly (typeof ledgerEntries.$inferSelect)[]> {
  const ofCall = and(eq(ledgerEntries.accountId, accountId), eq(ledgerEntries.reference, callId))
  // Written out, so that the planner recognises the partial indexes.
  const charged = sql`${ledgerEntries.kind} in ('usage', 'late')`
  const reversed = sql`${ledgerEntries.kind} = 'reversal'`
  return db
    .select()
    .from(ledgerEntries)
    .where(and(ofCall, charged))
    .unionAll(db.select().from(ledgerEntries).where(and(ofCall, reversed)))
    .orderBy(asc(ledgerEntries.epoch), asc(ledgerEntries.seq))
}

const groupName: Readonly<Record<GroupBy, SQL>> = {
  model: sql`${charges.model}`,
  // Padded, so that the order of the text is the order of the numbers.
  key: sql`lpad(coalesce(${charges.keyNumber}, 0)::text, 10, '0')`,
  day: sql`to_char(${charges.createdAt} at time zone 'UTC', 'YYYY-MM-DD')`,
  // As the ledger line says it that explains the call: nobody else keeps it. Empty for calls that name nobody.
  end_user: sql`coalesce((select line.detail ->> 'endUser' from ${ledgerEntries} as line
    where line.account_id = ${charges.accountId} and line.epoch = ${charges.epoch} and line.seq = ${charges.lastSeq}), '')`,
}

const figures = {
  requests: count(),
  costNanoUsd: sum(charges.costNanoUsd),
  inputTokens: sum(charges.inputTokens),
  outputTokens: sum(charges.outputTokens),
}

type Figures = {
  requests: number
  costNanoUsd: string | null
  inputTokens: string | null
  outputTokens: string | null
}

function totalsOf(row: Figures | undefined): UsageTotals {
  return {
    requests: row?.requests ?? 0,
    costNanoUsd: BigInt(row?.costNanoUsd ?? 0),
    inputTokens: Number(row?.inputTokens ?? 0),
    outputTokens: Number(row?.outputTokens ?? 0),
  }
}

export function within({ accountId, from, to }: UsageRange): SQL | undefined {
  return and(
    eq(charges.accountId, accountId),
    gte(charges.createdAt, new Date(from)),
    lt(charges.createdAt, new Date(to)),
  )
}
