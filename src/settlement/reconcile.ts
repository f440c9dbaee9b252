// The hourly sweep: compares Postgres with the objects whose turn it is (sweep-order.ts) and asks each for its health. What
// differs becomes a finding; what is late is asked for again. Asking also wakes an object whose alarm died.

import { sql } from 'drizzle-orm'
import { asMillis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { readString } from '#core/readers.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { SettlementParts } from './parts.ts'
import { examine, type MirrorState, type ObjectState } from './drift.ts'
import { recordFindings } from './findings.ts'
import { advanceMarks } from './mirror.ts'
import { accountsDue, markSwept, type SweepLimits, sweepBehind, sweepLimits } from './sweep-order.ts'

const accountsAtOnce = 10

export type SweepCounts = { accounts: number; findings: number; resends: number; failures: number }

export async function reconcile(
  parts: SettlementParts,
  limits: SweepLimits = sweepLimits,
): Promise<SweepCounts> {
  const counts: SweepCounts = { accounts: 0, findings: 0, resends: 0, failures: 0 }
  const { db } = parts
  if (db === undefined) {
    parts.log.error('settlement_not_configured', { missing: 'DATABASE_URL' })
    return counts
  }
  const now = parts.clock.now()
  const due = await accountsDue(db, now, limits)
  await recordFindings(db, sweepBehind(due, now), now)
  for (let index = 0; index < due.length; index += accountsAtOnce) {
    const group = due.slice(index, index + accountsAtOnce).map(({ accountId }) => accountId)
    await Promise.all(group.map((accountId) => sweepSafely(accountId, db, parts, counts)))
    await markSwept(db, group, now)
  }
  parts.log.info('settlement_swept', counts)
  return counts
}

/** One account that cannot be reached must not end the sweep of the others. */
async function sweepSafely(
  accountId: AccountId,
  db: Db,
  parts: SettlementParts,
  counts: SweepCounts,
): Promise<void> {
  counts.accounts += 1
  try {
    await sweep(accountId, db, parts, counts)
  } catch (error) {
    counts.failures += 1
    parts.log.error('settlement_sweep_failed', { account: accountId }, driverErrorOf(error))
  }
}

async function sweep(
  accountId: AccountId,
  db: Db,
  parts: SettlementParts,
  counts: SweepCounts,
): Promise<void> {
  const now = parts.clock.now()
  await advanceMarks(db, accountId, now)
  const mirror = await mirrorState(db, accountId)
  const object = await objectState(parts.accounts(accountId), mirror)
  const verdict = examine(accountId, mirror, object, now)
  for (const { kind, subject } of verdict.findings)
    parts.log.error('settlement_finding', { account: accountId, kind, subject })
  counts.findings += verdict.findings.length
  await recordFindings(db, verdict.findings, now)
  if (verdict.confirm) {
    const { epoch, markSeq: seq, markHash: hash } = mirror
    const sumNanoUsd = nanoUsd(Number(mirror.markSumNanoUsd))
    const answer = await parts.accounts(accountId).confirm({ epoch, seq, sumNanoUsd, hash })
    const detail = answer.ok ? null : { epoch, seq, sumNanoUsd, hash, answer: answer.code }
    const refused = answer.ok ? [] : [`confirm:${epoch}:${seq}`]
    await recordFindings(
      db,
      refused.map((subject) => ({ kind: 'drift', accountId, subject, detail })),
      now,
    )
  }
  if (!verdict.resend) return
  counts.resends += 1
  await parts.accounts(accountId).resend()
}

/** Counted from the rows themselves, not from the mark: a row that went missing below it must be seen. */
async function mirrorState(db: Db, accountId: AccountId): Promise<MirrorState> {
  const { rows } = await db.execute(sql`with newest as (
      select coalesce(max(epoch), 1) as epoch from ledger_entries where account_id = ${accountId}
    ), mark as (
      select newest.epoch, coalesce(seq, 0) as seq,
        coalesce((select min(line.seq) - 1 from ledger_entries as line where line.account_id = ${accountId}
          and line.epoch = newest.epoch and line.kind = 'opening'), 0) as base, coalesce(sum_nano_usd, 0) as sum_nano_usd, coalesce(hash, '') as hash
      from newest left join ledger_marks on account_id = ${accountId} and ledger_marks.epoch = newest.epoch
    )
    select mark.epoch, mark.base, mark.seq as mark_seq, mark.sum_nano_usd as mark_sum, mark.hash as mark_hash,
      count(line.seq) filter (where line.seq <= mark.seq) as rows_to_mark,
      coalesce(sum(line.amount_nano_usd) filter (where line.seq <= mark.seq), 0) as sum_to_mark,
      max(line.hash) filter (where line.seq = mark.seq) as hash_at_mark,
      max(line.balance_after_nano_usd) filter (where line.seq = mark.seq) as balance_at_mark,
      coalesce(max(line.seq), 0) as max_seq,
      extract(epoch from min(line.received_at) filter (where line.seq > mark.seq)) * 1000 as waiting_since
    from mark left join ledger_entries as line on line.account_id = ${accountId} and line.epoch = mark.epoch
    group by mark.epoch, mark.base, mark.seq, mark.sum_nano_usd, mark.hash`)
  const row: { [name: string]: unknown } = rows[0] ?? {}
  const whole = (name: string) => Number(row[name] ?? 0)
  // The driver hands bigint and numeric over as text, so that nothing is rounded.
  const amount = (name: string) => BigInt(readString(row[name]) ?? '0')
  return {
    epoch: whole('epoch'),
    markSeq: whole('mark_seq'),
    markSumNanoUsd: amount('mark_sum'),
    markHash: readString(row['mark_hash']) ?? '',
    // An epoch's numbers begin where the one before ended.
    rowsToMark: whole('rows_to_mark') + (whole('mark_seq') > 0 ? whole('base') : 0),
    sumToMarkNanoUsd: amount('sum_to_mark'),
    hashAtMark: readString(row['hash_at_mark']) ?? null,
    balanceAtMarkNanoUsd: row['balance_at_mark'] === null ? null : amount('balance_at_mark'),
    maxSeq: whole('max_seq'),
    waitingSince: row['waiting_since'] === null ? null : asMillis(Math.round(whole('waiting_since'))),
  }
}

async function objectState(port: AccountPort, mirror: MirrorState): Promise<ObjectState | null> {
  const pulse = await port.pulse()
  if (pulse === null) return null
  const [atMark] = mirror.markSeq > 0 ? await port.entriesAfter(mirror.markSeq - 1, 1) : []
  return {
    ...pulse,
    balanceAtMarkNanoUsd: atMark?.seq === mirror.markSeq ? atMark.balanceAfterNanoUsd : null,
  }
}
