// Money for calls: capture, late capture and expiry. The one place that decides how much of a cost is really charged.

import { hourMs } from '#core/clock.ts'
import type { CallId, KeyNumber } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import {
  addNanoUsd,
  maxNanoUsd,
  minNanoUsd,
  nanoUsd,
  negateNanoUsd,
  subtractNanoUsd,
  zeroNanoUsd,
} from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import { type Taken, readTaken, takenDetail } from './allowances.ts'
import { payableAtCheckpoint, payableLate, payableOf } from './token-cover.ts'
import type { Entry } from './entry.ts'
import { callTimeOf } from './call-time.ts'
import type { Capture, CaptureAnswer } from './call-commands.ts'
import type { Draft, Resolved } from './draft.ts'
import { availableOf } from './available.ts'
import { keepAnswer, repeatedBy, supersededOf } from './claims.ts'
import { type Booked, bookkeeping, chargeDetail, freeOfCharge, silentDetail } from './charge-details.ts'
import { append, chargeEntryOf, dropHold, find, keepRow, resolvedCall } from './draft.ts'
import { expireLots } from './lot-expiry.ts'
import { type Draw, drawDetail, drawFor, noDraw, returnOf, takenBy } from './lots.ts'
import { correctAdmission } from './key-rates.ts'
import { remainingDraw, remainingUnits } from './reversals.ts'
import { rowOf } from './rows.ts'
import type { Hold, State } from './state.ts'

/** $1: how far an account may fall below zero when calls cost more than they held; what is beyond is written off. */
export const overrunDebtMaxNanoUsd = nanoUsd(1_000_000_000)
/** $1 million: no single call costs more; a larger figure is a broken owner. */
export const callCostMaxNanoUsd = nanoUsd(1_000_000_000_000_000)
/** No beat keeps a hold longer than this; the rows of its day are forgotten after two more. */
export const holdAgeMaxMs = 24 * hourMs

/** Books the end of a call. Never refused for lack of money. */
export function capture(draft: Draft, command: Capture): CaptureAnswer {
  const first = supersededOf(draft, command)
  // The first attempt was lost, repeated, and then its own end arrived after all: its charge stands for both.
  const isPaid = first !== undefined && first.outcome !== 'expired' && first.chargedNanoUsd > 0
  const answer = captureAlone(draft, isPaid ? freeOfCharge(command) : command)
  if (!answer.ok || answer.state === 'repeat') return answer
  keepAnswer(draft, command)
  if (first?.outcome !== 'expired' || answer.chargedNanoUsd === zeroNanoUsd) return answer
  // Also where nothing was charged: it is ended, so that its own end, still on its way, is no second charge.
  reverseAttempt(draft, first)
  return captured(draft.state, answer.state, answer.chargedNanoUsd)
}

function captureAlone(draft: Draft, command: Capture): CaptureAnswer {
  const { state, context } = draft
  const bornAtMs = callTimeOf(command.callId)
  if (bornAtMs === undefined || !isSound(command)) return { ok: false, code: 'invalid_command' }

  const hold = state.holds.get(command.callId)
  if (hold !== undefined) return settle(draft, hold, command)

  const resolved = resolvedCall(draft, command.callId)
  if (resolved?.outcome === 'expired') return bookDifference(draft, resolved, command)
  if (resolved !== undefined) return captured(state, 'repeat', resolved.chargedNanoUsd)

  if (state.nowMs - bornAtMs > context.timings.rememberCallsMs) {
    find(draft, `too_old:${command.callId}`, {
      what: 'capture_too_old',
      callId: command.callId,
      costNanoUsd: command.costNanoUsd,
      detail: { ...command.detail },
    })
    return { ok: false, code: 'too_old' }
  }
  return bookUnknown(draft, command)
}

/** A lost attempt is ended and its checkpoint goes back: one Idempotency-Key, one charge. */
export function reverseAttempt(draft: Draft, attempt: Resolved): void {
  const { row } = attempt
  bookDifference(draft, attempt, {
    callId: row.callId,
    keyNumber: row.keyNumber,
    costNanoUsd: zeroNanoUsd,
    tokens: 0,
    admittedAgoMs: 0,
    detail: { ...silentDetail(row, draft.state.nowMs), rule: 'reversed_by_repeat' },
  })
}

