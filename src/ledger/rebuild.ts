// How an account is made of its log alone: the state by the same replay as at every start, and beside it the rows that are no
// entries (references, calls of the last days). The new epoch goes on in the same numbers and the same chain.

import { dayMs } from '#core/clock.ts'
import { keyNumber, readCallId } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { AccountId } from '#core/ids.ts'
import { readTaken } from './allowances.ts'
import { referenceOfAttempt } from './auto-top-up.ts'
import { callTimeOf } from './call-time.ts'
import { neverAdmittedMs } from './charges.ts'
import { saidOfCredit } from './credits.ts'
import { type Context, append, openDraft } from './draft.ts'
import type { Entry } from './entry.ts'
import { referenceOfClearing } from './fraud-warnings.ts'
import type { FinishRebuild } from './rebuild-commands.ts'
import { referenceOfOrder } from './orders.ts'
import { referencesOfInvoice } from './invoices.ts'
import { isMetered, saidOfMeter } from './meter.ts'
import { saidOfPlanEntry } from './plans.ts'
import { applyEntry } from './replay.ts'
import { isTold, saidOfRefund } from './refunds.ts'
import { commandOfReversal, saidOfReversal } from './reversals.ts'
import type { Changes, HoldRow, ReferenceRow, Snapshot } from './rows.ts'
import { snapshotOf, stateOfSnapshot } from './start.ts'
import type { State } from './state.ts'
import { newState } from './state.ts'
import { isOfSubscription } from './subscription-details.ts'
import { referenceOfSubscription } from './subscriptions.ts'
import { rowOfPayment } from './told-facts.ts'

/** Older calls are forgotten by every object. */
const callsKeptMs = 3 * dayMs

/** From the first entry on, or from a snapshot that an earlier step has left. */
export function replayed(accountId: AccountId, entries: Iterable<Entry>, snapshot?: Snapshot | null): State {
  const state = snapshot ? stateOfSnapshot(snapshot) : newState(accountId)
  for (const entry of entries) applyEntry(state, entry)
  return state
}

/** What a page of the closed log writes. */
export function changesOfPage(entries: readonly Entry[], nowMs: number): Changes {
  const calls = new Map<string, HoldRow>()
  for (const entry of entries) {
    const row = callRowOf(entry, nowMs)
    if (row !== undefined) calls.set(row.callId, row)
  }
  return {
    isCreation: false,
    nowMs,
    entries,
    holds: [...calls.values()].map((row) => ({ row, isNew: true })),
    references: entries.flatMap(referencesOfEntry),
    answers: [],
    marks: null,
    snapshot: null,
    erasedSeq: null,
  }
}

/**
 * The first line of the new epoch brings the balance over. Reports leave it out, and so do the lifetime sums: the lines that
 * made the balance stand below it.
 */
export function openEpoch(closed: State, command: FinishRebuild, context: Context): Changes {
  const { state, entries } = openDraftAt(closed, command, context)
  state.rowsSinceSnapshot = 0
  state.marks = {
    sentSeq: command.closedSeq,
    sentHash: command.closedHash,
    waitingSinceMs: state.nowMs,
    confirmedSeq: command.closedSeq,
    confirmedHash: command.closedHash,
    resends: 0,
  }
  return {
    isCreation: false,
    nowMs: state.nowMs,
    entries,
    holds: [],
    references: [],
    answers: [],
    marks: state.marks,
    snapshot: snapshotOf(state),
    // A Postgres that has not erased yet brings nothing back.
    erasedSeq: state.erasedSeq > 0 ? state.erasedSeq : null,
  }
}

function openDraftAt(closed: State, command: FinishRebuild, context: Context) {
  const draft = openDraft(closed, context)
  const { closedEpoch, closedSeq, closedHash, reason, epoch } = command
  draft.state.epoch = epoch
  // The sum of an epoch begins at nothing.
  draft.state.postedNanoUsd = zeroNanoUsd
  append(draft, {
    kind: 'opening',
    reference: `epoch:${epoch}`,
    amountNanoUsd: closed.postedNanoUsd,
    keyNumber: null,
    detail: { closedEpoch, closedSeq, closedHash, reason },
  })
  return draft
}

/** The rows that the entry has written; of a payment's the last one stands. */
export function referencesOfEntry(entry: Entry): readonly ReferenceRow[] {
  const rows = entry.kind === 'invoice' ? referencesOfInvoice(entry) : []
  return [...rows, ...[referenceOfEntry(entry), rowOfPayment(entry)].flatMap((row) => row ?? [])]
}

