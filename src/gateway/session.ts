// An admitted call as its answer sees it: what it may ask and what it must tell. execution.ts is the other side.

import { type Usage, noUsage } from '#calls/usage.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { NanoUsd } from '#core/money.ts'
import type { StoredAnswer } from '#ledger/claim.ts'
import type { Admitted } from '#ledger/call-commands.ts'
import type { LegFailure } from '#providers/leg-failure.ts'
import type { BalanceCheck } from './call-log.ts'
import type { CoverLoss } from './cover.ts'
import type { Ending, Metered } from './ending.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import type { EndCause, Phase } from './settle.ts'

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
  /** Called when cover ends under the answer, at most once. */
  onCoverLost(listener: (loss: CoverLoss) => void): void
  clientLeft(): void
  /** The cost so far by this usage is the next checkpoint, never above what is held. */
  checkpoint(usage: () => Usage, held?: () => NanoUsd): void
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

/** Cover that ended before the first byte: the client may simply ask again. */
export function lostRefusal(loss: CoverLoss): Refusal {
  return loss === 'key_revoked'
    ? refuse('key_disabled')
    : refuse('ledger_unavailable', { retryAfterSeconds: 1 })
}
