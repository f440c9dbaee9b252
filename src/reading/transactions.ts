// The account's movements of money, newest first, from the object's own log: never behind, and there while Postgres is away.

import { asMillis, isoTime } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { Entry, EntryKind } from '#ledger/entry.ts'
import { isObject } from '#core/readers.ts'
import { readBucket, readDraw } from '#ledger/lots.ts'
import { readLimit, readSeqCursor } from './query.ts'
import { askObject, type Answer, type Asked, type Reading } from './reader.ts'

export type TransactionType =
  | 'purchase'
  | 'auto_top_up'
  | 'bonus'
  | 'grant'
  | 'consumption'
  | 'refund'
  | 'dispute'
  | 'reversal'
  | 'adjustment'
  | 'expiry'

/** Entries per question to the object, and questions per request: keys and settings among the money are passed over. */
const entriesPerStep = 200
const stepsMax = 5

export async function readTransactions(reading: Reading): Promise<Answer> {
  const before = readSeqCursor(reading.query)
  if (!before.ok) return before
  const limit = readLimit(reading.query)
  if (!limit.ok) return limit
  const page = await transactionsPage(reading, before.value, limit.value)
  if (!page.ok) return page
  return { ok: true, body: page.value }
}

type TransactionsPage = { data: readonly Json[]; next_cursor: string | null }

/** A page may be shorter than its limit and still have a successor: the cursor alone says whether there is more. */
export async function transactionsPage(
  reading: Reading,
  beforeSeq: number,
  limit: number,
): Promise<Asked<TransactionsPage>> {
  const found: Entry[] = []
  let before = beforeSeq
  for (let step = 0; step < stepsMax; step += 1) {
    const asked = await askObject(reading, () => reading.port.entriesBefore(before, entriesPerStep))
    if (!asked.ok) return asked
    const isEnd = asked.value.length < entriesPerStep
    const money = asked.value.filter(isMovement)
    found.push(...money.slice(0, limit - found.length))
    const isFull = found.length === limit
    const lastSeen = isFull ? found.at(-1) : asked.value.at(-1)
    if (lastSeen !== undefined) before = lastSeen.seq
    const isWhole = isEnd && (!isFull || money.at(-1)?.seq === before)
    if (isWhole) return { ok: true, value: { data: found.map(transactionBody), next_cursor: null } }
    if (isFull) break
  }
  return { ok: true, value: { data: found.map(transactionBody), next_cursor: String(before) } }
}

/** An opening brings over what the lines below it have made. */
function isMovement({ amountNanoUsd, kind }: Entry): boolean {
  return amountNanoUsd !== 0 && kind !== 'opening'
}

export function transactionBody(entry: Entry): Json {
  return {
    id: `txn_${entry.epoch}_${entry.seq}`,
    type: transactionType(entry),
    amount: formatUsd(entry.amountNanoUsd),
    running_balance: formatUsd(entry.balanceAfterNanoUsd),
    bucket: bucketOf(entry),
    reference: entry.reference,
    key: entry.keyNumber,
    created_at: isoTime(asMillis(entry.createdAtMs)),
  }
}

const types: Readonly<Record<EntryKind, TransactionType>> = {
  purchase: 'purchase',
  auto_top_up: 'auto_top_up',
  bonus: 'bonus',
  grant: 'grant',
  adjustment: 'adjustment',
  usage: 'consumption',
  late: 'consumption',
  expiry: 'expiry',
  reversal: 'reversal',
  refund: 'refund',
  dispute: 'dispute',
  // These move no money, and would be mistakes if they did.
  allowance: 'grant',
  create: 'adjustment',
  order: 'adjustment',
  customer: 'adjustment',
  invoice: 'adjustment',
  plan: 'adjustment',
  key: 'adjustment',
  settings: 'adjustment',
  auto_top_up_terms: 'adjustment',
  attempt: 'adjustment',
  finding: 'adjustment',
  level: 'adjustment',
  limit_reached: 'adjustment',
  fraud_warning: 'adjustment',
  erasure: 'adjustment',
  opening: 'adjustment',
}

/** A `late` entry is the difference to what an expired hold had charged, in either direction. */
export function transactionType({ kind, amountNanoUsd }: Pick<Entry, 'kind' | 'amountNanoUsd'>) {
  return kind === 'late' && amountNanoUsd > 0 ? 'reversal' : types[kind]
}

/** What a credit becomes, or the one bucket that money was taken from; null where it came from several, or became debt. */
function bucketOf({ detail }: Entry): string | null {
  if (!isObject(detail)) return null
  const own = readBucket(detail['bucket'])
  if (own !== undefined) return own
  const drawn = new Set(readDraw(detail).lots.map(({ bucket }) => bucket))
  const [only] = drawn
  return drawn.size === 1 && only !== undefined ? only : null
}
