// What a call may cost that any of several offers may answer: held is the dearest of each figure, charged is the price of the
// offer that answered. Pure.

import { type NanoUsd, maxNanoUsd } from '#core/money.ts'
import type { Model } from './model.ts'
import { type Quote, type QuotedCall, affordableOutputTokens, quote } from './quote.ts'

/** One quote per offer. A stream holds slices only where it can be ended in the middle at every host. */
export function quotesOf(offers: readonly Model[], call: QuotedCall): readonly Quote[] {
  const quotes = offers.map((offer) => quote(offer, call))
  const isMixed = quotes.some(({ sliceNanoUsd }) => sliceNanoUsd > 0) && quotes.some(holdsCeiling)
  return isMixed ? offers.map((offer) => quote(offer, { ...call, isStreamed: false })) : quotes
}

function holdsCeiling({ sliceNanoUsd }: Quote): boolean {
  return sliceNanoUsd === 0
}

/** Each figure the largest of all, so that whatever one offer needs is covered. */
export function dearestOf(first: Quote, others: readonly Quote[]): Quote {
  return others.reduce(
    (dearest, other): Quote => ({
      ceilingNanoUsd: maxNanoUsd(dearest.ceilingNanoUsd, other.ceilingNanoUsd),
      holdNanoUsd: maxNanoUsd(dearest.holdNanoUsd, other.holdNanoUsd),
      floorNanoUsd: maxNanoUsd(dearest.floorNanoUsd, other.floorNanoUsd),
      usualNanoUsd: maxNanoUsd(dearest.usualNanoUsd, other.usualNanoUsd),
      sliceNanoUsd: maxNanoUsd(dearest.sliceNanoUsd, other.sliceNanoUsd),
      expectedInputTokens: Math.max(dearest.expectedInputTokens, other.expectedInputTokens),
      inputTokensBound: Math.max(dearest.inputTokensBound, other.inputTokensBound),
      outputTokens: Math.max(dearest.outputTokens, other.outputTokens),
      inputCostNanoUsd: maxNanoUsd(dearest.inputCostNanoUsd, other.inputCostNanoUsd),
      exposureNanoUsd: maxNanoUsd(dearest.exposureNanoUsd, other.exposureNanoUsd),
      isCapped: dearest.isCapped || other.isCapped,
    }),
    first,
  )
}

/** What every offer can be asked for with this much money. */
export function leastAffordableOf(
  offers: readonly Model[],
  call: QuotedCall,
  availableNanoUsd: NanoUsd,
): number {
  return Math.min(...offers.map((offer) => affordableOutputTokens(offer, call, availableNanoUsd)))
}
