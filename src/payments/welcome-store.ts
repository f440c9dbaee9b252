// The rows of free credit: that an account, a mailbox and a card have it once is decided by their unique columns, over all
// accounts, in one statement. SQL alone.

import { and, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { asMillis, dayMs, isoTime, type Millis } from '#core/clock.ts'
import { type AccountId, readAccountId } from '#core/ids.ts'
import { nanoUsd, type NanoUsd } from '#core/money.ts'
import type { Db } from '#db/client.ts'
import { welcomeCredits } from '#db/welcome-schema.ts'

/** What an account was promised. */
export type WelcomeClaim = {
  readonly accountId: AccountId
  readonly amountNanoUsd: NanoUsd
  readonly creditDays: number
  /** The entry that brought it; null as long as it has not come. */
  readonly creditedSeq: number | null
}

export type NewClaim = Omit<WelcomeClaim, 'creditedSeq'> & {
  readonly mailboxHash: string
  readonly cardHash: string
  readonly perDayMax: number
}

/** A sweep completes so many. */
const openMax = 100

/** The account's own claim, made now or before; undefined where mailbox or card has had it, or today's are given away. */
export async function claimWelcome(db: Db, claim: NewClaim, now: Millis): Promise<WelcomeClaim | undefined> {
  const { accountId, mailboxHash, cardHash, amountNanoUsd, creditDays, perDayMax } = claim
  const dayAgo = isoTime(asMillis(now - dayMs))
  await db.batch([
    // Two at once must not both be the last of the day.
    db.execute(sql`select pg_advisory_xact_lock(hashtextextended('welcome_credits', 0))`),
    db.execute(sql`insert into welcome_credits (account_id, mailbox_hash, card_hash, amount_nano_usd, credit_days, claimed_at)
      select ${accountId}, ${mailboxHash}, ${cardHash}, ${amountNanoUsd}::bigint, ${creditDays}::integer, ${isoTime(now)}::timestamptz
      where (select count(*) from welcome_credits where claimed_at > ${dayAgo}::timestamptz) < ${perDayMax}
      on conflict do nothing`),
  ])
  return claimOf(db, accountId)
}

export async function claimOf(db: Db, accountId: AccountId): Promise<WelcomeClaim | undefined> {
  const [row] = await db.select().from(welcomeCredits).where(eq(welcomeCredits.accountId, accountId))
  return row === undefined ? undefined : claimIn(row)[0]
}

/** How many were claimed within the last day. */
export async function claimsOfTheDay(db: Db, now: Millis): Promise<number> {
  return db.$count(welcomeCredits, gt(welcomeCredits.claimedAt, new Date(asMillis(now - dayMs))))
}

/** The credit was refused for good: mailbox and card are free again. */
export async function giveBackClaim(db: Db, accountId: AccountId): Promise<void> {
  await db
    .delete(welcomeCredits)
    .where(and(eq(welcomeCredits.accountId, accountId), isNull(welcomeCredits.creditedSeq)))
}

export async function markWelcomed(db: Db, accountId: AccountId, seq: number): Promise<void> {
  await db.update(welcomeCredits).set({ creditedSeq: seq }).where(eq(welcomeCredits.accountId, accountId))
}

/** Claimed before `before` and never credited: whoever claimed them has died on the way. */
export async function openClaims(db: Db, before: Millis): Promise<readonly WelcomeClaim[]> {
  const rows = await db
    .select()
    .from(welcomeCredits)
    .where(and(isNull(welcomeCredits.creditedSeq), lt(welcomeCredits.claimedAt, new Date(before))))
    .orderBy(desc(welcomeCredits.claimedAt))
    .limit(openMax)
  return rows.flatMap(claimIn)
}

function claimIn(row: typeof welcomeCredits.$inferSelect): readonly WelcomeClaim[] {
  const accountId = readAccountId(row.accountId)
  const { creditDays, creditedSeq } = row
  const amountNanoUsd = nanoUsd(Number(row.amountNanoUsd))
  return accountId === undefined ? [] : [{ accountId, amountNanoUsd, creditDays, creditedSeq }]
}
