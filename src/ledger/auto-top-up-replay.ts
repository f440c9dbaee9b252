// How automatic top-up follows from the log (replay.ts): the same lines live, after a restart and in a rebuild.

import { type NanoUsd, addNanoUsd, maxNanoUsd, nanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { PauseReason, SavedMethod } from './auto-top-up-commands.ts'
import { readAutoTopUpTerms, readId, readMethod, readPauseReason } from './auto-top-up-details.ts'
import {
  type Attempt,
  type AutoTopUp,
  type AutoTopUpPhase,
  attemptsPerDayMax,
  chargedInMonthOf,
  inFlightOf,
} from './auto-top-up-state.ts'
import type { Entry } from './entry.ts'
import type { State } from './state.ts'
import { windowStart } from './windows.ts'

type Detail = { readonly [name: string]: unknown }

const idle: AutoTopUpPhase = { state: 'idle' }

/** After every entry, when the money has moved. */
export function followTopUp(state: State, entry: Entry): void {
  const detail = isObject(entry.detail) ? entry.detail : {}
  switch (entry.kind) {
    case 'usage':
    case 'late':
      if (entry.amountNanoUsd < 0) wantTopUp(state)
      break
    case 'purchase':
    case 'auto_top_up':
      afterPaidIn(state, entry)
      break
    case 'auto_top_up_terms':
      afterTopUpTerms(state, detail)
      break
    case 'attempt':
      afterAttempt(state, entry, detail)
      break
    default:
  }
  forgetWish(state)
}

/** A charge is the only movement of money that asks for a top-up. */
function wantTopUp(state: State): void {
  const { autoTopUp: auto } = state
  if (!auto.terms.isEnabled || auto.isWanted || !isBelow(state)) return
  state.autoTopUp = { ...auto, isWanted: true }
}

/** Whatever has brought the money: nothing is wanted any more. */
function forgetWish(state: State): void {
  const { autoTopUp: auto } = state
  if (auto.isWanted && !isBelow(state)) state.autoTopUp = { ...auto, isWanted: false }
}

/** "Below" fires, "at" does not; what is on its way counts as there. */
function isBelow(state: State): boolean {
  const { autoTopUp: auto } = state
  return addNanoUsd(state.postedNanoUsd, inFlightOf(auto)) < auto.terms.thresholdNanoUsd
}

/** Money that its owner has paid, by an attempt or by hand: the card works. */
function afterPaidIn(state: State, { kind, reference, amountNanoUsd, createdAtMs }: Entry): void {
  const { autoTopUp: auto } = state
  const { phase } = auto
  const isAttempt = kind === 'auto_top_up'
  const isCurrent = phase.state === 'charging' && phase.attempt.orderId === reference
  const isResumed = phase.state === 'paused' && phase.why !== 'mismatch'
  state.autoTopUp = {
    ...auto,
    phase: isCurrent || isResumed ? idle : phase,
    failures: 0,
    retryAtMs: 0,
    // The current one was counted when it started; any other was given up, and has charged after all.
    month: isAttempt && !isCurrent ? monthAfter(auto, amountNanoUsd, createdAtMs) : auto.month,
  }
}

/** New terms or a new method. */
function afterTopUpTerms(state: State, detail: Detail): void {
  const { autoTopUp: before } = state
  const terms = readAutoTopUpTerms(detail['terms'])
  const method = readMethod(detail['method'])
  let auto: AutoTopUp = { ...before, terms: terms ?? before.terms, method: method ?? before.method }
  // Enabling is its customer's word that it may be tried again; the same card under a new number is not.
  if (terms !== undefined || (method !== undefined && isOtherCard(before, method))) auto = resumed(auto)
  if (terms !== undefined) auto = { ...auto, cappedMonthMs: 0, isWanted: terms.isEnabled && auto.isWanted }
  state.autoTopUp = auto
  // "You will be charged now": whoever enables it below the threshold need not wait for the next charge.
  if (terms?.isEnabled === true) wantTopUp(state)
}

function resumed(auto: AutoTopUp): AutoTopUp {
  const phase = auto.phase.state === 'paused' ? idle : auto.phase
  return { ...auto, phase, failures: 0, retryAtMs: 0 }
}

function isOtherCard({ method, phase }: AutoTopUp, { fingerprint }: SavedMethod): boolean {
  const failed = phase.state === 'paused' ? phase.fingerprint : method?.fingerprint
  return failed !== fingerprint
}

/** One line per change of the state. */
function afterAttempt(state: State, entry: Entry, detail: Detail): void {
  const { autoTopUp: auto } = state
  switch (detail['step']) {
    case 'started':
      state.autoTopUp = afterStart(auto, entry, detail)
      return
    case 'begun':
      return change(state, { begunAtMs: entry.createdAtMs })
    case 'processing':
      return change(state, { isProcessing: true, intentId: readId(detail['intentId']) ?? null })
    case 'reminded':
      if (auto.phase.state === 'charging') change(state, { reminders: auto.phase.attempt.reminders + 1 })
      return
    case 'dropped':
      state.autoTopUp = { ...withoutAttempt(auto), phase: idle, isWanted: detail['isWanted'] === true }
      return
    case 'declined':
      state.autoTopUp = {
        ...withoutAttempt(auto),
        phase: idle,
        isWanted: true,
        failures: auto.failures + 1,
        retryAtMs: readWhole(detail['retryAtMs']) ?? 0,
      }
      return
    case 'paused':
      state.autoTopUp = afterPause(auto, detail)
      return
    case 'method_gone':
      state.autoTopUp = { ...auto, method: null }
      return
    case 'capped':
      state.autoTopUp = { ...auto, cappedMonthMs: windowStart('month', entry.createdAtMs) }
      return
  }
}

function afterStart(auto: AutoTopUp, { reference, createdAtMs }: Entry, detail: Detail): AutoTopUp {
  const method = readMethod(detail['method'])
  const amountNanoUsd = nanoUsd(readWhole(detail['amountNanoUsd'], 1) ?? 0)
  if (method === undefined || amountNanoUsd === zeroNanoUsd) return auto
  const attempt: Attempt = {
    orderId: reference,
    amountNanoUsd,
    method,
    startedAtMs: createdAtMs,
    begunAtMs: null,
    isProcessing: false,
    intentId: null,
    reminders: 0,
  }
  return {
    ...auto,
    phase: { state: 'charging', attempt },
    isWanted: false,
    startsMs: [...auto.startsMs, createdAtMs].slice(-attemptsPerDayMax),
    month: monthAfter(auto, amountNanoUsd, createdAtMs),
  }
}

function afterPause(auto: AutoTopUp, detail: Detail): AutoTopUp {
  const why: PauseReason = readPauseReason(detail['why']) ?? 'declined'
  const attempt = auto.phase.state === 'charging' ? auto.phase.attempt : null
  const intentId = readId(detail['intentId']) ?? attempt?.intentId ?? null
  return {
    // What its owner may still confirm is charged by its owner, not by an attempt of this month.
    ...withoutAttempt(auto),
    phase: {
      state: 'paused',
      why,
      fingerprint: attempt?.method.fingerprint ?? null,
      attempt: attempt === null ? null : { ...attempt, intentId },
    },
    isWanted: true,
  }
}

function change(state: State, changes: Partial<Attempt>): void {
  const { phase } = state.autoTopUp
  if (phase.state !== 'charging') return
  const attempt = { ...phase.attempt, ...changes }
  state.autoTopUp = { ...state.autoTopUp, phase: { state: 'charging', attempt } }
}

/** An attempt that has charged nothing does not count in its month. */
function withoutAttempt(auto: AutoTopUp): AutoTopUp {
  const { phase, month } = auto
  if (phase.state !== 'charging') return auto
  const { startedAtMs, amountNanoUsd } = phase.attempt
  if (windowStart('month', startedAtMs) !== month.startMs) return auto
  const left = maxNanoUsd(zeroNanoUsd, subtractNanoUsd(month.nanoUsd, amountNanoUsd))
  return { ...auto, month: { ...month, nanoUsd: left } }
}

function monthAfter(auto: AutoTopUp, amountNanoUsd: NanoUsd, atMs: number): AutoTopUp['month'] {
  return {
    startMs: windowStart('month', atMs),
    nanoUsd: addNanoUsd(chargedInMonthOf(auto, atMs), amountNanoUsd),
  }
}
