// What of an invoice's entries each model has cost, from Postgres: only lines of an account's valid epochs count.

import { sql } from 'drizzle-orm'
import type { AccountId } from '#core/ids.ts'
import { readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import type { InvoiceTerms } from '#ledger/invoice-commands.ts'
import type { ModelSum } from './invoice-lines.ts'

/** A reversal names its call alone, whose charge knows the model. */
export async function sumsPerModel(
  db: Db,
  accountId: AccountId,
  { fromSeq, throughSeq }: Pick<InvoiceTerms, 'fromSeq' | 'throughSeq'>,
): Promise<readonly ModelSum[]> {
  const { rows } = await db.execute(sql`
    select coalesce(line.detail ->> 'model', charge.model, '') as model,
      sum(0 - line.amount_nano_usd)::text as nano_usd,
      (count(*) filter (where line.kind = 'usage'))::int as calls
    from ledger_entries as line
    left join charges as charge on charge.account_id = line.account_id and charge.call_id = line.reference
    where line.account_id = ${accountId} and line.seq > ${fromSeq} and line.seq <= ${throughSeq}
      and line.kind in ('usage', 'late', 'reversal')
      and not exists (select 1 from account_epochs as ended where ended.account_id = line.account_id
        and ended.epoch = line.epoch and line.seq > ended.closed_seq)
    group by 1 order by 1`)
  return rows.map((row) => ({
    model: readString(row['model']) ?? '',
    nanoUsd: BigInt(readString(row['nano_usd']) ?? '0'),
    calls: Number(row['calls']),
  }))
}
