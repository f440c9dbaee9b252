// What a call may cost, before it is made: one pure function for dry run, hold and limits. Two input figures, an expected
// count for what is likely and a hard bound for what must be covered.

import { assert } from '#core/assert.ts'
import {
  type NanoUsd,
  type PicoUsd,
  minNanoUsd,
  nanoUsd,
  priceOfRoundedUp,
  subtractNanoUsd,
  zeroNanoUsd,
} from '#core/money.ts'
import type { Model, Prices } from './model.ts'
import { dearestRateOf, feeOf, hasFixedFee, pricesFor, rateOf } from './price.ts'
import { heldTier, type ServiceTier } from './service-tiers.ts'

/** What the price of a call depends on, as its dialect has read it. */
export type QuotedCall = {
  /** The bytes that bound the tokens of all decoded text of messages and tools. */
  textBytes: number
  messages: number
  tools: number
  images: number
  /** Tokens that the client has cut itself, beside the text. */
  givenTokens?: number
  /** The client's own limit. */
  outputTokensMax: number | undefined
  /** How many answers are asked for. */
  choices: number
  /** Only a stream can be watched and ended in the middle. */
  isStreamed: boolean
  /** What the client asks for by name, sooner or cheaper. */
  serviceTier?: string
  /** Where its text has been counted: what stands for `textBytes` then. */
  counted?: CountedText
}

/** The tokens of the texts that a tokenizer cuts as they stand, and the bytes of all others. */
export type CountedText = { tokens: number; restBytes: number }

export type Quote = {
  /** The most that this call can cost. */
  ceilingNanoUsd: NanoUsd
  /** What to hold: the ceiling, or of a call that can be watched and stopped the input and a first slice of output. */
  holdNanoUsd: NanoUsd
  /** The least that makes sense to run it for; the ceiling where the client says itself how much it wants. */
  floorNanoUsd: NanoUsd
  /** What covers an answer of usual length. */
  usualNanoUsd: NanoUsd
  /** What a rolling hold is extended by; 0 for a call that holds its ceiling. */
  sliceNanoUsd: NanoUsd
  expectedInputTokens: number
  /** No tokenizer makes more tokens than the text has bytes; fewer where it has been counted. */
  inputTokensBound: number
  /** The output limit per answer that the ceiling covers. */
  outputTokens: number
  /** The expected input at its usual price. */
  inputCostNanoUsd: NanoUsd
  /** What the provider bills if we hang up at once. */
  exposureNanoUsd: NanoUsd
  /** The ceiling is what the client allows, not what the answer that it asks for can cost. */
  isCapped: boolean
}

/** Text of prose in today's tokenizers; the same figure as our own count. */
const expectedBytesPerToken = 4
/** A picture of 1024 × 1024 pixels at the providers' usual detail. */
const expectedImageTokens = 1_000
/** An answer cut shorter than this is of no use to anyone. */
export const floorOutputTokens = 64
/** A slice is never smaller: each extension is a question to the object. */
const sliceTokensLeast = 1_000
/** At its usual speed a stream asks for more this often at most. */
const sliceSeconds = 10
/** An answer of usual length, where the client leaves it open. */
export const usualOutputTokens = 1_000

export function quote(model: Model, call: QuotedCall): Quote {
  const { expectedInputTokens, inputTokensBound } = inputTokensFor(model, call)
  const outputTokens = Math.min(call.outputTokensMax ?? model.outputTokensMax, model.outputTokensMax)
  if (hasFixedFee(model)) return { ...feeQuote(model), expectedInputTokens, inputTokensBound, outputTokens }
  const card = { model, tier: heldTier(call.serviceTier) }
  const ceilingNanoUsd = ceilingFor(card, inputTokensBound, outputTokens * call.choices)
  const expected = pricesFor(model, expectedInputTokens, card.tier)
  const inputLines = [
    { units: expectedInputTokens, pricePicoUsd: rateOf(expected, 'input') },
    ...requestLine(expected),
  ]
  const inputCostNanoUsd = priceOfRoundedUp(inputLines)
  const coverOf = (tokens: number) =>
    ceilingFor(card, inputTokensBound, Math.min(outputTokens, tokens) * call.choices)
  const sliceTokens = sliceTokensOf(model)
  const isRolling = canRoll(model, call) && sliceTokens < outputTokens
  const holdNanoUsd = isRolling ? coverOf(sliceTokens) : ceilingNanoUsd
  // A stream that can be ended in the middle may begin with little, whatever it was asked for.
  const isOpenEnded = isRolling || call.outputTokensMax === undefined
  const leastFor = (tokens: number) =>
    isOpenEnded ? minNanoUsd(coverOf(tokens), holdNanoUsd) : ceilingNanoUsd
  return {
    ceilingNanoUsd,
    holdNanoUsd,
    floorNanoUsd: leastFor(floorOutputTokens),
    usualNanoUsd: leastFor(usualOutputTokens),
    sliceNanoUsd: isRolling ? subtractNanoUsd(holdNanoUsd, coverOf(0)) : zeroNanoUsd,
    expectedInputTokens,
    inputTokensBound,
    outputTokens,
    inputCostNanoUsd,
    exposureNanoUsd: model.stopsOnAbort ? inputCostNanoUsd : ceilingNanoUsd,
    isCapped: false,
  }
}

