// A request that is ready to be admitted: read, routed and priced. Everything here is known before anything costs money.

import type { Model } from '#catalog/model.ts'
import type { Quote } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import type { CallId, RequestId } from '#core/ids.ts'
import type { ChatCall } from '#dialects/openai-chat.ts'
import type { Claim } from '#ledger/claim.ts'
import type { Provider } from '#providers/provider.ts'
import type { Caller } from './authenticate.ts'

export type PreparedCall = {
  requestId: RequestId
  callId: CallId
  caller: Caller
  endpoint: '/v1/chat/completions'
  upstreamPath: '/chat/completions'
  model: Model
  provider: Provider
  /** Without the body: a call may run for minutes, and the isolate's memory holds all that run. */
  chat: Omit<ChatCall, 'body'>
  /** The client's body with the model's name, and the usage asked for. Given once, and forgotten. */
  takeBody: () => string
  quote: Quote
  /** Of the client's Idempotency-Key, if it sent one. */
  claim: Claim | null
  startedAt: Millis
}

export function givenOnce(text: string): () => string {
  let kept = text
  return () => {
    const given = kept
    kept = ''
    return given
  }
}

/** An answer whose length the client leaves open counts as this much output against the tokens per minute. */
const usualOutputTokens = 1_000

/** For the tokens-per-minute limit: the likely count, corrected by the real one at capture. */
export function expectedTokensOf(call: PreparedCall): number {
  const outputTokens = Math.min(call.chat.outputTokensMax ?? usualOutputTokens, call.quote.outputTokens)
  return call.quote.expectedInputTokens + outputTokens * call.chat.choices
}