/** Ends a hold whose owner has gone silent: its last checkpoint is charged, the rest is free again. */
export function expireHold(draft: Draft, hold: Hold): void {
  const { costNanoUsd, taken } = payableAtCheckpoint(hold)
  const { chargedNanoUsd, writtenOffNanoUsd } = affordable(draft.state, costNanoUsd, hold.heldNanoUsd)
  dropHold(draft, hold)
  append(draft, {
    kind: 'usage',
    reference: hold.callId,
    amountNanoUsd: negateNanoUsd(chargedNanoUsd),
    keyNumber: hold.keyNumber,
    detail: {
      ...chargeDetail(silentDetail(hold, draft.state.nowMs)),
      ...bookkeeping({ chargedNanoUsd, writtenOffNanoUsd }, hold),
      ...drawDetail(drawn(draft.state, chargedNanoUsd, hold.pins)),
      ...takenDetail(taken),
    },
  })
  keepRow(draft, { ...rowOf(hold), outcome: 'expired', chargedNanoUsd })
  expireLots(draft)
  findWrittenOff(draft, hold.callId, writtenOffNanoUsd)
  if (chargedNanoUsd > 0) chargeOnlyOne(draft, hold.callId)
}

/** Of a lost call and the attempt that it repeats one charge stands, and no second end: what an owner said, else the later checkpoint. */
function chargeOnlyOne(draft: Draft, callId: CallId): void {
  const [first, lost] = [repeatedBy(draft, callId), resolvedCall(draft, callId)]
  if (first === undefined || lost === undefined) return
  if (first.outcome === 'expired') reverseAttempt(draft, first)
  else if (first.chargedNanoUsd > 0) reverseAttempt(draft, lost)
}

function settle(draft: Draft, hold: Hold, command: Capture): CaptureAnswer {
  const { state } = draft
  const { costNanoUsd, taken } = payableOf(hold.cover, command)
  const booked = affordable(state, costNanoUsd, hold.heldNanoUsd)
  dropHold(draft, hold)
  append(draft, {
    kind: 'usage',
    reference: hold.callId,
    amountNanoUsd: negateNanoUsd(booked.chargedNanoUsd),
    keyNumber: hold.keyNumber,
    detail: {
      ...chargeDetail(command.detail),
      ...bookkeeping(booked, { ...hold, tokens: command.tokens }),
      ...drawDetail(drawn(state, booked.chargedNanoUsd, hold.pins)),
      ...takenDetail(taken),
    },
  })
  expireLots(draft)
  correctAdmission(state, hold, command.tokens)
  findOverrun(draft, hold, costNanoUsd)
  findWrittenOff(draft, hold.callId, booked.writtenOffNanoUsd)
  return captured(state, 'settled', booked.chargedNanoUsd)
}

/** After an expiry: what the capture says less what the expiry has charged, either way. */
function bookDifference(draft: Draft, resolved: Resolved, command: Capture): CaptureAnswer {
  const { row } = resolved
  const takenBefore = readTaken(detailOf(chargeEntryOf(draft, row)))?.units ?? 0
  const { costNanoUsd, tokens } = command
  const payable = payableLate(draft.state, row.cover, { costNanoUsd, tokens, takenBefore })
  const difference = subtractNanoUsd(payable.costNanoUsd, resolved.chargedNanoUsd)
  const more = affordable(draft.state, maxNanoUsd(difference, zeroNanoUsd), zeroNanoUsd)
  // What the operator has given back already is not given back again.
  const remaining = difference < 0 ? remainingDraw(draft, row.callId) : noDraw
  const amount =
    difference < 0 ? maxNanoUsd(difference, negateNanoUsd(takenBy(remaining))) : more.chargedNanoUsd
  const booked = {
    chargedNanoUsd: addNanoUsd(resolved.chargedNanoUsd, amount),
    writtenOffNanoUsd: more.writtenOffNanoUsd,
  }
  append(draft, {
    kind: 'late',
    reference: row.callId,
    amountNanoUsd: negateNanoUsd(amount),
    keyNumber: row.keyNumber,
    detail: {
      ...chargeDetail(command.detail),
      ...bookkeeping(booked, { ...row, tokens: command.tokens }),
      ...drawDetail(
        amount < 0
          ? returnOf(remaining, {
              amountNanoUsd: negateNanoUsd(amount),
              debtNanoUsd: draft.state.debtNanoUsd,
              seq: draft.state.headSeq + 1,
            })
          : drawn(draft.state, amount, []),
      ),
      ...takenDetail(takenLate(draft, row.callId, payable.taken)),
    },
  })
  keepRow(draft, { ...row, outcome: 'late', chargedNanoUsd: booked.chargedNanoUsd })
  // What returns to a lot that has expired meanwhile expires with it.
  expireLots(draft)
  findWrittenOff(draft, row.callId, booked.writtenOffNanoUsd)
  return captured(draft.state, 'late', booked.chargedNanoUsd)
}

/** As with the money: tokens that the operator has given back are not given back again. */
function takenLate(draft: Draft, callId: CallId, taken: Taken | null): Taken | null {
  if (taken === null || taken.units >= 0) return taken
  return { ...taken, units: Math.max(taken.units, 0 - remainingUnits(draft, callId)) }
}

