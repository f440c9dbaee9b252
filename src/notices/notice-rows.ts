// The rows of notices: written once per cause together with the deliveries that follow from them, in one statement.

import { sha256Hex } from '#core/hashes.ts'
import { sql } from 'drizzle-orm'
import { asMillis, dayMs, isoTime, type Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import type { NewNotice } from './causes.ts'
import { isMailed } from './notice-types.ts'
import { webhookBody } from './webhook-message.ts'

/** An account's limits may be many and small: beyond so many a day only webhooks are told. */
const mailsPerDayMax = 100

export type Telling = {
  readonly accountId: AccountId
  readonly notice: NewNotice
  readonly now: Millis
  /** Whether there is a mailer at all. */
  readonly canMail: boolean
  /** An endpoint that is not told. */
  readonly exceptEndpoint?: string
}

/** Told again under the same cause, it changes nothing. */
export async function writeNotice(db: Db, telling: Telling): Promise<void> {
  const { accountId, notice, now, canMail, exceptEndpoint = '' } = telling
  const { cause, type, figures, atMs } = notice
  const [at, present] = [isoTime(asMillis(atMs)), isoTime(now)]
  const wantsMail = canMail && isMailed(type, figures)
  const aDayAgo = isoTime(asMillis(now - dayMs))
  await db.execute(sql`with told as (
      insert into notices (id, account_id, cause, type, figures, created_at, mail_state, mail_due_at)
      select ${await noticeId(accountId, cause)}, ${accountId}, ${cause}, ${type}, ${JSON.stringify(figures)}::jsonb,
        ${at}::timestamptz,
        case when ${wantsMail}::boolean
          and exists (select 1 from billing_emails where account_id = ${accountId})
          and (select count(*) from notices where account_id = ${accountId} and created_at > ${aDayAgo}::timestamptz
            and mail_state <> 'none') < ${mailsPerDayMax}
        then 'waiting' else 'none' end, ${present}::timestamptz
      on conflict do nothing returning id)
    insert into webhook_deliveries (id, account_id, endpoint_id, type, body, created_at, state, due_at)
    select 'msg_' || substr(encode(sha256(convert_to(told.id || endpoint.id, 'UTF8')), 'hex'), 1, 32),
      ${accountId}, endpoint.id, ${type}, ${webhookBody({ accountId, type, figures, atMs })},
      ${present}::timestamptz, 'waiting', ${present}::timestamptz
    from told cross join webhook_endpoints as endpoint
    where endpoint.account_id = ${accountId} and endpoint.is_enabled and endpoint.id <> ${exceptEndpoint}
      and (endpoint.types is null or endpoint.types ? ${type})
    on conflict do nothing`)
}

/** The same whoever tells it, and after a loss of Postgres: a mailer that has seen it sends it no second time. */
export async function noticeId(accountId: AccountId, cause: string): Promise<string> {
  return `ntc_${(await sha256Hex(`${accountId} ${cause}`)).slice(0, 32)}`
}
