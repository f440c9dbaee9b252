// Lines of a closed epoch that came after its end: a finding each, and booked once more in the epoch that stands. The object
// knows them by their reference or call, so whatever is repeated here books nothing twice.

import type { AccountId, KeyNumber } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import type { EntryKind } from '#ledger/entry.ts'
import { needsAnother } from '#ledger/rebook.ts'
import type { SettlementParts } from './parts.ts'
import { eraseStrays } from './erasure.ts'
import { recordFindings, straysAfter, type Finding } from './findings.ts'
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
  for (const { accountId, entry } of found) if (!(await rebookOne(accountId, entry, parts))) isAll = false
  // One of these may be what an earlier one waited for: the key that was revoked, the payment that was given back.
  for (const accountId of new Set(found.map((line) => line.accountId)))
    if (!(await rebookStored(accountId, db, parts, needsAnother))) isAll = false
  return isAll
}

/** The ones that the end of an epoch found in Postgres already, and all others: the object passes over what it knows. */
export async function rebookStraysOf(accountId: AccountId, db: Db, parts: SettlementParts): Promise<boolean> {
  const isAll = await rebookStored(accountId, db, parts, () => true)
  return isAll && rebookStored(accountId, db, parts, needsAnother)
}

async function rebookStored(
  accountId: AccountId,
  db: Db,
  parts: SettlementParts,
  isWanted: (entry: SentEntry) => boolean,
): Promise<boolean> {
  for (let after = 0; ;) {
    const rows = await straysAfter(db, accountId, after)
    for (const { detail } of rows) {
      const entry = isObject(detail) ? readSentEntry(detail['entry']) : undefined
      if (entry !== undefined && isWanted(entry) && !(await rebookOne(accountId, entry, parts))) return false
    }
    const last = rows.at(-1)
    if (last === undefined) return true
    after = last.id
  }
}

async function rebookOne(accountId: AccountId, entry: SentEntry, parts: SettlementParts): Promise<boolean> {
  const { createdAt, hash: _, kind, keyNumber, ...rest } = entry
  try {
    const answer = await parts.accounts(accountId).rebook({
      entry: {
        ...rest,
        createdAtMs: createdAt,
        // Written by an object of ours; one that it does not know is passed over there.
        kind: kind as EntryKind,
        keyNumber: keyNumber as KeyNumber | null,
      },
    })
    const { epoch, seq } = entry
    parts.log.info('stray_rebooked', { account: accountId, epoch, seq, code: answer.ok ? 'ok' : answer.code })
    // Any other refusal is the same tomorrow, unless the line comes that it is about: the finding stands.
    return answer.ok || (answer.code !== 'no_such_account' && answer.code !== 'internal')
  } catch (error) {
    parts.log.error('stray_not_rebooked', { account: accountId, seq: entry.seq }, error)
    return false
  }
}

function linesOf(messages: readonly SentEntries[], { accountId, epoch, seq }: Stray) {
  const sent = messages.filter((message) => message.accountId === accountId)
  const entry = sent
    .flatMap(({ entries }) => entries)
    .find((line) => line.epoch === epoch && line.seq === seq)
  return entry === undefined ? [] : [{ accountId, entry }]
}

function findingOf(accountId: AccountId, { createdAt, ...entry }: SentEntry): Finding {
  const detail = { entry: { ...entry, createdAtMs: createdAt } }
  return { kind: 'stray', accountId, subject: `${entry.epoch}:${entry.seq}`, detail }
}
