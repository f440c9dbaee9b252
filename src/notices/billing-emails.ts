// Where an account's mail goes: up to ten addresses. They are personal, so they stand in Postgres and in no entry.

import { sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import { type Read, invalid, readFields } from '#core/fields.ts'
import type { AccountId } from '#core/ids.ts'
import { readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'

export const billingEmailsMax = 10
/** RFC 5321's limit. */
const emailLengthMax = 254

/** One @, a domain with a dot, nothing that could begin another header or address. */
const emailPattern =
  /^[^\s@<>()[\],;:"\\\p{Cc}]+@[^\s@<>()[\],;:"\\\p{Cc}.]+(\.[^\s@<>()[\],;:"\\\p{Cc}.]+)+$/u

export function readBillingEmails(body: unknown): Read<readonly string[]> {
  const fields = readFields(body, ['billing_emails'])
  if (!fields.ok) return fields
  const given = fields.value['billing_emails']
  if (!Array.isArray(given) || given.length > billingEmailsMax)
    return invalid(
      'billing_emails',
      `billing_emails must be a list of at most ${billingEmailsMax} addresses.`,
    )
  const emails = given.map(readEmail)
  const wrong = emails.indexOf(undefined)
  if (wrong >= 0) return invalid(`billing_emails.${wrong}`, `billing_emails.${wrong} is no e-mail address.`)
  return { ok: true, value: [...new Set(emails.flatMap((email) => email ?? []))] }
}

function readEmail(value: unknown): string | undefined {
  const text = readString(value)?.trim()
  const isEmail = text !== undefined && text.length <= emailLengthMax && emailPattern.test(text)
  return isEmail && text.isWellFormed() ? text : undefined
}

export async function billingEmailsOf(db: Db, accountId: AccountId): Promise<readonly string[]> {
  const { rows } = await db.execute(
    sql`select email from billing_emails where account_id = ${accountId} order by email`,
  )
  return rows.map(({ email }) => String(email))
}

/** The whole list, in place of the one before. */
export async function setBillingEmails(
  db: Db,
  accountId: AccountId,
  { emails, now }: { readonly emails: readonly string[]; readonly now: Millis },
): Promise<void> {
  const list = JSON.stringify(emails)
  await db.batch([
    // Two lists at once must not add up.
    db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${accountId}, 0))`),
    db.execute(sql`delete from billing_emails where account_id = ${accountId}
      and email not in (select jsonb_array_elements_text(${list}::jsonb))`),
    db.execute(sql`insert into billing_emails (account_id, email, added_at)
      select ${accountId}, email, ${isoTime(now)}::timestamptz from jsonb_array_elements_text(${list}::jsonb) as email
      on conflict do nothing`),
  ])
}
