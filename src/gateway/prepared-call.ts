// A request that is ready to be admitted: read, routed and priced. Everything here is known before anything costs money.

import type { CancellationPolicy, Model } from '#catalog/model.ts'
import { type Quote, type QuotedCall, usualOutputTokens } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import type { CallId, RequestId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { JsonObject } from '#core/readers.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import type { Claim } from '#ledger/claim.ts'
import type { FailedAttempt } from '#providers/attempts.ts'
import type { LegFailure } from '#providers/leg-failure.ts'
import type { Provider } from '#providers/provider.ts'
import type { Caller } from './authenticate.ts'
import type { HeldRequest } from './held-request.ts'
import type { RelayedRequest } from './hosting.ts'
import type { Dispatch } from './standing.ts'
import type { UpstreamSide } from './upstream-side.ts'

export type PreparedCall = {
  requestId: RequestId
  callId: CallId
  caller: Caller
  /** How its client speaks, errors included. */
  dialect: ClientFormat
  upstream: UpstreamSide
  /** What its answer says of where it came from and whether it is kept. */
  ownFields?: JsonObject | undefined
  model: Model
  provider: Provider
  /** The other ways to have it answered; absent where there is one alone. */
  route?: Route
  /** Tries that failed before this one. */
  attempts?: readonly FailedAttempt[]
  /** Without the request itself, which `request` forgets once it is sent. */
  asked: Omit<AskedCall, 'text' | 'body'> & Pick<QuotedCall, 'counted'>
  request: HeldRequest
  quote: Quote
  /** Of the client's X-Max-Cost. */
  maxCostNanoUsd: NanoUsd | undefined
  /** Per answer, where less was to be had, or to be paid, than the model's own limit. */
  outputTokensLoweredTo?: number
  /** X-Cost: omit: nothing in the answer says what it cost. */
  isCostOmitted: boolean
  /** Of the client's Idempotency-Key, if it sent one. */
  claim: Claim | null
  /** What happens when its client leaves: the client's own X-On-Disconnect, else its model's. */
  policy: CancellationPolicy
  /** The client itself wants it to run to its end. */
  isFinishAsked: boolean
  /** The request once more, for the Relay object that is to run it; undefined where it runs here. */
  relayed: RelayedRequest | undefined
  /** A keyed hash; null where the request names nobody. */
  endUser: string | null
  startedAt: Millis
}

/** What a call that more than one host or credential may answer has beside its first try (routed-call.ts). */
export type Route = {
  /** The dearest of all that may answer, under the client's own limit. */
  quote(asked: QuotedCall): { ok: true; quote: Quote } | Refusal
  /** What every one of them can be asked for with this much money. */
  affordableOutputTokens(asked: QuotedCall, availableNanoUsd: NanoUsd): number
  /** The admitted call with the figures of the host that it goes to, its money as admitted. */
  ownFigures(call: PreparedCall): PreparedCall
  sent(now: Millis): void
  /** The head of a good answer is here. */
  answered(headers: Headers, now: Millis): void
  /** The call as the next host gets it, or undefined where no other may be asked. */
  after(
    call: PreparedCall,
    failed: { failure: LegFailure; refusal: Refusal | undefined },
    now: Millis,
  ): PreparedCall | undefined
  /** What the client is told once nobody is left. */
  refusal(): Refusal | undefined
  /** The answer has begun: the request is not needed any more. */
  forget(): void
}

/** What the grant of its key has to cover where it is sent before its admission is answered. */
export function dispatchOf(call: PreparedCall): Dispatch {
  const { accountId, keyNumber } = call.caller
  const { holdNanoUsd, exposureNanoUsd } = call.quote
  const tokens = expectedTokensOf(call)
  return { accountId, keyNumber, holdNanoUsd, exposureNanoUsd, tokens, isClaimed: call.claim !== null }
}

/** For the tokens-per-minute limit: the likely count, corrected by the real one at capture. */
export function expectedTokensOf(call: PreparedCall): number {
  const outputTokens = Math.min(call.asked.outputTokensMax ?? usualOutputTokens, call.quote.outputTokens)
  return call.quote.expectedInputTokens + outputTokens * call.asked.choices
}