/** What the command said that wrote the entry; undefined for entries that no command of this kind wrote. */
export function referenceOfEntry(entry: Entry): ReferenceRow | undefined {
  const { reference, seq } = entry
  switch (entry.kind) {
    case 'purchase':
    case 'auto_top_up':
    case 'bonus':
    case 'grant':
    case 'adjustment':
      return { scope: 'credit', reference, seq, said: saidOfCredit(entry) }
    case 'key':
      return { scope: scopeOfKey(entry), reference, seq, said: String(entry.keyNumber) }
    case 'settings':
      return { scope: 'settings', reference, seq, said: '' }
    case 'finding':
      return { scope: 'finding', reference, seq, said: '' }
    case 'auto_top_up_terms':
      return { scope: 'auto_top_up_terms', reference, seq, said: '' }
    case 'attempt':
      return referenceOfAttempt(entry)
    case 'plan':
      return isOfSubscription(entry)
        ? referenceOfSubscription(entry)
        : { scope: 'plan', reference, seq, said: saidOfPlanEntry(entry) }
    case 'allowance':
      return referenceOfSubscription(entry)
    case 'usage':
      return isMetered(entry) ? { scope: 'meter', reference, seq, said: saidOfMeter(entry) } : undefined
    case 'reversal': {
      const command = commandOfReversal(entry)
      return { scope: 'reversal', reference: command, seq, said: saidOfReversal(entry) }
    }
    case 'order':
      return referenceOfOrder(entry)
    case 'refund':
      return isTold(entry) ? undefined : { scope: 'refund', reference, seq, said: saidOfRefund(entry) }
    case 'erasure':
      return { scope: 'erasure', reference, seq, said: '' }
    case 'limit_reached':
      return { scope: 'limit', reference, seq, said: '' }
    case 'fraud_warning':
      return referenceOfClearing(entry)
    case 'level':
    case 'dispute':
    case 'create':
    case 'customer':
    case 'late':
    case 'expiry':
    case 'invoice':
    case 'opening':
      return undefined
  }
}

function scopeOfKey({ detail }: Entry): 'key' | 'key_edit' | 'revoke' {
  const action = isObject(detail) ? detail['action'] : undefined
  return action === 'revoke' ? 'revoke' : action === 'edit' ? 'key_edit' : 'key'
}

/** What is said about it later may not take more tokens than its expiry has. */
function coverOfExpiry(detail: { readonly [name: string]: unknown }): HoldRow['cover'] {
  const taken = readTaken(detail)
  if (taken === undefined || taken.units <= 0) return null
  const { units, periodStartMs } = taken
  return { units, bound: units, coversNanoUsd: zeroNanoUsd, periodStartMs }
}

/** The row of a call that was charged, so that whatever is still said about it is told that it has ended. */
export function callRowOf(entry: Entry, nowMs: number): HoldRow | undefined {
  if (entry.kind !== 'usage' && entry.kind !== 'late') return undefined
  const callId = readCallId(entry.reference)
  const bornAtMs = callId === undefined ? undefined : callTimeOf(callId)
  if (callId === undefined || bornAtMs === undefined || bornAtMs < nowMs - callsKeptMs) return undefined
  const detail: { readonly [name: string]: unknown } = isObject(entry.detail) ? entry.detail : {}
  const isExpiry = detail['rule'] === 'hold_expired'
  return {
    callId,
    // Open in a row that is not open in memory means settled: the charge is found behind `afterSeq`.
    outcome: entry.kind === 'late' ? 'late' : isExpiry ? 'expired' : 'open',
    keyNumber: entry.keyNumber ?? keyNumber(0),
    model: readString(detail['model']) ?? '',
    endUser: readString(detail['endUser']) ?? null,
    heldNanoUsd: zeroNanoUsd,
    sliceNanoUsd: zeroNanoUsd,
    pins: [],
    cover: coverOfExpiry(detail),
    checkpointNanoUsd: zeroNanoUsd,
    beatN: 0,
    beatAtMs: entry.createdAtMs,
    admittedAtMs: readWhole(detail['admittedAtMs']) ?? neverAdmittedMs,
    tokens: readWhole(detail['tokens']) ?? 0,
    afterSeq: entry.seq - 1,
    chargedNanoUsd: nanoUsd(readWhole(detail['costNanoUsd']) ?? 0),
  }
}
