// Writes a batch of ledger lines to Postgres and reads back how far each account is complete: one transaction, one round trip.
// Every statement may be repeated, with the same or with other messages around it, and leaves the same rows.

import { sql, type SQL } from 'drizzle-orm'
import type { Millis } from '#core/clock.ts'
import { isoTime } from '#core/clock.ts'
import { readAccountId, type AccountId } from '#core/ids.ts'
import { nanoUsd, type NanoUsd } from '#core/money.ts'
import { readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import { erasures, keptDetail, keptName } from './erasure.ts'
import type { HashConflict, MirrorRows } from './rows.ts'

/** Postgres holds entries 1..seq of the account without a gap, with this sum and this hash. */
export type Mark = { accountId: AccountId; epoch: number; seq: number; sumNanoUsd: NanoUsd; hash: string }

/** A line that came after the end of its epoch: not among the rows. */
export type Stray = { accountId: AccountId; epoch: number; seq: number }

export type Written = {
  marks: readonly Mark[]
  conflicts: readonly HashConflict[]
  strays: readonly Stray[]
}

/** A mark moves over at most this many entries at once, so that rows waiting behind a gap are not read again in full. */
const markStepMax = 20_000

export async function writeRows(db: Db, rows: MirrorRows, now: Millis): Promise<Written> {
  const epochs = rows.entries.map(({ account_id, epoch }) => ({ account_id, epoch }))
  const results = await db.batch([
    db.execute(upsertAccounts(rows)),
    db.execute(insertEntries(rows)),
    db.execute(selectConflicts(rows)),
    db.execute(upsertCharges(rows)),
    db.execute(sumCharges(rows)),
    db.execute(upsertKeys(rows)),
    db.execute(moveMarks(epochs, now)),
    db.execute(selectStrays(rows)),
    ...erasures(rows.entries).map((statement) => db.execute(statement)),
  ])
  return {
    strays: results[7].rows.map(readStray),
    conflicts: [...rows.conflicts, ...results[2].rows.map(readConflict)],
    marks: results[6].rows.map(readMark),
  }
}

/** Moves the marks of accounts whose rows are all there already; for the sweep. */
export async function advanceMarks(db: Db, accountId: AccountId, now: Millis): Promise<readonly Mark[]> {
  const known = await db.execute(
    sql`select distinct on (epoch) account_id, epoch from ledger_entries where account_id = ${accountId} order by epoch`,
  )
  const epochs = known.rows.map((row) => ({
    account_id: String(row['account_id']),
    epoch: Number(row['epoch']),
  }))
  if (epochs.length === 0) return []
  const [, moved] = await db.batch([
    db.execute(sql`select id from accounts where id = ${accountId} for update`),
    db.execute(moveMarks(epochs, now)),
  ])
  return moved.rows.map(readMark)
}

/** Rows as one parameter, spread into records of the named columns. */
function records(rows: readonly object[], columns: string): SQL {
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as sent(${sql.raw(columns)})`
}

/** Rows as one parameter, spread into records of a table's own type. */
function recordsOf(table: string, rows: readonly object[]): SQL {
  return sql`jsonb_populate_recordset(null::${sql.raw(table)}, ${JSON.stringify(rows)}::jsonb) as sent`
}

/**
 * First in the transaction, because the account's row is the lock of its writers: a call's total and an account's mark
 * are read from rows that another writer may be adding at this moment, and the statements after this one must see them.
 */
function upsertAccounts(rows: MirrorRows): SQL {
  return sql`insert into accounts (id, name, region, created_at, last_entry_at)
    select id, name, region, created_at, last_entry_at from ${recordsOf('accounts', rows.accounts)}
    on conflict (id) do update set
      name = case when excluded.name = '' or accounts.erased_seq is not null then accounts.name else excluded.name end,
      created_at = least(accounts.created_at, excluded.created_at),
      last_entry_at = greatest(accounts.last_entry_at, excluded.last_entry_at)`
}

/** Of a record or row called `sent`: its epoch was closed before it. */
const isBeyondItsEpoch = sql`exists (select 1 from account_epochs as ended where ended.account_id = sent.account_id
    and ended.epoch = sent.epoch and sent.seq > ended.closed_seq)`

function selectStrays(rows: MirrorRows): SQL {
  const sent = rows.entries.map(({ account_id, epoch, seq }) => ({ account_id, epoch, seq }))
  return sql`select account_id, epoch, seq
    from ${records(sent, 'account_id text, epoch integer, seq bigint')} where ${isBeyondItsEpoch} order by 1, 2, 3`
}

function insertEntries(rows: MirrorRows): SQL {
  return sql`insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd,
      balance_after_nano_usd, key_number, detail, hash, created_at, received_at)
    select account_id, epoch, seq, kind, reference, amount_nano_usd,
      balance_after_nano_usd, key_number, ${keptDetail('sent')}, hash, created_at, received_at
    from ${recordsOf('ledger_entries', rows.entries)}
    where not ${isBeyondItsEpoch}
    on conflict (account_id, epoch, seq) do nothing`
}

function selectConflicts(rows: MirrorRows): SQL {
  const sent = rows.entries.map(({ account_id, epoch, seq, hash }) => ({ account_id, epoch, seq, hash }))
  return sql`select account_id, epoch, seq, stored.hash as stored, sent.hash as sent
    from ${records(sent, 'account_id text, epoch integer, seq bigint, hash text')}
    join ledger_entries as stored using (account_id, epoch, seq)
    where stored.hash <> sent.hash`
}

/** What a call's entries took, as a positive cost. `call` is the row or record that names it. */
function costOf(call: string): SQL {
  const name = sql.raw(call)
  return sql`(select -coalesce(sum(amount_nano_usd), 0) from ledger_entries as line
    where line.account_id = ${name}.account_id and line.reference = ${name}.call_id and line.kind in ('usage', 'late'))`
}

const chargeFacts = `request_id, key_number, model, provider, endpoint, is_streamed, usage, input_tokens, output_tokens,
  usage_source, price_lines, price_version, rule, status, duration_ms, first_token_ms, upstream_id, executed_model, epoch,
  last_seq`

const chargeColumns = `account_id text, call_id text, request_id text, key_number bigint, model text, provider text,
  endpoint text, is_streamed boolean, usage jsonb, input_tokens bigint, output_tokens bigint, usage_source text,
  price_lines jsonb, price_version text, rule text, status text, duration_ms bigint, first_token_ms bigint,
  upstream_id text, executed_model text, created_at timestamptz, epoch integer, last_seq bigint, hash text`

/** The newest entry of a call explains it, whatever order they arrive in. */
function upsertCharges(rows: MirrorRows): SQL {
  const facts = chargeFacts.split(/,\s*/)
  const sentFacts = sql.raw(facts.map((fact) => `sent.${fact}`).join(', '))
  const newFacts = sql.raw(facts.map((fact) => `${fact} = excluded.${fact}`).join(', '))
  return sql`insert into charges (account_id, call_id, created_at, cost_nano_usd, ${sql.raw(chargeFacts)})
    select sent.account_id, sent.call_id, sent.created_at, ${costOf('sent')}, ${sentFacts}
    from ${records(rows.charges, chargeColumns)}
    join ledger_entries as stored
      on stored.account_id = sent.account_id and stored.epoch = sent.epoch
      and stored.seq = sent.last_seq and stored.hash = sent.hash
    order by sent.account_id, sent.call_id
    on conflict (account_id, call_id) do update set ${newFacts}
    where (charges.epoch, charges.last_seq) < (excluded.epoch, excluded.last_seq)`
}

/** An absolute total over all entries of each call: an older entry that arrives last counts as well. */
function sumCharges(rows: MirrorRows): SQL {
  const calls = rows.charges.map(({ account_id, call_id }) => ({ account_id, call_id }))
  return sql`update charges set cost_nano_usd = total.cost, created_at = total.created_at
    from (
      select sent.account_id, sent.call_id, ${costOf('sent')} as cost,
        (select min(created_at) from ledger_entries as line where line.account_id = sent.account_id
          and line.reference = sent.call_id and line.kind in ('usage', 'late')) as created_at
      from ${records(calls, 'account_id text, call_id text')}
    ) as total
    where charges.account_id = total.account_id and charges.call_id = total.call_id
      and (charges.cost_nano_usd <> total.cost or charges.created_at <> total.created_at)`
}

/** A revocation may arrive before the key that it revokes. */
function upsertKeys(rows: MirrorRows): SQL {
  const isNewer = sql.raw('(api_keys.epoch, api_keys.last_seq) < (excluded.epoch, excluded.last_seq)')
  return sql`insert into api_keys (account_id, key_number, name, is_disabled, created_at, epoch, last_seq)
    select account_id, key_number, ${keptName('sent')}, is_disabled, created_at, epoch, last_seq
    from ${recordsOf('api_keys', rows.keys)}
    on conflict (account_id, key_number) do update set
      name = case when ${isNewer} and excluded.name <> '' or api_keys.name = '' then excluded.name else api_keys.name end,
      is_disabled = case when ${isNewer} then excluded.is_disabled else api_keys.is_disabled end,
      created_at = least(api_keys.created_at, excluded.created_at),
      epoch = case when ${isNewer} then excluded.epoch else api_keys.epoch end,
      last_seq = case when ${isNewer} then excluded.last_seq else api_keys.last_seq end`
}

/** An epoch's numbers begin where the one before ended, with its opening. The n-th row after the mark belongs to the unbroken run exactly if its number is the mark's plus n. */
function moveMarks(epochs: readonly { account_id: string; epoch: number }[], now: Millis): SQL {
  return sql`with started as (
      select account_id, epoch, coalesce(ledger_marks.seq, opening.seq - 1, 0) as seq, coalesce(sum_nano_usd, 0) as sum_nano_usd, coalesce(ledger_marks.hash, '') as hash
      from (select distinct account_id, epoch from ${records(epochs, 'account_id text, epoch integer')}) as touched
      left join ledger_marks using (account_id, epoch)
      left join lateral (
        select line.seq from ledger_entries as line where line.account_id = touched.account_id
          and line.epoch = touched.epoch and line.kind = 'opening' limit 1
      ) as opening on touched.epoch > 1
    ), following as (
      select line.account_id, line.epoch, line.seq, line.amount_nano_usd, line.hash, started.seq as start_seq,
        row_number() over (partition by line.account_id, line.epoch order by line.seq) as place
      from started join ledger_entries as line on line.account_id = started.account_id and line.epoch = started.epoch
        and line.seq > started.seq and line.seq <= started.seq + ${markStepMax}::bigint
    ), run as (
      select account_id, epoch, max(seq) as seq, sum(amount_nano_usd) as sum_nano_usd,
        (array_agg(hash order by seq desc))[1] as hash
      from following where seq = start_seq + place group by account_id, epoch
    )
    insert into ledger_marks (account_id, epoch, seq, sum_nano_usd, hash, updated_at)
    select account_id, epoch, coalesce(run.seq, started.seq), started.sum_nano_usd + coalesce(run.sum_nano_usd, 0),
      coalesce(run.hash, started.hash), ${isoTime(now)}::timestamptz
    from started left join run using (account_id, epoch)
    where coalesce(run.seq, started.seq) > 0 and (run.seq is not null or started.hash <> '')
    order by account_id, epoch
    on conflict (account_id, epoch) do update set seq = excluded.seq, sum_nano_usd = excluded.sum_nano_usd,
      hash = excluded.hash, updated_at = excluded.updated_at
    returning account_id, epoch, seq, sum_nano_usd, hash`
}

type Row = { [name: string]: unknown }

function readMark(row: Row): Mark {
  return {
    accountId: accountIdOf(row),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    sumNanoUsd: nanoUsd(Number(row['sum_nano_usd'])),
    hash: readString(row['hash']) ?? '',
  }
}

function readStray(row: Row): Stray {
  return { accountId: accountIdOf(row), epoch: Number(row['epoch']), seq: Number(row['seq']) }
}

function readConflict(row: Row): HashConflict {
  return {
    accountId: accountIdOf(row),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    stored: readString(row['stored']) ?? '',
    sent: readString(row['sent']) ?? '',
  }
}

function accountIdOf(row: Row): AccountId {
  const accountId = readAccountId(row['account_id'])
  if (accountId === undefined) throw new Error('A row of the mirror names no account.')
  return accountId
}