/** A capture whose admission was never seen: booked as it says, and the call can never be admitted any more. */
function bookUnknown(draft: Draft, command: Capture): CaptureAnswer {
  const { state } = draft
  const booked = affordable(state, command.costNanoUsd, zeroNanoUsd)
  const admittedAtMs = Math.max(0, state.nowMs - command.admittedAgoMs)
  const row = {
    ...unseenRow(draft, command.callId, command.keyNumber),
    model: command.detail.model,
    tokens: command.tokens,
    outcome: 'late' as const,
    chargedNanoUsd: booked.chargedNanoUsd,
  }
  keepRow(draft, row)
  append(draft, {
    kind: 'late',
    reference: command.callId,
    amountNanoUsd: negateNanoUsd(booked.chargedNanoUsd),
    keyNumber: command.keyNumber,
    detail: {
      ...chargeDetail(command.detail),
      ...bookkeeping(booked, { ...row, admittedAtMs }),
      ...drawDetail(drawn(state, booked.chargedNanoUsd, [])),
    },
  })
  findWrittenOff(draft, command.callId, booked.writtenOffNanoUsd)
  return captured(state, 'late', booked.chargedNanoUsd)
}

/** The admission time of a call that was never admitted here: it does not count as a request. */
export const neverAdmittedMs = 0

/** The row that a call leaves whose end came before its beginning. */
export function unseenRow(draft: Draft, callId: CallId, keyNumber: KeyNumber) {
  return {
    callId,
    keyNumber,
    model: '',
    endUser: null,
    heldNanoUsd: zeroNanoUsd,
    sliceNanoUsd: zeroNanoUsd,
    pins: [],
    cover: null,
    checkpointNanoUsd: zeroNanoUsd,
    beatN: 0,
    beatAtMs: draft.state.nowMs,
    admittedAtMs: neverAdmittedMs,
    tokens: 0,
    afterSeq: draft.state.headSeq,
    chargedNanoUsd: zeroNanoUsd,
  }
}

/** The call's own hold is dropped already: what else is pinned belongs to others. */
function drawn(state: State, amountNanoUsd: NanoUsd, pins: Hold['pins']): Draw {
  return drawFor(state.lots, state.pinned, { amountNanoUsd, pins, nowMs: state.nowMs })
}

function detailOf(entry: Entry | undefined): { readonly [name: string]: unknown } {
  return isObject(entry?.detail) ? entry.detail : {}
}

/** An overrun beyond the hold takes from what is available, then becomes debt up to the cap; the rest is written off. */
function affordable(state: State, costNanoUsd: NanoUsd, heldNanoUsd: NanoUsd): Booked {
  if (costNanoUsd <= heldNanoUsd) return { chargedNanoUsd: costNanoUsd, writtenOffNanoUsd: zeroNanoUsd }
  const room = addNanoUsd(availableOf(state), overrunDebtMaxNanoUsd)
  const overrun = subtractNanoUsd(costNanoUsd, heldNanoUsd)
  const taken = minNanoUsd(overrun, maxNanoUsd(room, zeroNanoUsd))
  return {
    chargedNanoUsd: addNanoUsd(heldNanoUsd, taken),
    writtenOffNanoUsd: subtractNanoUsd(overrun, taken),
  }
}

/** A hold covers the dearest honest answer: a provider that claims more is for a human to look at. */
function findOverrun(draft: Draft, hold: Hold, costNanoUsd: NanoUsd): void {
  if (costNanoUsd <= hold.heldNanoUsd) return
  const { callId, heldNanoUsd, model } = hold
  find(draft, `overrun:${callId}`, { what: 'charged_above_hold', callId, model, heldNanoUsd, costNanoUsd })
}

function findWrittenOff(draft: Draft, callId: CallId, amount: NanoUsd): void {
  if (amount === zeroNanoUsd) return
  find(draft, `written_off:${callId}`, { what: 'written_off', callId, amountNanoUsd: amount })
}

function captured(state: State, outcome: 'settled' | 'late' | 'repeat', charged: NanoUsd): CaptureAnswer {
  return {
    ok: true,
    state: outcome,
    chargedNanoUsd: charged,
    balanceNanoUsd: state.postedNanoUsd,
    availableNanoUsd: availableOf(state),
  }
}

function isSound(command: Capture): boolean {
  const cost = readWhole(command.costNanoUsd)
  return (
    cost !== undefined &&
    cost <= callCostMaxNanoUsd &&
    readWhole(command.tokens) !== undefined &&
    readWhole(command.admittedAgoMs) !== undefined &&
    readWhole(command.keyNumber) !== undefined
  )
}
