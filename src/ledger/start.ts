// The state of a starting object: the newest snapshot, the entries after it, and the holds that are still open. Pure, so
// that a crash in the simulator and a restart in production run the same lines.

import { asMillis } from '#core/clock.ts'
import { type AccountId, type CallId, type KeyNumber, keyNumber } from '#core/ids.ts'
import { addNanoUsd, negateNanoUsd } from '#core/money.ts'
import { burnMore } from './burn.ts'
import { admitWithinMs, firstCallIdAt } from './call-time.ts'
import { neverAdmittedMs } from './charges.ts'
import { addPin } from './draft.ts'
import { endUsersOf, listOfEndUsers } from './end-user-list.ts'
import type { Entry } from './entry.ts'
import { expiryOf } from './holds.ts'
import { countAdmission } from './key-rates.ts'
import { isMetered } from './meter.ts'
import { rateWindowMs } from './rate.ts'
import { applyEntry, tokensOfCharge } from './replay.ts'
import type { HoldRow, Snapshot } from './rows.ts'
import { snapshotVersion } from './rows.ts'
import type { Hold, Marks, State } from './state.ts'
import { newState, notWritten } from './state.ts'
import type { Timings } from './timings.ts'

export type Stored = {
  readonly accountId: AccountId
  readonly snapshot: Snapshot | null
  readonly marks: Marks | null
  /** Oldest first, from the snapshot on or from one minute ago, whichever is earlier. */
  readonly entries: readonly Entry[]
  /** All rows from `firstCallIdToRead` on. */
  readonly holds: readonly HoldRow[]
}

export function stateFrom(stored: Stored, clockMs: number, timings: Timings): State {
  const { snapshot } = stored
  const state = snapshot === null ? newState(stored.accountId) : stateOfSnapshot(snapshot)
  if (stored.marks !== null) state.marks = stored.marks
  const asOfSeq = state.headSeq
  const charges = new Map<string, number>()
  for (const entry of stored.entries) {
    if (entry.seq > asOfSeq) {
      applyEntry(state, entry)
      state.rowsSinceSnapshot += 1
    } else if (isCharge(entry)) {
      state.burn = burnMore(state.burn, negateNanoUsd(entry.amountNanoUsd), entry.createdAtMs)
    }
    if (entry.kind === 'usage') charges.set(entry.reference, tokensOfCharge(entry) ?? 0)
  }
  const newest = stored.holds.reduce<number>((time, row) => Math.max(time, row.admittedAtMs), state.nowMs)
  state.nowMs = asMillis(Math.max(newest, clockMs))

  const wasOpen = new Set<CallId>(snapshot?.openCallIds)
  const isOpen = (row: HoldRow) =>
    row.outcome === 'open' && !charges.has(row.callId) && (row.afterSeq >= asOfSeq || wasOpen.has(row.callId))
  const admissionNumbers = readRate(state, admissionsOf(stored), charges)
  for (const row of stored.holds) {
    if (row.afterSeq >= asOfSeq) state.rowsSinceSnapshot += 1
    if (!isOpen(row)) continue
    const hold = holdOf(row, state.nowMs, timings)
    state.holds.set(row.callId, { ...hold, ...admissionNumbers.get(row.callId) })
    state.heldNanoUsd = addNanoUsd(state.heldNanoUsd, row.heldNanoUsd)
    state.slicesNanoUsd = addNanoUsd(state.slicesNanoUsd, row.sliceNanoUsd)
    for (const pin of row.pins) addPin(state, pin.seq, pin.amountNanoUsd)
  }
  return state
}

function isCharge({ kind }: Entry): boolean {
  return kind === 'usage' || kind === 'late' || kind === 'reversal'
}

/** No open hold and no admission of the last minute has a smaller id. */
export function firstCallIdToRead(snapshot: Snapshot | null): string {
  if (snapshot === null) return ''
  const bound = firstCallIdAt(snapshot.takenAtMs - admitWithinMs)
  return snapshot.openCallIds.reduce<string>((first, id) => (id < first ? id : first), bound)
}

