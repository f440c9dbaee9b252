// A group of commands being decided: a copy of the state and the rows it will write. Dropping it leaves no trace.

import type { Json } from '#core/errors.ts'
import type { CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, negateNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Entry, EntryKind, FindingDetail } from './entry.ts'
import type { StoredAnswer } from './claim.ts'
import { crossingsAfter, standingBefore } from './crossings.ts'
import { boundedDetail, boundedText } from './detail.ts'
import { applyEntry } from './replay.ts'
import type { HoldRow, Lookup, ReferenceRow } from './rows.ts'
import { rowOf } from './rows.ts'
import type { Hold, State } from './state.ts'
import { copyState } from './state.ts'
import type { Timings } from './timings.ts'

export type Context = {
  readonly nowMs: number
  readonly timings: Timings
  readonly lookup: Lookup
  /** Rows written between two snapshots: what a start has to read at most, and one row in so many. */
  readonly rowsPerSnapshot: number
  /** False for a chore that is put off (chores.ts); without it all that are due are done. */
  readonly mayDo?: (chore: string) => boolean
}

export type Draft = {
  readonly state: State
  readonly context: Context
  readonly entries: Entry[]
  readonly holds: Map<CallId, { row: HoldRow; isNew: boolean }>
  readonly references: Map<string, ReferenceRow>
  readonly answers: Map<CallId, StoredAnswer>
  isMarksChanged: boolean
}

/** Whether something that is due by itself, at the start of a group, is done in this one. */
export function mayDo(draft: Draft, chore: string): boolean {
  return draft.context.mayDo?.(chore) ?? true
}

export function openDraft(state: State, context: Context): Draft {
  return {
    state: copyState(state),
    context,
    entries: [],
    holds: new Map(),
    references: new Map(),
    answers: new Map(),
    isMarksChanged: false,
  }
}

export type NewEntry = {
  kind: EntryKind
  reference: string
  amountNanoUsd: NanoUsd
  keyNumber: KeyNumber | null
  detail: Json
}

/**
 * The only place where money moves: one more line of the log, and the state follows it as it would in a replay. What it
 * crosses (a level, a limit) is said by lines of its own behind it.
 */
export function append(draft: Draft, entry: NewEntry): Entry {
  const before = standingBefore(draft.state, entry)
  const written = appendLine(draft, entry)
  for (const { kind, reference, keyNumber, detail } of crossingsAfter(before, draft.state, entry)) {
    if (kind === 'limit_reached' && referenceOf(draft, 'limit', reference) !== undefined) continue
    const { seq } = appendLine(draft, { kind, reference, amountNanoUsd: zeroNanoUsd, keyNumber, detail })
    if (kind === 'limit_reached') keepReference(draft, { scope: 'limit', reference, seq, said: '' })
  }
  return written
}

function appendLine(draft: Draft, entry: NewEntry): Entry {
  const { state } = draft
  const written: Entry = {
    epoch: state.epoch,
    seq: state.headSeq + 1,
    kind: entry.kind,
    reference: boundedText(entry.reference),
    amountNanoUsd: entry.amountNanoUsd,
    balanceAfterNanoUsd: addNanoUsd(state.postedNanoUsd, entry.amountNanoUsd),
    createdAtMs: state.nowMs,
    keyNumber: entry.keyNumber,
    detail: boundedDetail(entry.detail),
  }
  draft.entries.push(written)
  applyEntry(state, written)
  state.rowsSinceSnapshot += 1
  return written
}

/** A finding is an entry of amount 0: it reaches the operator through the same outbox, once per reference. */
export function find(draft: Draft, reference: string, detail: FindingDetail): void {
  if (referenceOf(draft, 'finding', reference) !== undefined) return
  const entry = append(draft, {
    kind: 'finding',
    reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail,
  })
  keepReference(draft, { scope: 'finding', reference, seq: entry.seq, said: '' })
}

