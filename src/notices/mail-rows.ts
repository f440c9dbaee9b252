// Mails on their way: a row is claimed before its mail is handed over, so that no two senders have the same one. A claim that
// died is taken up again only where the mailer knows idempotency keys; elsewhere the mail may have left, and is let be.

import { sql } from 'drizzle-orm'
import { asMillis, hourMs, isoTime, type Millis } from '#core/clock.ts'
import { readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import type { MailOutcome } from './mailer.ts'
import { type Figures, type NoticeTypeName, readFigures, readNoticeType } from './notice-types.ts'
import { claimDiesAfterMs, nextMailMs } from './retry-times.ts'

/** Resend forgets a key after a day. */
const keysKnownForMs = 23 * hourMs

export type ClaimedMail = {
  readonly id: string
  readonly type: NoticeTypeName
  readonly figures: Figures
  readonly to: readonly string[]
  /** This one included. */
  readonly attempts: number
}

type Claiming = { readonly now: Millis; readonly takesKeys: boolean; readonly limit: number }

export async function claimMails(db: Db, { now, takesKeys, limit }: Claiming): Promise<ClaimedMail[]> {
  const present = isoTime(now)
  const died = isoTime(asMillis(now - claimDiesAfterMs))
  const forgotten = isoTime(asMillis(now - keysKnownForMs))
  const [, claimed] = await db.batch([
    db.execute(sql`update notices set mail_state = 'unknown'
      where (mail_state = 'claimed' and mail_claimed_at < ${died}::timestamptz
          and (not ${takesKeys}::boolean or mail_first_claimed_at < ${forgotten}::timestamptz))
        or (mail_state = 'waiting' and mail_first_claimed_at < ${forgotten}::timestamptz)`),
    db.execute(sql`update notices set mail_state = 'claimed', mail_claimed_at = ${present}::timestamptz,
        mail_first_claimed_at = coalesce(mail_first_claimed_at, ${present}::timestamptz), mail_attempts = mail_attempts + 1
      where id in (select id from notices
        where (mail_state = 'waiting' and mail_due_at <= ${present}::timestamptz)
          or (mail_state = 'claimed' and mail_claimed_at < ${died}::timestamptz)
        order by mail_due_at limit ${limit} for update skip locked)
      returning id, type, figures, mail_attempts,
        (select coalesce(jsonb_agg(email order by email), '[]') from billing_emails as written
          where written.account_id = notices.account_id) as addresses`),
  ])
  return claimed.rows.flatMap((row) => {
    const type = readNoticeType(row['type'])
    const addresses: unknown = row['addresses']
    const to = Array.isArray(addresses) ? addresses.flatMap((one: unknown) => readString(one) ?? []) : []
    if (type === undefined) return []
    const attempts = Number(row['mail_attempts'])
    return [{ id: String(row['id']), type, figures: readFigures(row['figures']), to, attempts }]
  })
}

type Ended = {
  readonly mail: ClaimedMail
  readonly outcome: MailOutcome | { readonly what: 'no_address' }
  readonly takesKeys: boolean
  readonly now: Millis
}

/** What became of a claim; nothing where another sender has taken it over meanwhile. */
export async function endClaim(db: Db, { mail, outcome, takesKeys, now }: Ended): Promise<void> {
  const { state, dueMs } = stateAfter(outcome, { attempts: mail.attempts, takesKeys })
  const why = 'why' in outcome ? outcome.why : null
  const sentAt = state === 'sent' ? isoTime(now) : null
  await db.execute(sql`update notices set mail_state = ${state}, mail_error = ${why}, mail_sent_at = ${sentAt}::timestamptz,
      mail_due_at = ${isoTime(asMillis(now + dueMs))}::timestamptz
    where id = ${mail.id} and mail_state = 'claimed' and mail_attempts = ${mail.attempts}`)
}

type MailState = 'none' | 'sent' | 'failed' | 'unknown' | 'waiting'

/** Pure. */
export function stateAfter(
  { what }: { readonly what: MailOutcome['what'] | 'no_address' },
  { attempts, takesKeys }: { readonly attempts: number; readonly takesKeys: boolean },
): { readonly state: MailState; readonly dueMs: number } {
  if (what === 'sent') return { state: 'sent', dueMs: 0 }
  if (what === 'no_address') return { state: 'none', dueMs: 0 }
  if (what === 'refused') return { state: 'failed', dueMs: 0 }
  if (what === 'unknown' && !takesKeys) return { state: 'unknown', dueMs: 0 }
  const dueMs = nextMailMs(attempts)
  if (dueMs !== undefined) return { state: 'waiting', dueMs }
  return { state: what === 'unknown' ? 'unknown' : 'failed', dueMs: 0 }
}
