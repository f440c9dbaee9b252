// What a call asks of its account object, and what the call is once the object has answered: both sides of one admission.

import { affordableOutputTokens } from '#catalog/quote.ts'
import { type NanoUsd, zeroNanoUsd } from '#core/money.ts'
import { withOutputLimit } from '#dialects/openai-chat.ts'
import type { Admit } from '#ledger/call-commands.ts'
import { expectedTokensOf, type PreparedCall } from './prepared-call.ts'

export function admitCommand(call: PreparedCall, isDispatched: boolean): Admit {
  const { keyNumber, secretHash } = call.caller
  const { holdNanoUsd, floorNanoUsd, usualNanoUsd, sliceNanoUsd, exposureNanoUsd } = call.quote
  return {
    callId: call.callId,
    keyNumber,
    secretHash,
    model: call.model.id,
    holdNanoUsd,
    floorNanoUsd,
    usualNanoUsd,
    sliceNanoUsd,
    expectedTokens: expectedTokensOf(call),
    isDispatched,
    exposureNanoUsd: isDispatched ? exposureNanoUsd : zeroNanoUsd,
    claim: call.claim,
    endUser: call.endUser,
  }
}

/** Where less was to be had than the call would like to hold, it may write no more than that covers. */
export function coveredBy(call: PreparedCall, heldNanoUsd: NanoUsd): PreparedCall {
  if (heldNanoUsd >= call.quote.holdNanoUsd) return call
  // A stream that can be ended in the middle needs no limit upstream: it ends where its hold does.
  if (call.quote.sliceNanoUsd > 0) return call
  const outputTokens = affordableOutputTokens(call.model, call.chat, heldNanoUsd)
  return {
    ...call,
    quote: { ...call.quote, holdNanoUsd: heldNanoUsd, ceilingNanoUsd: heldNanoUsd, outputTokens },
    outputTokensLoweredTo: outputTokens,
  }
}

/** The body as it goes upstream, with the limit that we had to set. */
export function upstreamText({ takeBody, outputTokensLoweredTo, model }: PreparedCall): string {
  const body = takeBody()
  return outputTokensLoweredTo === undefined
    ? body
    : withOutputLimit(body, model.outputParameter, outputTokensLoweredTo)
}
