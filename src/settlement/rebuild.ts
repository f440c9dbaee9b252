// Rebuilds an account's object from Postgres under a new epoch: close the old one, fill the object, open, book again what came
// too late. The row of `account_epochs` carries the rebuild from step to step; each step may be repeated, by the same request
// sent again or by the hourly sweep (docs/decisions/0013).

import { readAccountId, type AccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import { hashAfter } from '#ledger/chain.ts'
import type { Entry } from '#ledger/entry.ts'
import {
  type EpochRow,
  closeEpoch,
  headAt,
  keepStep,
  linesAfter,
  newestEpoch,
  unfinishedEpochs,
} from './epochs.ts'
import type { SettlementParts } from './parts.ts'
import { recordFindings } from './findings.ts'
import { advanceMarks } from './mirror.ts'
import { rebookStraysOf } from './strays.ts'

export type Rebuild = { accountId: AccountId; reason: string; idempotencyKey: string; isDiscarding: boolean }

export type RebuildResult =
  | { ok: true; epoch: number; closedSeq: number; step: 'closed' | 'opened' | 'done' }
  | { ok: false; code: 'unknown_account' | 'not_empty' | 'other_rebuild' | 'differs' | 'object_failed' }

/** One request carries so many pages (100,000 entries) to the object; a larger log takes the request, or the sweep, again. */
const pagesPerRun = 400
export async function rebuildAccount(
  rebuild: Rebuild,
  db: Db,
  parts: SettlementParts,
): Promise<RebuildResult> {
  const { accountId } = rebuild
  const known = await newestEpoch(db, accountId)
  if (known?.idempotencyKey === rebuild.idempotencyKey) return carryOn(known, db, parts)
  if (known !== undefined && known.step !== 'done') return { ok: false, code: 'other_rebuild' }
  if (!rebuild.isDiscarding && (await parts.accounts(accountId).view()) !== null)
    return { ok: false, code: 'not_empty' }
  const now = parts.clock.now()
  await advanceMarks(db, accountId, now)
  await closeEpoch(db, rebuild, now)
  const closed = await newestEpoch(db, accountId)
  if (closed === undefined) return { ok: false, code: 'unknown_account' }
  if (closed.idempotencyKey !== rebuild.idempotencyKey) return { ok: false, code: 'other_rebuild' }
  return carryOn(closed, db, parts)
}

/** For the sweep: what a dead process has left half done. */
export async function resumeRebuilds(parts: SettlementParts): Promise<void> {
  const { db } = parts
  if (db === undefined) return
  for (const row of await unfinishedEpochs(db)) {
    try {
      const result = await carryOn(row, db, parts)
      parts.log.info('rebuild_resumed', { account: row.accountId, epoch: row.epoch, result: result.ok })
    } catch (error) {
      parts.log.error('rebuild_failed', { account: row.accountId, epoch: row.epoch }, driverErrorOf(error))
    }
  }
}

async function carryOn(row: EpochRow, db: Db, parts: SettlementParts): Promise<RebuildResult> {
  const accountId = readAccountId(row.accountId)
  if (accountId === undefined) return { ok: false, code: 'unknown_account' }
  const { epoch: closedEpoch, closedSeq } = row
  const result = (step: 'closed' | 'opened' | 'done') =>
    ({ ok: true, epoch: closedEpoch + 1, closedSeq, step }) as const
  if (row.step === 'done') return result('done')
  if (row.step === 'closed') {
    const opened = await openObject(accountId, row, db, parts)
    if (!opened.ok) return opened
    if (!opened.isOpen) return result('closed')
    await keepStep(db, row, 'opened', parts.clock.now())
  }
  if (!(await rebookStraysOf(accountId, db, parts))) return result('opened')
  await keepStep(db, row, 'done', parts.clock.now())
  return result('done')
}

type Opened = { ok: true; isOpen: boolean } | (RebuildResult & { ok: false })

async function openObject(
  accountId: AccountId,
  row: EpochRow,
  db: Db,
  parts: SettlementParts,
): Promise<Opened> {
  const { epoch: closedEpoch, closedSeq, closedHash, reason, isDiscarding } = row
  const epoch = closedEpoch + 1
  const begun = await parts.accounts(accountId).beginRebuild({ accountId, epoch, isDiscarding })
  if (!begun.ok) return { ok: false, code: begun.code === 'not_empty' ? 'not_empty' : 'object_failed' }
  if (begun.isOpen) return { ok: true, isOpen: true }
  let head = await headAt(db, accountId, begun.headSeq)
  for (let page = 0; head.seq < closedSeq; page += 1) {
    if (page === pagesPerRun) return { ok: true, isOpen: false }
    const lines = await linesAfter(db, accountId, { head, closedSeq })
    let { hash } = head
    for (const { entry, hash: stored } of lines) {
      hash = await hashAfter(hash, entry)
      // An object is never filled with a log that was changed behind our back.
      if (hash !== stored) return differs(accountId, entry, db, parts)
    }
    const entries = lines.map(({ entry }) => entry)
    const last = entries.at(-1)
    const taken = await parts.accounts(accountId).takeEntries({ epoch, entries })
    if (!taken.ok || taken.headSeq !== last?.seq) return { ok: false, code: 'object_failed' }
    head = { epoch: last.epoch, seq: last.seq, hash }
  }
  const closedSumNanoUsd = nanoUsd(Number(row.closedSumNanoUsd))
  const command = { epoch, closedEpoch, closedSeq, closedSumNanoUsd, closedHash, reason }
  const finished = await parts.accounts(accountId).finishRebuild(command)
  if (!finished.ok) return { ok: false, code: finished.code === 'differs' ? 'differs' : 'object_failed' }
  return { ok: true, isOpen: true }
}

async function differs(accountId: AccountId, entry: Entry, db: Db, parts: SettlementParts): Promise<Opened> {
  const { epoch, seq } = entry
  const subject = `rebuild:${epoch}:${seq}`
  await recordFindings(db, [{ kind: 'drift', accountId, subject, detail: { epoch, seq } }], parts.clock.now())
  return { ok: false, code: 'differs' }
}
