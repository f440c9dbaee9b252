// The life of a hold between its admission and its charge: beat, release, and the expiry of the silent ones.

import { keyNumber } from '#core/ids.ts'
import { maxNanoUsd, nanoUsd } from '#core/money.ts'
import { readWhole } from '#core/readers.ts'
import { callTimeOf } from './call-time.ts'
import { expireHold, holdAgeMaxMs, unseenRow } from './charges.ts'
import type { Beat, BeatAnswer, Release, ReleaseAnswer } from './call-commands.ts'
import type { Draft } from './draft.ts'
import { dropHold, keepHold, keepRow, mayDo, putHold, resolvedCall } from './draft.ts'
import { expireLots } from './lot-expiry.ts'
import { forceOf } from './key-force.ts'
import { correctAdmission } from './key-rates.ts'
import { isSuspended } from './payment-risk.ts'
import { rowOf } from './rows.ts'
import type { Hold, State } from './state.ts'
import { notWritten } from './state.ts'
import type { Timings } from './timings.ts'

/** When a hold expires whose last sign of life was at `atMs`. */
export function expiryOf(admittedAtMs: number, atMs: number, timings: Timings): number {
  return Math.min(atMs + timings.holdExpiryMs, admittedAtMs + holdAgeMaxMs)
}

/** Proof of life. Any beat that arrives prolongs the hold; only the newest says the cost, and the cost never falls. */
export function beat(draft: Draft, command: Beat): BeatAnswer {
  const { state, context } = draft
  const n = readWhole(command.n)
  const cost = readWhole(command.costNanoUsd)
  if (n === undefined || cost === undefined) return { state: 'internal' }
  const hold = state.holds.get(command.callId)
  if (hold === undefined) {
    if (callTimeOf(command.callId) === undefined) return { state: 'unknown_call' }
    return { state: resolvedCall(draft, command.callId) === undefined ? 'unknown_call' : 'resolved' }
  }
  const isNewer = n > hold.beatN
  const beaten: Hold = {
    ...hold,
    beatN: isNewer ? n : hold.beatN,
    checkpointNanoUsd: isNewer ? maxNanoUsd(hold.checkpointNanoUsd, nanoUsd(cost)) : hold.checkpointNanoUsd,
    beatAtMs: state.nowMs,
    expiresAtMs: expiryOf(hold.admittedAtMs, state.nowMs, context.timings),
  }
  const isDueToBeWritten = state.nowMs - hold.writtenBeatAtMs >= context.timings.beatWriteEveryMs
  if (isDueToBeWritten) keepHold(draft, beaten)
  else putHold(draft, beaten)
  return { state: mayGoOn(state, hold) ? 'ok' : 'stop' }
}

/** Ends a call that cost nothing. A release before its admission leaves a row, so that the admission is refused. */
export function release(draft: Draft, command: Release): ReleaseAnswer {
  const { state } = draft
  if (callTimeOf(command.callId) === undefined) return { ok: false, code: 'internal' }
  const hold = state.holds.get(command.callId)
  if (hold !== undefined) {
    dropHold(draft, hold)
    expireLots(draft)
    correctAdmission(state, hold, 0)
    keepRow(draft, { ...rowOf(hold), outcome: 'released', tokens: 0 })
  } else if (resolvedCall(draft, command.callId) === undefined) {
    keepRow(draft, { ...unseenRow(draft, command.callId, keyNumber(0)), outcome: 'released' })
  }
  return { ok: true }
}

/** Expires what is due. Runs before every group of commands, so that no command ever sees a hold that should be gone. */
export function expireDue(draft: Draft): void {
  // First what is over: no charge may count on it.
  expireLots(draft)
  // A map may lose or replace the entry that is being visited.
  for (const hold of draft.state.holds.values()) {
    const isDue = hold.expiresAtMs <= draft.state.nowMs
    if (!isDue && hold.writtenBeatAtMs !== notWritten) continue
    if (!mayDo(draft, `hold:${hold.callId}`)) continue
    if (isDue) expireHold(draft, hold)
    else keepHold(draft, hold)
  }
}

function mayGoOn(state: State, hold: Hold): boolean {
  const key = state.keys.get(hold.keyNumber)
  if (key === undefined || isSuspended(state)) return false
  // An expiry is no alarm: what was admitted before it may run to its end.
  const force = forceOf(key, state.nowMs)
  return force === 'active' || force === 'expired'
}
