// Findings: what does not add up, kept where the operator reads it. Nothing is mended here.

import { and, asc, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import type { Db } from '#db/client.ts'
import { findings } from '#db/schema.ts'

export type FindingKind =
  /** Two different ledger lines under one number. */
  | 'hash_conflict'
  /** A queue message that is no batch of entries, or that Postgres refuses. */
  | 'unreadable_message'
  | 'poison_message'
  /** A message that was tried to the end; the object sends its entries again. */
  | 'dead_letter'
  /** A capture that its object never acknowledged: its money is not booked. */
  | 'dead_capture'
  /** A receipt, a notice or a card's charge that failed to the end. */
  | 'dead_task'
  /** The object disagrees with what Postgres holds, or Postgres with itself. */
  | 'drift'
  | 'gap'
  | 'rows_missing'
  | 'mirror_ahead'
  | 'account_without_object'
  | 'stuck_hold'
  /** Something was due and no wake came. */
  | 'alarm_missing'
  /** Entries wait too long for Postgres. */
  | 'unconfirmed'
  /** An object nears the size that the platform allows. */
  | 'object_large'
  /** The sweep does not come round in time. */
  | 'sweep_behind'
  /** A line of a closed epoch that came after its end; booked again in the epoch that stands. */
  | 'stray'
  | 'epoch_behind'
  /** The payment provider's payments and the books differ. */
  | 'payment_not_credited'
  | 'payment_credited_twice'
  | 'payment_unknown'
  | 'credit_without_payment'
  /** Its invoices and the books differ. */
  | 'invoice_unknown'
  | 'invoice_not_credited'
  | 'invoice_not_paid'
  | 'invoice_differs'
  | 'invoice_not_granted'
  | 'grant_not_paid'
  /** There was more to compare than one night looks at. */
  | 'comparison_cut_short'
  /** Booked by an account object about itself. */
  | 'ledger'

export type Finding = { kind: FindingKind; accountId: string; subject: string; detail: Json }

/** The same subject is counted, not written again: what repeats for a day must not bury the rest. */
export async function recordFindings(db: Db, found: readonly Finding[], now: Millis): Promise<void> {
  if (found.length === 0) return
  // One statement may touch a row once only.
  const byName = new Map(found.map((finding) => [nameOf(finding), finding]))
  const rows = [...byName.values()].map(({ kind, accountId, subject, detail }) => ({
    kind,
    account_id: accountId,
    subject,
    detail,
  }))
  await db.execute(sql`insert into findings (kind, account_id, subject, detail, seen_count, first_seen_at, last_seen_at)
    select kind, account_id, subject, coalesce(detail, '{}'), 1, ${isoTime(now)}::timestamptz, ${isoTime(now)}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as sent(kind text, account_id text, subject text, detail jsonb)
    order by kind, account_id, subject
    on conflict (kind, account_id, subject) do update set detail = excluded.detail,
      seen_count = findings.seen_count + 1, last_seen_at = excluded.last_seen_at`)
}

function nameOf(finding: Finding): string {
  return JSON.stringify([finding.kind, finding.accountId, finding.subject])
}

const straysPerRead = 200

export type StrayFinding = { readonly id: number; readonly accountId: string; readonly detail: unknown }

const strayColumns = { id: findings.id, accountId: findings.accountId, detail: findings.detail }

/** A page of an account's strays, oldest first. */
export async function straysAfter(
  db: Db,
  accountId: string,
  afterId: number,
): Promise<readonly StrayFinding[]> {
  return db
    .select(strayColumns)
    .from(findings)
    .where(and(eq(findings.kind, 'stray'), eq(findings.accountId, accountId), gt(findings.id, afterId)))
    .orderBy(asc(findings.id))
    .limit(straysPerRead)
}

/** A page of those that were refused with one of the codes and seen since then, of all accounts, oldest first. */
export async function refusedStraysAfter(
  db: Db,
  refused: { readonly codes: readonly string[]; readonly since: Millis },
  afterId: number,
): Promise<readonly StrayFinding[]> {
  return db
    .select(strayColumns)
    .from(findings)
    .where(
      and(
        eq(findings.kind, 'stray'),
        gt(findings.lastSeenAt, new Date(refused.since)),
        inArray(sql`${findings.detail}->>'refused'`, [...refused.codes]),
        gt(findings.id, afterId),
      ),
    )
    .orderBy(asc(findings.id))
    .limit(straysPerRead)
}

/** What the account said to a stray, for the operator and for the next try; null takes it back. */
export async function keepRefusal(
  db: Db,
  stray: { readonly accountId: string; readonly epoch: number; readonly seq: number },
  code: string | null,
): Promise<void> {
  const { accountId, epoch, seq } = stray
  const about = sql`kind = 'stray' and account_id = ${accountId} and subject = ${`${epoch}:${seq}`}`
  const kept =
    code === null ? sql`detail - 'refused'` : sql`detail || jsonb_build_object('refused', ${code}::text)`
  await db.execute(
    sql`update findings set detail = ${kept} where ${about} and jsonb_typeof(detail) = 'object'`,
  )
}

export type FindingView = typeof findings.$inferSelect

/** What is not named is not asked for. */
export type FindingPage = {
  readonly beforeId: number | undefined
  readonly accountId?: string | undefined
  readonly kind?: string | undefined
  readonly limit: number
}

/** Newest first; `beforeId` is the cursor. */
export async function listFindings(
  db: Db,
  { beforeId, accountId, kind, limit }: FindingPage,
): Promise<readonly FindingView[]> {
  const isWanted = and(
    beforeId === undefined ? undefined : lt(findings.id, beforeId),
    accountId === undefined ? undefined : eq(findings.accountId, accountId),
    kind === undefined ? undefined : eq(findings.kind, kind),
  )
  return db.select().from(findings).where(isWanted).orderBy(desc(findings.id)).limit(limit)
}
