// X-Max-Cost: the most that the client wants this one call to cost. A call that cannot be worth its while below it is refused;
// any other is asked for no more than it covers, and a stream that can be ended in the middle ends there.

import type { Model } from '#catalog/model.ts'
import { type Quote, type QuotedCall, affordableOutputTokens } from '#catalog/quote.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type NanoUsd, formatUsd, minNanoUsd, parseUsd } from '#core/money.ts'

export const maxCostHeader = 'x-max-cost'

export type ReadMaxCost = { ok: true; maxCostNanoUsd: NanoUsd | undefined } | Refusal

export function readMaxCost(headers: Headers): ReadMaxCost {
  const text = headers.get(maxCostHeader)
  if (text === null) return { ok: true, maxCostNanoUsd: undefined }
  const maxCostNanoUsd = parseUsd(text)
  if (maxCostNanoUsd !== undefined && maxCostNanoUsd > 0) return { ok: true, maxCostNanoUsd }
  return refuse('invalid_request', {
    message:
      'X-Max-Cost must be a decimal text of US dollars above 0, such as 0.05, with at most 9 decimals. Nothing was charged.',
    param: 'X-Max-Cost',
  })
}

/** The output limit that goes upstream where it is not the client's; a stream that can be ended in the middle needs none. */
export function outputLimitOf({ isCapped, sliceNanoUsd, outputTokens }: Quote): {
  outputTokensLoweredTo?: number
} {
  return isCapped && sliceNanoUsd === 0 ? { outputTokensLoweredTo: outputTokens } : {}
}

export type Capped = { ok: true; quote: Quote } | Refusal

/** The quote of a call that may cost no more than `maxCostNanoUsd`. */
export function cappedQuote(
  { model, call }: { model: Model; call: QuotedCall },
  quote: Quote,
  maxCostNanoUsd: NanoUsd | undefined,
): Capped {
  if (maxCostNanoUsd === undefined || quote.ceilingNanoUsd <= maxCostNanoUsd) return { ok: true, quote }
  if (quote.floorNanoUsd > maxCostNanoUsd) return tooDear(quote, maxCostNanoUsd)
  const atMost = (amount: NanoUsd) => minNanoUsd(amount, maxCostNanoUsd)
  const capped: Quote = {
    ...quote,
    isCapped: true,
    ceilingNanoUsd: maxCostNanoUsd,
    holdNanoUsd: atMost(quote.holdNanoUsd),
    usualNanoUsd: atMost(quote.usualNanoUsd),
    exposureNanoUsd: atMost(quote.exposureNanoUsd),
  }
  // What cannot be ended in the middle is asked for no more than the client wants to pay.
  if (quote.sliceNanoUsd > 0) return { ok: true, quote: capped }
  return { ok: true, quote: { ...capped, outputTokens: affordableOutputTokens(model, call, maxCostNanoUsd) } }
}

function tooDear({ floorNanoUsd, ceilingNanoUsd }: Quote, maxCostNanoUsd: NanoUsd): Refusal {
  const [most, least] = [formatUsd(maxCostNanoUsd), formatUsd(floorNanoUsd)]
  return refuse('max_cost_exceeded', {
    message: `This request can cost $${formatUsd(ceilingNanoUsd)} and needs $${least} at least; X-Max-Cost allows $${most}. Allow more, or ask for fewer output tokens.`,
    metadata: {
      reason: 'max_cost_exceeded',
      limit_source: 'max_cost',
      limit: most,
      required: least,
      ceiling: formatUsd(ceilingNanoUsd),
      remedy_hint: 'raise_max_cost',
      remedies: ['raise_max_cost', 'lower_max_tokens'],
    },
  })
}
