// Lines of a closed epoch that came after its end: a finding each, and booked once more in the epoch that stands. The object
// knows them by their reference or call, so whatever is repeated here books nothing twice.

import { addMillis, dayMs } from '#core/clock.ts'
import { type AccountId, type KeyNumber, readAccountId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import type { EntryKind } from '#ledger/entry.ts'
import { waitingCodes } from '#ledger/rebook.ts'
import type { RebookAnswer } from '#ledger/rebuild-commands.ts'
import type { SettlementParts } from './parts.ts'
import { eraseStrays } from './erasure.ts'
import {
  keepRefusal,
  recordFindings,
  refusedStraysAfter,
  straysAfter,
  type Finding,
  type StrayFinding,
} from './findings.ts'
import { readSentEntry, type SentEntries, type SentEntry } from './message.ts'
import type { Stray } from './mirror.ts'

/** False where some are still to be booked: the object cannot be asked now. */
export async function bookStrays(
  messages: readonly SentEntries[],
  strays: readonly Stray[],
  db: Db,
  parts: SettlementParts,
): Promise<boolean> {
  if (strays.length === 0) return true
  const found = strays.flatMap((stray) => linesOf(messages, stray))
  await recordFindings(
    db,
    found.map(({ accountId, entry }) => findingOf(accountId, entry)),
    parts.clock.now(),
  )
  await eraseStrays(db)
  let isAll = true
  for (const line of found) if (!(await rebookOne(line, db, parts))) isAll = false
  // One of these may be what an earlier one waited for: the key that was revoked, the payment that was given back.
  for (const accountId of new Set(found.map((line) => line.accountId)))
    if (!(await rebookStored(accountId, db, parts, isRefused))) isAll = false
  return isAll
}

/** The ones that the end of an epoch found in Postgres already, and all others: the object passes over what it knows. */
export async function rebookStraysOf(accountId: AccountId, db: Db, parts: SettlementParts): Promise<boolean> {
  const isAll = await rebookStored(accountId, db, parts, () => true)
  return isAll && rebookStored(accountId, db, parts, isRefused)
}

/** Whoever tells a payment or parks the end of a call gives up sooner. */
const waitsForMs = 7 * dayMs
/** One sweep tells so many at most. */
const waitingPerSweepMax = 2_000

/** For the sweep: what a line waits for may come as no stray at all, but as what its teller tells once more. */
export async function rebookWaiting(db: Db, parts: SettlementParts): Promise<void> {
  const refused = { codes: waitingCodes, since: addMillis(parts.clock.now(), -waitsForMs) }
  let after = 0
  for (let told = 0; told < waitingPerSweepMax;) {
    const rows = await refusedStraysAfter(db, refused, after)
    for (const line of rows.flatMap(lineOf)) await rebookOne(line, db, parts)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
    told += rows.length
  }
}

type Line = { readonly accountId: AccountId; readonly entry: SentEntry; readonly isRefused: boolean }

function isRefused(line: Line): boolean {
  return line.isRefused
}

async function rebookStored(
  accountId: AccountId,
  db: Db,
  parts: SettlementParts,
  isWanted: (line: Line) => boolean,
): Promise<boolean> {
  for (let after = 0; ;) {
    const rows = await straysAfter(db, accountId, after)
    for (const line of rows.flatMap(lineOf))
      if (isWanted(line) && !(await rebookOne(line, db, parts))) return false
    const last = rows.at(-1)
    if (last === undefined) return true
    after = last.id
  }
}

function lineOf({ accountId: id, detail }: StrayFinding): Line[] {
  const accountId = readAccountId(id)
  const entry = isObject(detail) ? readSentEntry(detail['entry']) : undefined
  if (accountId === undefined || entry === undefined) return []
  return [{ accountId, entry, isRefused: isObject(detail) && detail['refused'] !== undefined }]
}

/** False where the object cannot be asked now. Any other refusal is kept with the finding: the line may be told again. */
async function rebookOne(line: Line, db: Db, parts: SettlementParts): Promise<boolean> {
  const { accountId: account, entry } = line
  const { epoch, seq } = entry
  const answer = await asked(line, parts)
  if (answer === undefined) return false
  parts.log.info('stray_rebooked', { account, epoch, seq, code: answer.ok ? 'ok' : answer.code })
  if (!answer.ok && (answer.code === 'no_such_account' || answer.code === 'internal')) return false
  if (!answer.ok || line.isRefused)
    await keepRefusal(db, { accountId: account, epoch, seq }, answer.ok ? null : answer.code)
  return true
}

async function asked({ accountId, entry }: Line, parts: SettlementParts): Promise<RebookAnswer | undefined> {
  const { createdAt, hash: _, kind, keyNumber, ...rest } = entry
  try {
    return await parts.accounts(accountId).rebook({
      entry: {
        ...rest,
        createdAtMs: createdAt,
        // Written by an object of ours; one that it does not know is passed over there.
        kind: kind as EntryKind,
        keyNumber: keyNumber as KeyNumber | null,
      },
    })
  } catch (error) {
    parts.log.error('stray_not_rebooked', { account: accountId, seq: entry.seq }, error)
    return undefined
  }
}

function linesOf(messages: readonly SentEntries[], { accountId, epoch, seq }: Stray): Line[] {
  const sent = messages.filter((message) => message.accountId === accountId)
  const entry = sent
    .flatMap(({ entries }) => entries)
    .find((line) => line.epoch === epoch && line.seq === seq)
  return entry === undefined ? [] : [{ accountId, entry, isRefused: false }]
}

function findingOf(accountId: AccountId, { createdAt, ...entry }: SentEntry): Finding {
  const detail = { entry: { ...entry, createdAtMs: createdAt } }
  return { kind: 'stray', accountId, subject: `${entry.epoch}:${entry.seq}`, detail }
}
