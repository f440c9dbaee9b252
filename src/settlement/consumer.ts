// The consumer of `sluice-entries`: messages in, rows in Postgres, and the word back to each object how far it is safe.
// A message is acknowledged when its rows are committed. Whatever is lost here, the objects send again.

import type { AccountId } from '#core/ids.ts'
import { dataErrorCodeOf, driverErrorOf, type Db } from '#db/client.ts'
import { recordFindings, type Finding } from './findings.ts'
import { readSentEntries, type SentEntries } from './message.ts'
import { writeRows, type Mark, type Written } from './mirror.ts'
import type { SettlementParts } from './parts.ts'
import { rowsOf } from './rows.ts'
import { bookStrays } from './strays.ts'

/** What of the platform's queue message is used. */
export type QueueMessage = {
  readonly id: string
  readonly body: unknown
  readonly attempts: number
  ack(): void
  retry(options?: { delaySeconds?: number }): void
}

type ReadMessage = { message: QueueMessage; sent: SentEntries }

/** Entries per transaction: 1,000 lines of 1 KB are 1 MB, a tenth of what the driver's endpoint takes. */
const entriesPerWriteMax = 1_000
const retryDelayMinSeconds = 2
/** A database that is away for days sees one try of each message in five minutes. */
const retryDelayMaxSeconds = 300

export async function consumeEntries(
  messages: readonly QueueMessage[],
  parts: SettlementParts,
): Promise<void> {
  const { db } = parts
  if (db === undefined) {
    parts.log.error('settlement_not_configured', { missing: 'DATABASE_URL', messages: messages.length })
    for (const message of messages) message.retry({ delaySeconds: retryDelayMaxSeconds })
    return
  }
  const readable: ReadMessage[] = []
  for (const message of messages) {
    const sent = readSentEntries(message.body)
    if (sent === undefined) await setAside(message, unreadable(message), db, parts)
    else readable.push({ message, sent })
  }
  for (const chunk of chunksOf(readable)) await writeChunk(chunk, db, parts)
}

/**
 * Writes the messages together. Where Postgres refuses what is in one of them, halves are tried until it is found, so
 * that a poisoned message stands in nobody's way; where Postgres is away, all wait.
 */
async function writeChunk(chunk: readonly ReadMessage[], db: Db, parts: SettlementParts): Promise<void> {
  let written: Written
  let isSettled: boolean
  try {
    const rows = rowsOf(
      chunk.map(({ sent }) => sent),
      parts.clock.now(),
    )
    written = await writeRows(db, rows, parts.clock.now())
    isSettled = await bookStrays(
      chunk.map(({ sent }) => sent),
      written.strays,
      db,
      parts,
    )
    await recordFindings(db, [...findingsOf(written), ...ledgerFindings(chunk)], parts.clock.now())
  } catch (error) {
    const code = dataErrorCodeOf(error)
    const [first] = chunk
    if (code === undefined || first === undefined) {
      parts.log.error('settlement_write_failed', { messages: chunk.length }, driverErrorOf(error))
      for (const { message } of chunk) message.retry({ delaySeconds: retryDelaySeconds(message.attempts) })
    } else if (chunk.length === 1) {
      await setAside(first.message, poison(first, code), db, parts)
    } else {
      const middle = Math.ceil(chunk.length / 2)
      await writeChunk(chunk.slice(0, middle), db, parts)
      await writeChunk(chunk.slice(middle), db, parts)
    }
    return
  }
  // What could not be booked again yet comes back with its message; the rows are written already.
  for (const { message } of chunk)
    if (isSettled) message.ack()
    else message.retry({ delaySeconds: retryDelaySeconds(message.attempts) })
  await Promise.all(written.marks.map((mark) => confirm(mark, db, parts)))
}

/** Tells the object how far Postgres is complete. Not heard, it sends again and is told again. */
async function confirm(mark: Mark, db: Db, parts: SettlementParts): Promise<void> {
  const { accountId, epoch, seq, sumNanoUsd, hash } = mark
  try {
    const answer = await parts.accounts(accountId).confirm({ epoch, seq, sumNanoUsd, hash })
    if (answer.ok) return
    const detail = { epoch, seq, sumNanoUsd, hash, answer: answer.code }
    const finding: Finding = { kind: 'drift', accountId, subject: `confirm:${epoch}:${seq}`, detail }
    parts.log.error('settlement_confirm_refused', { account: accountId, seq, code: answer.code })
    await recordFindings(db, [finding], parts.clock.now())
  } catch (error) {
    parts.log.error('settlement_confirm_failed', { account: accountId, seq }, driverErrorOf(error))
  }
}

/** A message that can never be written leaves the queue only once its finding is durable. */
async function setAside(
  message: QueueMessage,
  finding: Finding,
  db: Db,
  parts: SettlementParts,
): Promise<void> {
  parts.log.error('settlement_message_set_aside', { kind: finding.kind, account: finding.accountId })
  try {
    await recordFindings(db, [finding], parts.clock.now())
    message.ack()
  } catch (error) {
    parts.log.error('settlement_finding_failed', { kind: finding.kind }, driverErrorOf(error))
    message.retry({ delaySeconds: retryDelaySeconds(message.attempts) })
  }
}

function chunksOf(messages: readonly ReadMessage[]): ReadMessage[][] {
  const chunks: ReadMessage[][] = []
  let entries = 0
  for (const message of messages) {
    const last = chunks.at(-1)
    const added = message.sent.entries.length
    if (last === undefined || entries + added > entriesPerWriteMax) {
      chunks.push([message])
      entries = added
    } else {
      last.push(message)
      entries += added
    }
  }
  return chunks
}

export function retryDelaySeconds(attempts: number): number {
  return Math.min(retryDelayMinSeconds * 2 ** Math.max(0, attempts - 1), retryDelayMaxSeconds)
}

function findingsOf(written: Written): Finding[] {
  return written.conflicts.map(({ accountId, epoch, seq, stored, sent }) => ({
    kind: 'hash_conflict',
    accountId,
    subject: `${epoch}:${seq}`,
    detail: { epoch, seq, stored, sent },
  }))
}

/** What an object found out about itself arrives as an entry. */
function ledgerFindings(chunk: readonly ReadMessage[]): Finding[] {
  return chunk.flatMap(({ sent: { accountId, entries } }) =>
    entries
      .filter((entry) => entry.kind === 'finding')
      .map(({ epoch, seq, reference, detail }) => ({
        kind: 'ledger' as const,
        accountId,
        subject: `${epoch}:${seq}`,
        detail: { reference, detail },
      })),
  )
}

function unreadable(message: QueueMessage): Finding {
  return { kind: 'unreadable_message', accountId: '', subject: message.id, detail: {} }
}

function poison({ sent: { accountId, entries } }: ReadMessage, code: string): Finding {
  const [first] = entries
  return {
    kind: 'poison_message',
    accountId,
    subject: rangeOf(accountId, entries),
    detail: { code, firstSeq: first?.seq ?? null, entries: entries.length },
  }
}

/** Names the entries of a message, so that the same ones sent again are the same finding. */
export function rangeOf(accountId: AccountId, entries: SentEntries['entries']): string {
  const [first] = entries
  return first === undefined ? accountId : `${first.epoch}:${first.seq}+${entries.length}`
}
