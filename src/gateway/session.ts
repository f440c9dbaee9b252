// An admitted call as its answer sees it: what it may ask and what it must tell. execution.ts is the other side.

import { type Usage, noUsage } from '#calls/usage.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { NanoUsd } from '#core/money.ts'
import type { StoredAnswer } from '#ledger/claim.ts'
import type { Admitted } from '#ledger/call-commands.ts'
import type { LegFailure } from '#providers/leg-failure.ts'
import type { SoFar } from './answer-record.ts'
import type { BalanceCheck } from './call-log.ts'
import type { CoverLoss } from './cover.ts'
import type { Ending, Metered } from './ending.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import type { EndCause, Phase } from './settle.ts'

/** What ends an answer from outside: its cover, a request of its account, or a record that is full. */
export type Halt = CoverLoss | 'cancel' | 'drain_limit'

/** What an answer (stream-answer.ts, whole-answer.ts) may do with the call that it answers. */
export type Session = {
  readonly call: PreparedCall
  readonly parts: GatewayParts
  readonly admitted: Admitted
  readonly balanceCheck: BalanceCheck
  readonly hangUp: AbortController
  /** Gives the client its answer; the first one stands. */
  respond(response: Response): void
  respondRefusal(refusal: Refusal): void
  /** True where another host is asked for the answer instead; only before anything of it has gone to the client. */
  fallsBack(failure: LegFailure): boolean
  isCovered(): boolean
  /** Until the fence; nothing may be delivered after it. */
  coveredForMs(): number
  /** Called when the answer has to end now, at most once. */
  onHalt(listener: (why: Halt) => void): void
  clientLeft(): void
  /** The cost so far by this usage is the next checkpoint, never above what is held; `soFar` is for a host that may be lost. */
  checkpoint(usage: () => Usage, soFar?: () => SoFar, held?: () => NanoUsd): void
  firstToken(): void
  /** Settles: the charge is final and its capture is on its way before this returns. Only the first call counts. */
  end(cause: EndCause, phase: Phase, metered: Metered, facts?: EndFacts): Ending
}

/** What else is told with the end of a call. */
export type EndFacts = {
  upstreamId?: string | undefined
  /** Of a call under an Idempotency-Key: the answer to keep, made once its charge is known. */
  answerOf?: (ending: Ending) => StoredAnswer | null
}

/** Nothing has gone to the client yet, so the failure can still be a status; what cannot be read is not charged. */
export function refuseUnanswered(session: Session, cause: EndCause, message?: string): void {
  session.hangUp.abort()
  session.end(cause, 'answered', { usage: noUsage, source: 'none' })
  session.respondRefusal(refuse('upstream_error', message === undefined ? {} : { message }))
}

/** Halted before the first byte: where cover has ended, the client may simply ask again. */
export function haltRefusal(why: Halt): Refusal {
  switch (why) {
    case 'key_revoked':
      return refuse('key_disabled')
    case 'cover_lost':
      return refuse('ledger_unavailable', { retryAfterSeconds: 1 })
    case 'cancel':
      return refuse('call_cancelled')
    case 'drain_limit':
      return refuse('upstream_timeout')
  }
}
