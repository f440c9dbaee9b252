// The rows of promotion codes: who may still redeem one is decided by one statement, over all accounts. SQL alone.

import { and, asc, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import { readAccountId, type AccountId } from '#core/ids.ts'
import { nanoUsd, type NanoUsd } from '#core/money.ts'
import { dataErrorCodeOf, type Db } from '#db/client.ts'
import { promotionCodes, promotionRedemptions } from '#db/schema.ts'
import type { PromotionCode } from './promotion-code.ts'

export type CodeRow = typeof promotionCodes.$inferSelect

/** What an account was promised by a code. */
export type Redemption = {
  readonly code: string
  readonly accountId: AccountId
  readonly amountNanoUsd: NanoUsd
  readonly creditDays: number | null
  /** The entry that brought it; null as long as it has not come. */
  readonly creditedSeq: number | null
}

/** A sweep completes so many. */
const openMax = 100
const uniqueViolation = '23505'

/** The row that stands: another one of the same code changes nothing. */
export async function keepCode(
  db: Db,
  code: PromotionCode,
  now: Millis,
): Promise<{ row: CodeRow; isNew: boolean }> {
  const { amountNanoUsd, redeemBy, ...rest } = code
  const values = {
    ...rest,
    amountNanoUsd: BigInt(amountNanoUsd),
    redeemBy: redeemBy === null ? null : new Date(redeemBy),
    createdAt: new Date(now),
  }
  const [made] = await db.insert(promotionCodes).values(values).onConflictDoNothing().returning()
  if (made !== undefined) return { row: made, isNew: true }
  const [row] = await db.select().from(promotionCodes).where(eq(promotionCodes.code, code.code))
  if (row === undefined) throw new Error('A promotion code that was there is gone.')
  return { row, isNew: false }
}

/** Undefined where there is no such code. */
export async function disableCode(db: Db, code: string): Promise<CodeRow | undefined> {
  const where = eq(promotionCodes.code, code)
  const [row] = await db.update(promotionCodes).set({ isDisabled: true }).where(where).returning()
  return row
}

/** In the order of their names; `after` is the last of the page before. */
export async function listCodes(
  db: Db,
  page: { after: string | undefined; limit: number },
): Promise<readonly CodeRow[]> {
  const where = page.after === undefined ? undefined : gt(promotionCodes.code, page.after)
  return db.select().from(promotionCodes).where(where).orderBy(asc(promotionCodes.code)).limit(page.limit)
}

/** Takes one of the code's uses for the account; undefined where none is left or the code does not hold (any more). */
export async function claim(
  db: Db,
  { code, accountId }: { code: string; accountId: AccountId },
  now: Millis,
): Promise<Redemption | undefined> {
  const earlier = await redemptionOf(db, code, accountId)
  if (earlier !== undefined) return earlier
  try {
    // A second row of the same account breaks the key, and with it the whole statement: its use is not taken either.
    await db.execute(sql`with taken as (
        update promotion_codes set uses = uses + 1
        where code = ${code} and uses < uses_max and not is_disabled
          and (redeem_by is null or redeem_by >= ${isoTime(now)}::timestamptz)
        returning code, amount_nano_usd, credit_days)
      insert into promotion_redemptions (code, account_id, amount_nano_usd, credit_days, claimed_at)
      select code, ${accountId}, amount_nano_usd, credit_days, ${isoTime(now)}::timestamptz from taken`)
  } catch (error) {
    if (dataErrorCodeOf(error) !== uniqueViolation) throw error
  }
  return redemptionOf(db, code, accountId)
}

/** The credit could not be booked: the use is free again. */
export async function giveBack(db: Db, { code, accountId }: Redemption): Promise<void> {
  await db.execute(sql`with gone as (
      delete from promotion_redemptions
      where code = ${code} and account_id = ${accountId} and credited_seq is null returning code)
    update promotion_codes set uses = uses - 1 from gone where promotion_codes.code = gone.code`)
}

export async function markCredited(db: Db, { code, accountId }: Redemption, seq: number): Promise<void> {
  await db
    .update(promotionRedemptions)
    .set({ creditedSeq: seq })
    .where(and(eq(promotionRedemptions.code, code), eq(promotionRedemptions.accountId, accountId)))
}

/** Claimed before `before` and never credited: whoever claimed them has died on the way. */
export async function openRedemptions(db: Db, before: Millis): Promise<readonly Redemption[]> {
  const rows = await db
    .select()
    .from(promotionRedemptions)
    .where(
      and(isNull(promotionRedemptions.creditedSeq), lt(promotionRedemptions.claimedAt, new Date(before))),
    )
    .orderBy(desc(promotionRedemptions.claimedAt))
    .limit(openMax)
  return rows.flatMap(redemptionIn)
}

async function redemptionOf(db: Db, code: string, accountId: AccountId): Promise<Redemption | undefined> {
  const [row] = await db
    .select()
    .from(promotionRedemptions)
    .where(and(eq(promotionRedemptions.code, code), eq(promotionRedemptions.accountId, accountId)))
  return row === undefined ? undefined : redemptionIn(row)[0]
}

function redemptionIn(row: typeof promotionRedemptions.$inferSelect): readonly Redemption[] {
  const accountId = readAccountId(row.accountId)
  const { code, creditDays, creditedSeq } = row
  return accountId === undefined
    ? []
    : [{ code, accountId, creditDays, creditedSeq, amountNanoUsd: nanoUsd(Number(row.amountNanoUsd)) }]
}