// ── Holds ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Opens or changes a hold in memory; `keepHold` writes it. */
export function putHold(draft: Draft, hold: Hold): void {
  const { state } = draft
  const before = state.holds.get(hold.callId)
  if (before !== undefined) dropHold(draft, before)
  state.holds.set(hold.callId, hold)
  for (const pin of hold.pins) addPin(state, pin.seq, pin.amountNanoUsd)
  state.heldNanoUsd = addNanoUsd(state.heldNanoUsd, hold.heldNanoUsd)
  state.slicesNanoUsd = addNanoUsd(state.slicesNanoUsd, hold.sliceNanoUsd)
}

/** Ends a hold in memory: what it held is free again. */
export function dropHold(draft: Draft, hold: Hold): void {
  const { state } = draft
  state.holds.delete(hold.callId)
  for (const pin of hold.pins) addPin(state, pin.seq, negateNanoUsd(pin.amountNanoUsd))
  state.heldNanoUsd = subtractNanoUsd(state.heldNanoUsd, hold.heldNanoUsd)
  state.slicesNanoUsd = subtractNanoUsd(state.slicesNanoUsd, hold.sliceNanoUsd)
}

/** A lot that nobody keeps a part of any more is not in the map. */
export function addPin(state: State, seq: number, amountNanoUsd: NanoUsd): void {
  const sum = addNanoUsd(state.pinned.get(seq) ?? zeroNanoUsd, amountNanoUsd)
  if (sum === zeroNanoUsd) state.pinned.delete(seq)
  else state.pinned.set(seq, sum)
}

export function keepHold(draft: Draft, hold: Hold): Hold {
  const written: Hold = { ...hold, writtenBeatAtMs: hold.beatAtMs }
  keepRow(draft, rowOf(written))
  putHold(draft, written)
  return written
}

export function keepRow(draft: Draft, row: HoldRow): void {
  const earlier = draft.holds.get(row.callId)
  const isNew = earlier === undefined ? storedRow(draft, row.callId) === undefined : earlier.isNew
  if (isNew) draft.state.rowsSinceSnapshot += 1
  draft.holds.set(row.callId, { row, isNew })
}

function storedRow(draft: Draft, callId: CallId): HoldRow | undefined {
  return draft.holds.get(callId)?.row ?? draft.context.lookup.holdRow(callId)
}

/** How a call that is not open has ended, and what has been booked for it. */
export type Resolved = {
  readonly outcome: 'settled' | 'released' | 'expired' | 'late'
  readonly chargedNanoUsd: NanoUsd
  readonly row: HoldRow
}

/** Undefined for a call that was never heard of (or was forgotten); only for calls that are not open. */
export function resolvedCall(draft: Draft, callId: CallId): Resolved | undefined {
  const row = storedRow(draft, callId)
  if (row === undefined) return undefined
  if (row.outcome !== 'open') return { outcome: row.outcome, chargedNanoUsd: row.chargedNanoUsd, row }
  const usage = chargeEntryOf(draft, row)
  const chargedNanoUsd = usage === undefined ? zeroNanoUsd : negateNanoUsd(usage.amountNanoUsd)
  return { outcome: 'settled', chargedNanoUsd, row }
}

/** The one charge of a call, also where this group has just booked it. */
export function chargeEntryOf(draft: Draft, row: HoldRow): Entry | undefined {
  return (
    draft.entries.find((entry) => entry.kind === 'usage' && entry.reference === row.callId) ??
    draft.context.lookup.usageEntry(row.callId, row.afterSeq)
  )
}

// ── References ───────────────────────────────────────────────────────────────────────────────────────────────────

export function referenceOf(
  draft: Draft,
  scope: ReferenceRow['scope'],
  reference: string,
): ReferenceRow | undefined {
  const text = boundedText(reference)
  return draft.references.get(`${scope} ${text}`) ?? draft.context.lookup.reference(scope, text)
}

export function keepReference(draft: Draft, row: ReferenceRow): void {
  const reference = boundedText(row.reference)
  draft.references.set(`${row.scope} ${reference}`, { ...row, reference })
}
