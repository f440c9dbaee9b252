// The two marks of the outbox as part of the state: what the queue took, and what Postgres has been seen to hold.

import type { NanoUsd } from '#core/money.ts'
import type { CommandAnswer, Confirm, Resend } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { find } from './draft.ts'
import type { Marks, State } from './state.ts'
import { genesisHash } from './state.ts'
import type { Timings } from './timings.ts'

/** The wait before sending again doubles up to 16 times the first, so that a long outage of Postgres is no flood. */
const resendDoublingsMax = 4

/** Kept in memory until something else has to be written: a lost mark only means that entries travel twice. */
export function markSent(draft: Draft, from: number, seq: number, hash: string): void {
  const { state } = draft
  if (state.marks.sentSeq !== from || seq > state.headSeq) return
  const wasAllConfirmed = state.marks.sentSeq <= state.marks.confirmedSeq
  state.marks = {
    ...state.marks,
    sentSeq: seq,
    sentHash: hash,
    waitingSinceMs: wasAllConfirmed ? state.nowMs : state.marks.waitingSinceMs,
  }
}

/** Once per wake: how far the sending has come reaches its row, so that no restart sends everything again. */
export function keepMarksIfMoved(draft: Draft, storedSentSeq: number): void {
  if (draft.state.marks.sentSeq !== storedSentSeq) draft.isMarksChanged = true
}

/** What the object itself holds at the confirmed entry. */
export type Proof = { sumNanoUsd: NanoUsd; hash: string }

export function confirm(draft: Draft, command: Confirm, proof: Proof | undefined): CommandAnswer {
  const { state } = draft
  // The numbers and the chain go on from epoch to epoch, so an earlier epoch is confirmed on the way.
  if (command.epoch > state.epoch) return { ok: false, code: 'invalid_command' }
  if (command.seq <= state.marks.confirmedSeq) return { ok: true }
  const isTrue = proof?.hash === command.hash && proof.sumNanoUsd === command.sumNanoUsd
  if (!isTrue) {
    find(draft, `confirm:${String(command.seq)}:${command.hash.slice(0, 16)}`, {
      what: 'confirmation_differs',
      seq: command.seq,
      sumNanoUsd: command.sumNanoUsd,
      hash: command.hash,
      ownSumNanoUsd: proof?.sumNanoUsd ?? null,
      ownHash: proof?.hash ?? null,
    })
    return { ok: false, code: 'invalid_command' }
  }
  const isAhead = command.seq > state.marks.sentSeq
  state.marks = {
    sentSeq: isAhead ? command.seq : state.marks.sentSeq,
    sentHash: isAhead ? command.hash : state.marks.sentHash,
    waitingSinceMs: state.nowMs,
    confirmedSeq: command.seq,
    confirmedHash: command.hash,
    resends: 0,
  }
  draft.isMarksChanged = true
  return { ok: true }
}

/** Everything above the confirmed mark is to be sent again, or the whole log where Postgres has lost what it had confirmed. */
export function rewind(draft: Draft, command?: Resend): CommandAnswer {
  if (command?.from === 1)
    draft.state.marks = { ...draft.state.marks, confirmedSeq: 0, confirmedHash: genesisHash }
  const { marks } = draft.state
  draft.state.marks = {
    ...marks,
    sentSeq: marks.confirmedSeq,
    sentHash: marks.confirmedHash,
    resends: marks.resends + 1,
  }
  draft.isMarksChanged = true
  return { ok: true }
}

/** The same, where Postgres has confirmed nothing for too long. */
export function rewindIfDue(draft: Draft, timings: Timings): void {
  const dueAtMs = resendDueAt(draft.state, timings)
  if (dueAtMs !== undefined && dueAtMs <= draft.state.nowMs) rewind(draft)
}

/** When the sent but unconfirmed are due to be sent again; undefined where there are none. */
export function resendDueAt(state: State, timings: Timings): number | undefined {
  const { marks } = state
  if (marks.sentSeq <= marks.confirmedSeq) return undefined
  return marks.waitingSinceMs + waitOf(marks, timings)
}

function waitOf(marks: Marks, timings: Timings): number {
  return timings.resendAfterMs * 2 ** Math.min(marks.resends, resendDoublingsMax)
}