/** A fixed fee is what it can cost, what is held and what hanging up costs; nothing is to be had for less. */
function feeQuote(model: Model) {
  const { costNanoUsd } = feeOf(model)
  return {
    ceilingNanoUsd: costNanoUsd,
    holdNanoUsd: costNanoUsd,
    floorNanoUsd: costNanoUsd,
    usualNanoUsd: costNanoUsd,
    sliceNanoUsd: zeroNanoUsd,
    inputCostNanoUsd: costNanoUsd,
    exposureNanoUsd: costNanoUsd,
    isCapped: false,
  }
}

/** Both facts of a model: it stops when we hang up, and all that it bills has been on the wire. */
function canRoll(model: Model, call: QuotedCall): boolean {
  return call.isStreamed && model.stopsOnAbort && model.visibleOutput
}

/** What one slice of a rolling hold covers, per answer. */
export function sliceTokensOf(model: Model): number {
  return Math.max(sliceTokensLeast, Math.ceil(sliceSeconds * model.tokensPerSecond))
}

/** The largest output limit per answer that `availableNanoUsd` covers, at most the model's; 0 where not even the input is covered. */
export function affordableOutputTokens(model: Model, call: QuotedCall, availableNanoUsd: NanoUsd): number {
  if (hasFixedFee(model)) return availableNanoUsd < feeOf(model).costNanoUsd ? 0 : model.outputTokensMax
  const { inputTokensBound } = inputTokensFor(model, call)
  const tier = heldTier(call.serviceTier)
  const forOutput = availableNanoUsd - ceilingFor({ model, tier }, inputTokensBound, 0)
  // A model that writes nothing has no price for it.
  if (forOutput < 0 || model.outputTokensMax === 0) return 0
  const prices = pricesFor(model, inputTokensBound, tier)
  const perToken = BigInt(dearestRateOf(prices, 'output')) * BigInt(call.choices)
  if (perToken === 0n) return model.outputTokensMax
  // A balance has at most 2^53 nano-dollars: what is beyond a number's exactness is above every model's limit.
  return Math.min(Number((BigInt(forOutput) * picoPerNano) / perToken), model.outputTokensMax)
}

const picoPerNano = 1_000n

type Card = { model: Model; tier: ServiceTier | undefined }

function ceilingFor({ model, tier }: Card, inputTokens: number, outputTokens: number): NanoUsd {
  const prices = pricesFor(model, inputTokens, tier)
  return nanoUsd(
    priceOfRoundedUp([
      { units: inputTokens, pricePicoUsd: dearestRateOf(prices, 'input') },
      ...(outputTokens === 0 ? [] : [{ units: outputTokens, pricePicoUsd: dearestRateOf(prices, 'output') }]),
      ...requestLine(prices),
    ]),
  )
}

function inputTokensFor(model: Model, call: QuotedCall) {
  const { baseTokens, perMessageTokens, perToolTokens, imageTokensMax } = model.inputOverhead
  assert(
    call.textBytes >= 0 && call.messages >= 0 && call.tools >= 0 && call.images >= 0 && call.choices >= 1,
    'a quoted call has counted parts and at least one answer',
  )
  const parts = baseTokens + call.messages * perMessageTokens + call.tools * perToolTokens
  const around = parts + (call.givenTokens ?? 0)
  const expectedImages = call.images * Math.min(expectedImageTokens, imageTokensMax)
  const { tokens, restBytes } = call.counted ?? { tokens: 0, restBytes: call.textBytes }
  const expectedText = tokens + Math.ceil(restBytes / expectedBytesPerToken)
  return {
    expectedInputTokens: inContext(model, expectedText + around + expectedImages, call.messages),
    inputTokensBound: inContext(
      model,
      tokens + restBytes + around + call.images * imageTokensMax,
      call.messages,
    ),
  }
}

/** A longer input is refused by the provider, so it can never be billed. */
function inContext({ kind, contextLength }: Model, tokens: number, inputs: number): number {
  if (contextLength === 0) return tokens
  // Of texts that are embedded or judged each has a context of its own.
  return Math.min(tokens, kind === 'chat' ? contextLength : contextLength * inputs)
}

function requestLine(prices: Prices): { units: number; pricePicoUsd: PicoUsd }[] {
  return prices.request === undefined ? [] : [{ units: 1, pricePicoUsd: prices.request }]
}
