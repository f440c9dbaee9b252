// The book: decides a group of commands over the state, in order, and says what to write. Pure: no clock, no storage, no
// platform. The object and the simulator run this file; neither keeps the next state before the rows are safe.

import { asMillis } from '#core/clock.ts'
import { topUpIfDue } from './auto-top-up.ts'
import { expireDue } from './holds.ts'
import type { CommandAnswer, Create } from './account-commands.ts'
import type { Context, Draft } from './draft.ts'
import { find, openDraft } from './draft.ts'
import { brokenInvariants } from './invariants.ts'
import { keepInvoices } from './invoices.ts'
import { renewAllowances } from './plans.ts'
import { ageRate } from './rate.ts'
import type { Changes } from './rows.ts'
import { create, createAgain, isCreatable } from './settings.ts'
import { snapshotOf } from './start.ts'
import type { State } from './state.ts'
import { newState } from './state.ts'
import { keepSubscription } from './subscriptions.ts'

/** One command of a group, bound to whoever waits for its answer. */
export type Question = (desk: Desk) => void

/** Where a group is decided; no draft means that there is no such account. */
export type Desk = { draft: Draft | null; isCreation: boolean; readonly context: Context }

export type Decision = {
  /** Replaces the state once `changes` are durable; null as long as there is no account. */
  readonly next: State | null
  /** Null where nothing has to be written. */
  readonly changes: Changes | null
}

export function decideGroup(state: State | null, questions: readonly Question[], context: Context): Decision {
  const desk: Desk = { draft: state === null ? null : openAt(state, context), isCreation: false, context }
  if (desk.draft !== null) {
    expireDue(desk.draft)
    keepSubscription(desk.draft)
    renewAllowances(desk.draft)
    keepInvoices(desk.draft)
  }
  for (const question of questions) question(desk)
  // After what was asked: what its charges have made due is part of this commit.
  if (desk.draft !== null) topUpIfDue(desk.draft)
  return desk.draft === null ? { next: null, changes: null } : close(desk.draft, state, desk.isCreation)
}

/** One command alone: (state, command, now) → answer and decision. */
export function decide<Answer>(
  state: State | null,
  question: (desk: Desk) => Answer,
  context: Context,
): Decision & { answer: Answer | undefined } {
  let answer: Answer | undefined
  const decision = decideGroup(state, [(desk) => (answer = question(desk))], context)
  return { ...decision, answer }
}

/** For every command but `create`: an object without an account answers `missing` and writes nothing. */
export function ask<Answer, Missing>(
  desk: Desk,
  missing: Missing,
  decideIt: (draft: Draft) => Answer,
): Answer | Missing {
  return desk.draft === null ? missing : decideIt(desk.draft)
}

export function askCreate(desk: Desk, command: Create): CommandAnswer {
  if (desk.draft !== null) return createAgain(desk.draft, command)
  if (!isCreatable(command)) return { ok: false, code: 'invalid_command' }
  const draft = openAt(newState(command.accountId), desk.context)
  const answer = create(draft, command)
  if (answer.ok) {
    desk.draft = draft
    desk.isCreation = true
  }
  return answer
}

/** The object's now never goes back, whatever the clock says. */
function openAt(state: State, context: Context): Draft {
  const draft = openDraft(state, context)
  draft.state.nowMs = asMillis(Math.max(state.nowMs, context.nowMs))
  draft.state.rate = ageRate(draft.state.rate, draft.state.nowMs)
  return draft
}

function close(draft: Draft, before: State | null, isCreation: boolean): Decision {
  const { state } = draft
  const broken = brokenInvariants(before ?? newState(state.accountId), state, draft.entries)
  for (const what of broken) {
    state.isDamaged = true
    find(draft, `invariant:${what}`, { what: 'invariant_broken', invariant: what })
  }
  const isErasing = state.erasedSeq > (before?.erasedSeq ?? 0)
  const isSnapshotDue = isErasing || state.rowsSinceSnapshot >= draft.context.rowsPerSnapshot
  if (isSnapshotDue) state.rowsSinceSnapshot = 0
  const isNothing = draft.entries.length + draft.holds.size === 0 && !draft.isMarksChanged
  if (isNothing && !isCreation) return { next: state, changes: null }
  return {
    next: state,
    changes: {
      isCreation,
      nowMs: state.nowMs,
      entries: draft.entries,
      holds: [...draft.holds.values()],
      references: [...draft.references.values()],
      answers: isErasing ? [] : [...draft.answers].map(([callId, answer]) => ({ callId, answer })),
      marks: draft.isMarksChanged ? state.marks : null,
      snapshot: isSnapshotDue ? snapshotOf(state) : null,
      erasedSeq: isErasing ? state.erasedSeq : null,
    },
  }
}
