// What a customer agrees to about automatic top-up: the terms and the saved method, and how both look to them.

import { zeroNanoUsd } from '#core/money.ts'
import type { AutoTopUpView, SavedMethod, SetAutoTopUp, SetAutoTopUpAnswer } from './auto-top-up-commands.ts'
import { methodAsJson, readAutoTopUpTerms, readMethod, termsAsJson } from './auto-top-up-details.ts'
import { attemptDueAt } from './auto-top-up-due.ts'
import { type AutoTopUp, chargedInMonthOf } from './auto-top-up-state.ts'
import { dropUnbegun } from './auto-top-up.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import { isPaymentInDoubt } from './payment-risk.ts'
import type { Decided } from './rebook-order.ts'
import type { State } from './state.ts'

/** Disabling ends what has not begun; what has begun is credited when it succeeds. `decided` is where a line stood that is booked again. */
export function setAutoTopUp(draft: Draft, command: SetAutoTopUp, decided?: Decided): SetAutoTopUpAnswer {
  const { state } = draft
  const { reference, reason, actor } = command
  if (referenceOf(draft, 'auto_top_up_terms', reference) !== undefined)
    return { ok: true, isRepeat: true, ...shown(state) }
  const terms = command.terms === undefined ? undefined : readAutoTopUpTerms(command.terms)
  const method = command.method === undefined ? undefined : readMethod(command.method)
  if (!isSound(command, { terms, method })) return { ok: false, code: 'invalid_command' }
  if (terms?.isEnabled === true && method === undefined && state.autoTopUp.method === null && !decided)
    return { ok: false, code: 'no_saved_method' }
  if (command.isOnlyIfMissing === true && !isMissing(state.autoTopUp, method))
    return { ok: true, isRepeat: false, ...shown(state) }
  const entry = append(draft, {
    kind: 'auto_top_up_terms',
    reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: {
      ...(terms && { terms: termsAsJson(terms) }),
      ...(method && { method: methodAsJson(method) }),
      reason,
      actor,
      ...(decided && { decided }),
    },
  })
  keepReference(draft, { scope: 'auto_top_up_terms', reference, seq: entry.seq, said: '' })
  if (terms?.isEnabled === false) dropUnbegun(draft)
  return { ok: true, isRepeat: false, ...shown(state) }
}

/** The same card with another number of the provider's or of the network's is no other card. */
function isMissing({ method, phase }: AutoTopUp, offered: SavedMethod | undefined): boolean {
  return method === null || method.id === offered?.id || phase.state === 'paused'
}

function shown(state: State): { view: AutoTopUpView; willChargeNow: boolean } {
  const dueAtMs = attemptDueAt(state)
  const willChargeNow = dueAtMs !== undefined && dueAtMs <= state.nowMs
  return { view: autoTopUpView(state, state.nowMs), willChargeNow }
}

type Read = {
  terms: SetAutoTopUp['terms'] | undefined
  method: SetAutoTopUp['method'] | undefined
}

/** What is named is sound. A line that is booked again may have nothing left to say. */
function isSound(command: SetAutoTopUp, { terms, method }: Read): boolean {
  const areTermsSound = command.terms === undefined || terms !== undefined
  const isMethodSound = command.method === undefined || method !== undefined
  return command.reference !== '' && areTermsSound && isMethodSound
}

export function autoTopUpView(state: State, nowMs: number): AutoTopUpView {
  const { autoTopUp: auto } = state
  const { phase, terms, method, failures } = auto
  const dueAtMs = attemptDueAt(state)
  const attempt = phase.state === 'idle' ? null : phase.attempt
  return {
    terms,
    method,
    ...standingOf(state, dueAtMs),
    attempt:
      attempt === null
        ? null
        : { orderId: attempt.orderId, amountNanoUsd: attempt.amountNanoUsd, intentId: attempt.intentId },
    chargedThisMonthNanoUsd: chargedInMonthOf(auto, nowMs),
    failures,
    nextTryInMs: dueAtMs === undefined ? null : Math.max(0, dueAtMs - nowMs),
  }
}

function standingOf(
  { autoTopUp: { phase, terms, method }, risk }: State,
  dueAtMs: number | undefined,
): Pick<AutoTopUpView, 'state' | 'why'> {
  if (phase.state === 'charging') return { state: 'charging', why: null }
  if (!terms.isEnabled) return { state: 'off', why: null }
  if (isPaymentInDoubt(risk)) return { state: 'paused', why: 'payment_in_doubt' }
  if (phase.state === 'paused') return { state: 'paused', why: phase.why }
  if (method === null) return { state: 'paused', why: 'method_gone' }
  return { state: dueAtMs === undefined ? 'idle' : 'waiting', why: null }
}
