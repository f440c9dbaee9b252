// Erasing a person from the mirror: when an `erasure` entry arrives, the texts of all lines before it go, in the transaction
// that writes it; a line from before that arrives later is written without them. What the hash chain proves stays.

import { sql, type SQL } from 'drizzle-orm'
import type { Db } from '#db/client.ts'
import { personalTexts } from '#ledger/chain.ts'
import type { EntryRow } from './rows.ts'

const names = sql.raw(`array[${personalTexts.map((name) => `'${name}'`).join(', ')}]`)

const strayWithoutTexts = sql`jsonb_set(findings.detail, '{entry,detail}', (findings.detail #> '{entry,detail}') - ${names})`

/** A line's detail, of a row or record: without what people wrote where its account was erased after it. */
export function keptDetail(row: string): SQL {
  const line = sql.raw(row)
  return sql`case when jsonb_typeof(${line}.detail) = 'object' and ${line}.seq < (select erased_seq from accounts where id = ${line}.account_id)
    then ${line}.detail - ${names} else ${line}.detail end`
}

/** A key's name, of a record: empty where its account was erased after it. */
export function keptName(row: string): SQL {
  const key = sql.raw(row)
  return sql`case when ${key}.last_seq < (select erased_seq from accounts where id = ${key}.account_id) then '' else ${key}.name end`
}

/** The last statements of a batch that has erasures in it; each may be repeated. */
export function erasures(entries: readonly EntryRow[]): readonly SQL[] {
  const erased = entries.filter(({ kind }) => kind === 'erasure')
  if (erased.length === 0) return []
  const newest = new Map(erased.map(({ account_id, seq }) => [account_id, seq]))
  const rows = [...newest].map(([id, seq]) => ({ id, seq }))
  const sent = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as erased(id text, seq bigint)`
  const isNew = sql`(select coalesce(accounts.erased_seq, 0) from accounts where accounts.id = erased.id) < erased.seq`
  return [
    // Once, however often the entry arrives: what is given after the erasure stays.
    sql`delete from billing_emails using ${sent} where billing_emails.account_id = erased.id and ${isNew}`,
    // By what was paid; the figures of the receipt stay.
    sql`update notices set figures = figures - array['method', 'last4'] from ${sent}
      where notices.account_id = erased.id and ${isNew} and notices.figures ?| array['method', 'last4']`,
    // What was sent repeats the figures, and what was answered is the customer's own text; what waits still goes out.
    sql`delete from webhook_deliveries using ${sent} where webhook_deliveries.account_id = erased.id and ${isNew}
      and webhook_deliveries.state in ('delivered', 'failed')`,
    sql`update webhook_endpoints set description = '' from ${sent}
      where webhook_endpoints.account_id = erased.id and ${isNew}`,
    sql`update accounts set name = '', erased_seq = greatest(coalesce(erased_seq, 0), erased.seq)
      from ${sent} where accounts.id = erased.id`,
    sql`update ledger_entries as line set detail = line.detail - ${names}
      from ${sent} where line.account_id = erased.id and line.seq < erased.seq
      and jsonb_typeof(line.detail) = 'object' and line.detail ?| ${names}`,
    // From the lines that are left: a key may have been named anew after the erasure.
    sql`update api_keys as named set name = coalesce((select line.detail->>'name' from ledger_entries as line
        where line.account_id = named.account_id and line.kind = 'key' and line.key_number = named.key_number
        and line.detail->>'name' <> '' order by line.epoch desc, line.seq desc limit 1), '')
      from ${sent} where named.account_id = erased.id`,
    // The whole line stands in the finding of a stray.
    sql`update findings set detail = ${strayWithoutTexts}
      from ${sent} where findings.account_id = erased.id and findings.kind = 'stray'
      and jsonb_typeof(findings.detail #> '{entry,detail}') = 'object'`,
    sql`update account_epochs set reason = '' from ${sent}
      where account_epochs.account_id = erased.id and account_epochs.closed_seq < erased.seq`,
  ]
}

/** What comes too late of an account that was erased is kept without texts as well. */
export async function eraseStrays(db: Db): Promise<void> {
  await db.execute(sql`update findings set detail = ${strayWithoutTexts}
    where kind = 'stray' and jsonb_typeof(detail #> '{entry,detail}') = 'object' and (detail #> '{entry,detail}') ?| ${names}
    and account_id in (select id from accounts where erased_seq is not null)`)
}
