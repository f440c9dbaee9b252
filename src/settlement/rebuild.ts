// Rebuilds an account's object from Postgres under a new epoch: close the old one, fill the object, open, book again what came
// too late. The row of `account_epochs` carries the rebuild from step to step; each step may be repeated, by the same request
// sent again or by the hourly sweep (docs/decisions/0013).

import { assert } from '#core/assert.ts'
import { readAccountId, type AccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import { hashAfter } from '#ledger/chain.ts'
import type { Entry } from '#ledger/entry.ts'
import {
  type EpochRow,
  closeEpoch,
  epochAskedBy,
  headAt,
  keepStep,
  linesAfter,
  newestEpoch,
  unfinishedEpochs,
} from './epochs.ts'
import type { SettlementParts } from './parts.ts'
import { recordFindings } from './findings.ts'
import { advanceMarks } from './mirror.ts'
import { rebookStraysOf, rebookWaiting } from './strays.ts'

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
  const asked = await epochAskedBy(db, accountId, rebuild.idempotencyKey)
  if (asked !== undefined) return carryOn(asked, db, parts)
  const known = await newestEpoch(db, accountId)
  if (known !== undefined && known.step !== 'done') return { ok: false, code: 'other_rebuild' }
  if (!rebuild.isDiscarding && (await parts.accounts(accountId).view()) !== null)
    return { ok: false, code: 'not_empty' }
  const now = parts.clock.now()
  await advanceMarks(db, accountId, now)
  await closeEpoch(db, { ...rebuild, afterEpoch: known?.epoch ?? 0 }, now)
  const closed = await epochAskedBy(db, accountId, rebuild.idempotencyKey)
  if (closed !== undefined) return carryOn(closed, db, parts)
  const isKnown = (await newestEpoch(db, accountId)) !== undefined
  return { ok: false, code: isKnown ? 'other_rebuild' : 'unknown_account' }
}

/** For the sweep: what a dead process has left half done, and what waits for another line. */
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
  await rebookWaiting(db, parts)
}

async function carryOn(row: EpochRow, db: Db, parts: SettlementParts): Promise<RebuildResult> {
  const accountId = readAccountId(row.accountId)
  if (accountId === undefined) return { ok: false, code: 'unknown_account' }
  if (row.step === 'done') return resultOf(row, 'done')
  if (row.step === 'closed' || row.step === 'filled') {
    const opened = await openObject(accountId, row, db, parts)
    if (!opened.ok) return opened
    if (opened.object === 'lost') return closeAgain(accountId, row, db, parts)
    if (opened.object === 'unfinished') return resultOf(row, 'closed')
    await keepStep(db, row, 'opened', parts.clock.now())
  } else if ((await parts.accounts(accountId).view()) === null) {
    return closeAgain(accountId, row, db, parts)
  }
  if (!(await rebookStraysOf(accountId, db, parts))) return resultOf(row, 'opened')
  await keepStep(db, row, 'done', parts.clock.now())
  return resultOf(row, 'done')
}

/**
 * The object was lost once more before its rebuild was done: its epoch ends as well, and the same rebuild begins again under
 * the next one, which books the lines that came too late for either. The same request goes on there, and so does the sweep.
 */
async function closeAgain(
  accountId: AccountId,
  row: EpochRow,
  db: Db,
  parts: SettlementParts,
): Promise<RebuildResult> {
  const { epoch: afterEpoch, reason, idempotencyKey } = row
  const now = parts.clock.now()
  await advanceMarks(db, accountId, now)
  await closeEpoch(db, { accountId, reason, idempotencyKey, isDiscarding: false, afterEpoch }, now)
  // Where another has closed it meanwhile, that one goes on.
  const newest = (await newestEpoch(db, accountId)) ?? row
  assert(newest.epoch > row.epoch, 'an epoch that was opened can end')
  await keepStep(db, row, 'done', now)
  parts.log.info('rebuild_begins_again', { account: accountId, epoch: newest.epoch })
  return resultOf(newest, 'closed')
}

function resultOf({ epoch, closedSeq }: EpochRow, step: 'closed' | 'opened' | 'done'): RebuildResult {
  return { ok: true, epoch: epoch + 1, closedSeq, step }
}

type Opened = { ok: true; object: 'open' | 'unfinished' | 'lost' } | (RebuildResult & { ok: false })

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
  if (begun.isOpen) return { ok: true, object: 'open' }
  // It was whole once and may have been open: what it wrote then keeps its numbers.
  if (row.step === 'filled' && begun.headSeq < closedSeq) return { ok: true, object: 'lost' }
  let head = await headAt(db, accountId, begun.headSeq)
  for (let page = 0; head.seq < closedSeq; page += 1) {
    if (page === pagesPerRun) return { ok: true, object: 'unfinished' }
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
  await keepStep(db, row, 'filled', parts.clock.now())
  const closedSumNanoUsd = nanoUsd(Number(row.closedSumNanoUsd))
  const command = { epoch, closedEpoch, closedSeq, closedSumNanoUsd, closedHash, reason }
  const finished = await parts.accounts(accountId).finishRebuild(command)
  if (!finished.ok) return { ok: false, code: finished.code === 'differs' ? 'differs' : 'object_failed' }
  return { ok: true, object: 'open' }
}

async function differs(accountId: AccountId, entry: Entry, db: Db, parts: SettlementParts): Promise<Opened> {
  const { epoch, seq } = entry
  const subject = `rebuild:${epoch}:${seq}`
  await recordFindings(db, [{ kind: 'drift', accountId, subject, detail: { epoch, seq } }], parts.clock.now())
  return { ok: false, code: 'differs' }
}
