// Compares what Postgres holds of an account with what its object says (pure): what is a finding, what is merely late.

import type { Json } from '#core/errors.ts'
import { addMillis, minuteMs, type Millis } from '#core/clock.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Finding, FindingKind } from './findings.ts'

/** One account's rows in Postgres, of its newest epoch. */
export type MirrorState = {
  epoch: number
  /** The contiguous mark; all zero and empty where there is none. */
  markSeq: number
  markSumNanoUsd: bigint
  markHash: string
  /** Counted anew from the rows up to the mark. */
  rowsToMark: number
  sumToMarkNanoUsd: bigint
  /** What the row at the mark says. */
  hashAtMark: string | null
  balanceAtMarkNanoUsd: bigint | null
  maxSeq: number
  /** When the first row behind a gap came, if there is one. */
  waitingSince: Millis | null
}

export type ObjectState = {
  epoch: number
  head: number
  confirmed: number
  /** The balance after the entry at the mirror's mark; null where the object has no such entry. */
  balanceAtMarkNanoUsd: NanoUsd | null
  oldestHoldAgeMs: number
  /** See ledger/pulse.ts. */
  overdue: { dueAgoMs: number; armedAgoMs: number | null } | null
  unconfirmedForMs: number
  databaseBytes: number
}

export type Verdict = {
  findings: readonly Finding[]
  /** Ask the object to send what is not confirmed; this also wakes one whose alarm died. */
  resend: boolean
  /** Tell the object again how far Postgres is: it has not heard. */
  confirm: boolean
}

/** Messages overtake one another by minutes when they are retried; a gap older than this is one. */
const gapAfterMs = 30 * minuteMs
/** Longer than any call may take: its owner and its expiry must both have failed. */
const stuckHoldAfterMs = 60 * minuteMs
/** Six times the first wait for a confirmation: Postgres or its consumer is away. */
const unconfirmedAfterMs = 60 * minuteMs
/** What the platform allows one object. */
export const objectBytesMax = 10_000_000_000

export function examine(
  accountId: string,
  mirror: MirrorState,
  object: ObjectState | null,
  now: Millis,
): Verdict {
  const findings: Finding[] = []
  const find = (kind: FindingKind, subject: string, detail: Json) =>
    findings.push({ kind, accountId, subject, detail })
  const at = `${mirror.epoch}:${mirror.markSeq}`

  if (mirror.rowsToMark !== mirror.markSeq)
    find('rows_missing', at, { expected: mirror.markSeq, found: mirror.rowsToMark })
  if (mirror.sumToMarkNanoUsd !== mirror.markSumNanoUsd)
    find('drift', `sum:${at}`, figures(mirror.markSumNanoUsd, mirror.sumToMarkNanoUsd))
  if (mirror.balanceAtMarkNanoUsd !== null && mirror.balanceAtMarkNanoUsd !== mirror.markSumNanoUsd)
    find('drift', `balance:${at}`, figures(mirror.markSumNanoUsd, mirror.balanceAtMarkNanoUsd))
  if (mirror.hashAtMark !== null && mirror.hashAtMark !== mirror.markHash)
    find('drift', `hash:${at}`, { expected: mirror.markHash, found: mirror.hashAtMark })
  if (mirror.waitingSince !== null && addMillis(mirror.waitingSince, gapAfterMs) < now)
    find('gap', at, { missingFrom: mirror.markSeq + 1, maxSeq: mirror.maxSeq })

  if (object === null) {
    find('account_without_object', '', { epoch: mirror.epoch, maxSeq: mirror.maxSeq })
    return { findings, resend: false, confirm: false }
  }
  for (const { kind, detail } of unwell(object)) find(kind, '', detail)
  if (object.epoch < mirror.epoch) find('epoch_behind', '', { object: object.epoch, mirror: mirror.epoch })
  if (object.epoch !== mirror.epoch) return { findings, resend: true, confirm: false }
  if (mirror.maxSeq > object.head)
    find('mirror_ahead', `${mirror.epoch}:${mirror.maxSeq}`, { head: object.head, maxSeq: mirror.maxSeq })
  const objectBalance = object.balanceAtMarkNanoUsd
  if (objectBalance !== null && BigInt(objectBalance) !== mirror.markSumNanoUsd)
    find('drift', `object:${at}`, figures(BigInt(objectBalance), mirror.markSumNanoUsd))
  return {
    findings,
    resend: mirror.markSeq < object.head,
    confirm: mirror.markSeq > object.confirmed && mirror.markSeq <= object.head,
  }
}

/** What the object says of itself. */
function unwell(object: ObjectState): readonly { kind: FindingKind; detail: Json }[] {
  const { oldestHoldAgeMs, overdue, unconfirmedForMs, databaseBytes, head, confirmed } = object
  const found: { kind: FindingKind; detail: Json }[] = []
  if (oldestHoldAgeMs > stuckHoldAfterMs)
    found.push({ kind: 'stuck_hold', detail: { ageMs: oldestHoldAgeMs } })
  if (overdue !== null) found.push({ kind: 'alarm_missing', detail: { ...overdue } })
  if (unconfirmedForMs > unconfirmedAfterMs)
    found.push({ kind: 'unconfirmed', detail: { forMs: unconfirmedForMs, head, confirmed } })
  if (databaseBytes > objectBytesMax / 2)
    found.push({ kind: 'object_large', detail: { bytes: databaseBytes, bytesMax: objectBytesMax } })
  return found
}

/** As text: a sum that has drifted may be anything. */
function figures(expected: bigint, found: bigint): Json {
  return { expectedNanoUsd: String(expected), foundNanoUsd: String(found) }
}
