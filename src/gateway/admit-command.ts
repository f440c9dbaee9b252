// What a call asks of its account object, and what the call is once the object has answered: both sides of one admission.

import { hasFixedFee } from '#catalog/price.ts'
import { affordableOutputTokens, floorOutputTokens, usualOutputTokens } from '#catalog/quote.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { Admit, Admitted, TokenBounds } from '#ledger/call-commands.ts'
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
    // What is free takes none of a plan's tokens either, and a fee is no price of tokens.
    ...(call.model.free === true || hasFixedFee(call.model) ? {} : { tokenBounds: tokenBoundsOf(call) }),
    expectedTokens: expectedTokensOf(call),
    isDispatched,
    exposureNanoUsd: isDispatched ? exposureNanoUsd : zeroNanoUsd,
    claim: call.claim,
    endUser: call.endUser,
  }
}

/** How many tokens the call can have; only an answer of open length may be made shorter. */
function tokenBoundsOf({ quote, asked }: PreparedCall): TokenBounds {
  const withOutput = (tokens: number) =>
    Math.max(1, quote.inputTokensBound + Math.min(quote.outputTokens, tokens) * asked.choices)
  const bound = withOutput(quote.outputTokens)
  if (asked.outputTokensMax !== undefined) return { bound, usual: bound, floor: bound }
  return { bound, usual: withOutput(usualOutputTokens), floor: withOutput(floorOutputTokens) }
}

/** Where less was to be had than the call would like to hold, it may write no more than that covers. */
export function coveredBy(call: PreparedCall, { heldNanoUsd, tokensBound }: Admitted): PreparedCall {
  if (tokensBound !== undefined) {
    const outputTokens = Math.floor((tokensBound - call.quote.inputTokensBound) / call.asked.choices)
    return lowered({ ...call, quote: { ...call.quote, outputTokens } }, outputTokens)
  }
  if (heldNanoUsd >= call.quote.holdNanoUsd) return call
  // A stream that can be ended in the middle needs no limit upstream: it ends where its hold does.
  if (call.quote.sliceNanoUsd > 0) return call
  const outputTokens = affordableOutputTokens(call.model, call.asked, heldNanoUsd)
  const quote = { ...call.quote, holdNanoUsd: heldNanoUsd, ceilingNanoUsd: heldNanoUsd, outputTokens }
  return lowered({ ...call, quote }, outputTokens)
}

function lowered(call: PreparedCall, outputTokens: number): PreparedCall {
  return {
    ...call,
    outputTokensLoweredTo: outputTokens,
  }
}

/** The body as it goes upstream, with the limit that we had to set. */
export function upstreamText({ request, outputTokensLoweredTo }: PreparedCall): string {
  return request.take(outputTokensLoweredTo)
}