export function snapshotOf(state: State): Snapshot {
  const { accountId, name, erasedSeq, epoch, settings, headSeq, postedNanoUsd, lots, debtNanoUsd, refunded } =
    state
  const { orders, customer, spending, standing, allowances, levels, paidMonths, lifetime, autoTopUp } = state
  const { risk, invoicing, isDamaged } = state
  return {
    version: snapshotVersion,
    takenAtMs: state.nowMs,
    openCallIds: [...state.holds.keys()],
    keys: [...state.keys.values()],
    endUsers: listOfEndUsers(state.endUsers),
    accountId,
    name,
    erasedSeq,
    epoch,
    settings,
    headSeq,
    postedNanoUsd,
    lots,
    debtNanoUsd,
    refunded,
    orders,
    customer,
    risk,
    invoicing,
    spending,
    standing,
    allowances,
    levels,
    paidMonths,
    lifetime,
    autoTopUp,
    isDamaged,
  }
}

export function stateOfSnapshot(snapshot: Snapshot): State {
  const { version: _, takenAtMs, openCallIds: __, keys, endUsers, ...rest } = snapshot
  return {
    ...newState(snapshot.accountId),
    ...rest,
    nowMs: asMillis(takenAtMs),
    keys: new Map(keys.map((key) => [key.keyNumber, key])),
    endUsers: endUsersOf(endUsers),
  }
}

type Numbers = Pick<Hold, 'admissionNumber' | 'keyAdmissionNumber'>

/** Everything that counted as a request; what was metered has no hold. */
function admissionsOf({ holds, entries }: Stored): readonly Admission[] {
  const metered = entries.filter(isMetered)
  return [
    ...holds,
    ...metered.map(({ reference, keyNumber: key, createdAtMs }) => ({
      callId: reference,
      keyNumber: key ?? keyNumber(0),
      admittedAtMs: createdAtMs,
      tokens: 0,
    })),
  ]
}

type Admission = { callId: string; keyNumber: KeyNumber; admittedAtMs: number; tokens: number }

/** In order of admission, so that the oldest leave the minute first. */
function readRate(
  state: State,
  rows: readonly Admission[],
  charges: ReadonlyMap<string, number>,
): Map<string, Numbers> {
  const numbers = new Map<string, Numbers>()
  const isRecent = (row: Admission) =>
    row.admittedAtMs !== neverAdmittedMs && row.admittedAtMs > state.nowMs - rateWindowMs
  const recent = rows.filter(isRecent).sort((a, b) => a.admittedAtMs - b.admittedAtMs)
  for (const row of recent) {
    const tokens = charges.get(row.callId) ?? row.tokens
    const call = { keyNumber: row.keyNumber, atMs: row.admittedAtMs, tokens }
    numbers.set(row.callId, countAdmission(state, call))
  }
  return numbers
}

/**
 * The newest beats of a hold were in memory only, but none of them came more than `beatWriteEveryMs` after the written
 * one. A hold that should have expired well before this start was not watched: the object was down, its owner's beats
 * could not arrive, so it gets a fresh expiry, once, which the next group writes. An idle object restarts every few
 * seconds; a fresh expiry at each start would let a hold live for ever.
 */
function holdOf(row: HoldRow, nowMs: number, timings: Timings): Hold {
  const lastBeatAtMs = row.beatAtMs + timings.beatWriteEveryMs
  const expiresAtMs = expiryOf(row.admittedAtMs, lastBeatAtMs, timings)
  const wasDown = nowMs > expiresAtMs + timings.objectCallMs
  const { outcome: _, chargedNanoUsd: __, ...hold } = row
  if (!wasDown) return { ...hold, writtenBeatAtMs: row.beatAtMs, expiresAtMs, ...notCounted }
  return {
    ...hold,
    beatAtMs: nowMs - timings.beatWriteEveryMs,
    writtenBeatAtMs: notWritten,
    expiresAtMs: expiryOf(row.admittedAtMs, nowMs, timings),
    ...notCounted,
  }
}

/** Its admission has left the minute. */
const notCounted: Numbers = { admissionNumber: null, keyAdmissionNumber: null }
