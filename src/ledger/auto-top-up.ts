// Automatic top-up: the one place that decides whether a card is charged without its owner. One attempt at a time, asked for by
// a charge, in the same commit; whoever talks to the payment provider asks here before and reports here after.

import type { Json } from '#core/errors.ts'
import { isOrderOfAccount, orderIdOfEntry } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type {
  AttemptOutcome,
  AttemptTerms,
  BeginAttempt,
  BeginAttemptAnswer,
  LoseMethod,
  ReportAttempt,
  ReportAttemptAnswer,
} from './auto-top-up-commands.ts'
import { methodAsJson, readId } from './auto-top-up-details.ts'
import { attemptDueAt, isCapped, isOpenToAttempts, mayAttempt, topUpDueAt } from './auto-top-up-due.ts'
import { type Attempt, askedWithinMs, keyLivesMs, retryDelaysMs } from './auto-top-up-state.ts'
import { bookCredit } from './credits.ts'
import { meaningOfDecline } from './declines.ts'
import type { Draft } from './draft.ts'
import { append, find, keepReference, mayDo, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type { PaymentFacts } from './order-commands.ts'
import type { ReferenceRow } from './rows.ts'
import type { State } from './state.ts'
import { windowStart } from './windows.ts'

// ── By itself ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * At the end of every group of commands: what its charges have made due is started in the same commit, and so are attempts that
 * had to wait. The entry is the task; if the object dies before it is sent, its outbox sends it.
 */
export function topUpIfDue(draft: Draft): void {
  const { state } = draft
  const { phase } = state.autoTopUp
  if (phase.state === 'charging') return remindIfDue(draft, phase.attempt)
  if (!mayAttempt(state)) return
  tellOfCap(draft)
  const dueAtMs = attemptDueAt(state)
  if (dueAtMs === undefined || dueAtMs > state.nowMs || !mayDo(draft, 'auto_top_up')) return
  start(draft)
}

function start(draft: Draft): void {
  const { state } = draft
  const { method, terms, failures } = state.autoTopUp
  if (method === null) return
  const orderId = orderIdOfEntry(state.accountId, state.epoch, state.headSeq + 1)
  const entry = step(draft, orderId, {
    step: 'started',
    amountNanoUsd: terms.amountNanoUsd,
    thresholdNanoUsd: terms.thresholdNanoUsd,
    method: methodAsJson(method),
    failures,
  })
  const row = referenceOfAttempt(entry)
  if (row !== undefined) keepReference(draft, row)
}

/** What was asked for under an order, for as long as the account lives: a payment may come late. */
export function referenceOfAttempt({ reference, seq, detail }: Entry): ReferenceRow | undefined {
  if (!isObject(detail) || detail['step'] !== 'started') return undefined
  return { scope: 'attempt', reference, seq, said: String(readWhole(detail['amountNanoUsd']) ?? '') }
}

/** What the answer to an attempt is lost of is asked about again, ever more rarely. */
function remindIfDue(draft: Draft, attempt: Attempt): void {
  const dueAtMs = topUpDueAt(draft.state)
  if (dueAtMs === undefined || dueAtMs > draft.state.nowMs || !mayDo(draft, 'auto_top_up_reminder')) return
  step(draft, attempt.orderId, { step: 'reminded' })
}

/** Once a month, and again after new terms. */
function tellOfCap(draft: Draft): void {
  const { autoTopUp: auto, nowMs } = draft.state
  const monthMs = windowStart('month', nowMs)
  if (auto.cappedMonthMs === monthMs || !isCapped(auto, nowMs) || !mayDo(draft, 'auto_top_up_cap')) return
  const { monthlyCapNanoUsd, amountNanoUsd } = auto.terms
  const chargedNanoUsd = auto.month.nanoUsd
  step(draft, `cap:${monthMs}`, { step: 'capped', monthlyCapNanoUsd, amountNanoUsd, chargedNanoUsd })
}

// ── Whoever talks to the provider ────────────────────────────────────────────────────────────────────────────────

/** From the first yes on the card may have been charged; before it, an attempt that nobody wants any more is dropped. */
export function beginAttempt(draft: Draft, { orderId }: BeginAttempt): BeginAttemptAnswer {
  const { state } = draft
  const attempt = currentAttempt(state, orderId)
  if (attempt === undefined) return { ok: true, todo: 'nothing' }
  if (attempt.begunAtMs === null) {
    if (!isStillWanted(state)) {
      drop(draft, attempt)
      return { ok: true, todo: 'nothing' }
    }
    step(draft, orderId, { step: 'begun' })
    return { ok: true, todo: 'create', attempt: termsOf(attempt) }
  }
  const isKeyAlive = state.nowMs - attempt.begunAtMs < keyLivesMs
  const mayCreate = isKeyAlive && !attempt.isProcessing && isOpenToAttempts(state)
  return { ok: true, todo: mayCreate ? 'create' : 'look_up', attempt: termsOf(attempt) }
}

function isStillWanted(state: State): boolean {
  return isOpenToAttempts(state) && state.postedNanoUsd < state.autoTopUp.terms.thresholdNanoUsd
}

/** The result, from whoever hears of it first: the answer of the provider, its webhook, a look-up. */
export function reportAttempt(draft: Draft, { orderId, outcome }: ReportAttempt): ReportAttemptAnswer {
  if (readId(orderId) === undefined) return { ok: false, code: 'no_such_attempt' }
  if (outcome.state === 'succeeded') return succeed(draft, orderId, outcome.facts)
  const attempt = currentAttempt(draft.state, orderId)
  // What has ended stays as it ended; only money changes that.
  if (attempt === undefined) return { ok: true, isBooked: false }
  switch (outcome.state) {
    case 'processing': {
      if (attempt.isProcessing) return { ok: true, isBooked: false }
      const { amountNanoUsd } = attempt
      step(draft, orderId, { step: 'processing', intentId: outcome.intentId, amountNanoUsd })
      return { ok: true, isBooked: true }
    }
    case 'needs_action':
      pause(draft, attempt, {
        why: 'needs_action',
        code: 'authentication_required',
        intentId: outcome.intentId,
      })
      return { ok: true, isBooked: true }
    case 'declined':
      decline(draft, attempt, outcome)
      return { ok: true, isBooked: true }
    case 'not_found':
      return { ok: true, isBooked: forget(draft, attempt) }
  }
}

/** A payment that was received is booked whatever has become of its attempt, if it is what was asked for. */
function succeed(draft: Draft, orderId: string, facts: PaymentFacts): ReportAttemptAnswer {
  const { state } = draft
  if (referenceOf(draft, 'credit', orderId) !== undefined) return { ok: true, isBooked: false }
  const asked = askedOf(draft, orderId)
  // Of an object that was lost before its line was sent, the id alone is left: nobody else makes one like it.
  if (asked === undefined && !isOrderOfAccount(orderId, state.accountId))
    return { ok: false, code: 'no_such_attempt' }
  const differs = differencesOf(state, asked, facts)
  if (differs.length > 0) {
    find(draft, `attempt_mismatch:${orderId}`, {
      what: 'attempt_mismatch',
      orderId,
      differs,
      askedNanoUsd: asked ?? null,
      facts: { ...facts },
    })
    const attempt = currentAttempt(state, orderId)
    if (attempt !== undefined)
      pause(draft, attempt, { why: 'mismatch', code: 'mismatch', intentId: facts.paymentId })
    return { ok: false, code: 'mismatch' }
  }
  const { netNanoUsd, taxNanoUsd, receivedNanoUsd, paymentId } = facts
  bookCredit(draft, {
    reference: orderId,
    kind: 'auto_top_up',
    amountNanoUsd: netNanoUsd,
    reason: '',
    actor: 'payment',
    payment: { paymentId, receivedNanoUsd, taxNanoUsd, bonusNanoUsd: zeroNanoUsd },
  })
  return { ok: true, isBooked: true }
}

/** What of the payment is not as it was asked for. */
function differencesOf(
  { accountId }: State,
  asked: NanoUsd | undefined,
  facts: PaymentFacts,
): readonly string[] {
  const { netNanoUsd, taxNanoUsd, receivedNanoUsd } = facts
  const differs = {
    account: facts.accountId !== accountId,
    currency: facts.currency !== 'usd',
    amount: netNanoUsd <= 0 || (asked !== undefined && netNanoUsd !== asked),
    received: receivedNanoUsd < addNanoUsd(netNanoUsd, taxNanoUsd),
  }
  return Object.entries(differs).flatMap(([name, isDifferent]) => (isDifferent ? [name] : []))
}

type Declined = Extract<AttemptOutcome, { state: 'declined' }>

function decline(draft: Draft, attempt: Attempt, { code, adviceCode, intentId }: Declined): void {
  const { nowMs, autoTopUp } = draft.state
  const meaning = meaningOfDecline(code, adviceCode)
  if (meaning !== 'passing') return pause(draft, attempt, { why: meaning, code, intentId })
  const delayMs = retryDelaysMs[autoTopUp.failures]
  if (delayMs === undefined) return pause(draft, attempt, { why: 'declined', code, intentId })
  step(draft, attempt.orderId, {
    step: 'declined',
    code,
    intentId,
    amountNanoUsd: attempt.amountNanoUsd,
    failures: autoTopUp.failures + 1,
    retryAtMs: nowMs + delayMs,
  })
}

type Pause = {
  why: 'declined' | 'card' | 'needs_action' | 'mismatch'
  code: string
  intentId: string | null
}

function pause(draft: Draft, { orderId, amountNanoUsd }: Attempt, said: Pause): void {
  step(draft, orderId, { step: 'paused', ...said, amountNanoUsd })
}

/** True once nobody can be asking any more: then nothing was ever charged, and nothing will be. */
function forget(draft: Draft, attempt: Attempt): boolean {
  const { begunAtMs } = attempt
  if (begunAtMs === null || draft.state.nowMs - begunAtMs < askedWithinMs) return false
  drop(draft, attempt)
  return true
}

function drop(draft: Draft, { orderId, amountNanoUsd }: Attempt): void {
  step(draft, orderId, { step: 'dropped', amountNanoUsd, isWanted: isStillWanted(draft.state) })
}

/** What has not begun when it is not wanted any more never begins. */
export function dropUnbegun(draft: Draft): void {
  const { phase } = draft.state.autoTopUp
  if (phase.state === 'charging' && phase.attempt.begunAtMs === null) drop(draft, phase.attempt)
}

// ── What happens at the provider without us ──────────────────────────────────────────────────────────────────────

export function loseMethod(draft: Draft, command: LoseMethod): { ok: true } {
  const { method, terms } = draft.state.autoTopUp
  if (method === null) return { ok: true }
  const isOurs =
    'methodId' in command ? command.methodId === method.id : command.customerId === method.customerId
  if (!isOurs) return { ok: true }
  step(draft, method.id, { step: 'method_gone', method: methodAsJson(method), isEnabled: terms.isEnabled })
  dropUnbegun(draft)
  return { ok: true }
}

// ── Below ────────────────────────────────────────────────────────────────────────────────────────────────────────

export function step(draft: Draft, reference: string, detail: { readonly [name: string]: Json }): Entry {
  return append(draft, { kind: 'attempt', reference, amountNanoUsd: zeroNanoUsd, keyNumber: null, detail })
}

function currentAttempt({ autoTopUp: { phase } }: State, orderId: string): Attempt | undefined {
  return phase.state === 'charging' && phase.attempt.orderId === orderId ? phase.attempt : undefined
}

function askedOf(draft: Draft, orderId: string): NanoUsd | undefined {
  const amount = readWhole(Number(referenceOf(draft, 'attempt', orderId)?.said ?? ''), 1)
  return amount === undefined ? undefined : nanoUsd(amount)
}

function termsOf({ orderId, amountNanoUsd, method, intentId }: Attempt): AttemptTerms {
  return { orderId, amountNanoUsd, method, intentId }
}
