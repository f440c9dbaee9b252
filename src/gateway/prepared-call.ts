// A request that is ready to be admitted: read, routed and priced. Everything here is known before anything costs money.

import type { CancellationPolicy, Model } from '#catalog/model.ts'
import { type Quote, type QuotedCall, usualOutputTokens } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import type { CallId, RequestId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import type { Claim } from '#ledger/claim.ts'
import type { Provider } from '#providers/provider.ts'
import type { Caller } from './authenticate.ts'
import type { HeldRequest } from './held-request.ts'
import type { RelayedRequest } from './hosting.ts'
import type { UpstreamSide } from './upstream-side.ts'

export type PreparedCall = {
  requestId: RequestId
  callId: CallId
  caller: Caller
  /** How its client speaks, errors included. */
  dialect: ClientFormat
  upstream: UpstreamSide
  model: Model
  provider: Provider
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

/** For the tokens-per-minute limit: the likely count, corrected by the real one at capture. */
export function expectedTokensOf(call: PreparedCall): number {
  const outputTokens = Math.min(call.asked.outputTokensMax ?? usualOutputTokens, call.quote.outputTokens)
  return call.quote.expectedInputTokens + outputTokens * call.asked.choices
}
