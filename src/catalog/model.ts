// What a model is to us: whom to send to, what it costs, what it can do and how it behaves when its client leaves.

import type { ListedUnit } from '#calls/charge.ts'
import type { DialectId } from '#calls/neutral-call.ts'
import type { PicoUsd } from '#core/money.ts'
import type { ProviderId } from './provider-table.ts'

/**
 * What happens when the client leaves: `finish` runs to its end and is charged in full · `stop` is aborted and charged
 * for what was produced · `accept` costs a fixed fee at acceptance, and nothing but that · `job` is asynchronous.
 */
export type CancellationPolicy = 'finish' | 'stop' | 'accept' | 'job'

/** Pico-dollars per unit: per token by unit of usage, per request, per picture, second or character. */
export type Prices = Partial<Record<ListedUnit, PicoUsd>>

/** What differs from the plain card where the request asks for it: another size or quality, another service tier. */
export type PriceVariant = { name: string; prices: Prices; longContext?: LongContext }

/** A second price card for calls whose whole input is longer than a threshold; it then prices the entire call. */
export type LongContext = { inputTokensAbove: number; prices: Prices }

/** What a model is for; those that are not in `callableKinds` wait for their endpoints. */
export type ModelKind =
  | 'chat'
  | 'image'
  | 'speech'
  | 'transcription'
  | 'video'
  | 'music'
  | 'embedding'
  | 'moderation'

export const callableKinds: ReadonlySet<ModelKind> = new Set(['chat', 'embedding', 'moderation'])

/**
 * How a model that can reason is told how much: by a word · by a number of tokens · by a word alone, it decides for itself
 * and refuses a number.
 */
export type ReasoningControl = 'none' | 'effort' | 'budget' | 'adaptive'

export type Model = {
  /** What customers write. */
  id: string
  kind: ModelKind
  name: string
  company: string
  provider: ProviderId
  /** What the provider calls it; where it differs from `id`, answers are renamed. */
  upstreamId: string
  region: string
  /** What its upstream speaks for it, best first, and none where it is no chat model; other clients are translated. */
  dialects: readonly DialectId[]
  /** Tokens of input and output together, of one text that is embedded; 0 where none is stated, as with some fixed fees. */
  contextLength: number
  outputTokensMax: number
  /** OpenAI's names of what its upstream accepts for it: a sampling parameter that is not here is refused there. */
  supportedParameters: readonly string[]
  reasoning: ReasoningControl
  modalities: { input: readonly Modality[]; output: readonly Modality[] }
  cancellationPolicy: CancellationPolicy
  /** Generation and billing end when we hang up. */
  stopsOnAbort: boolean
  /** Every billed unit is on the wire when it is produced: no hidden reasoning, no server tools. */
  visibleOutput: boolean
  /** The usual speed of the output; 0 where it is no chat model. */
  tokensPerSecond: number
  priceVersion: string
  priceBasis: 'usage'
  prices: Prices
  longContext?: LongContext
  variants?: readonly PriceVariant[]
  /** The provider reports cached input at a price of its own. */
  canCache: boolean
  inputOverhead: InputOverhead
  /** The most tokens that its tokenizer makes of a text for one of o200k; absent where nobody has measured that. */
  tokenizerFactor?: number
  status: 'available' | 'unavailable'
  /** Where the prices and limits stand, and the day they were read (YYYY-MM-DD). */
  source: string
  asOf: string
  outputParameter: 'max_tokens' | 'max_completion_tokens'
  /** False for providers that refuse `stream_options`; they state usage in the last chunk without being asked. */
  acceptsStreamOptions: boolean
  /**
   * Every host that may answer calls of this id, the maker first: each a whole model under the same id, so that nobody
   * else has to know of offers. Absent where there is one host alone, as it is on the offers themselves.
   */
  offers?: readonly Model[]
  /** The id under which this offer alone is called. */
  offerId?: string
  /** Marks that a price of zero is meant. */
  free?: true
  /** Marks that a price outside the plausible range is meant. */
  unusualPrice?: true
}

export type Modality = 'text' | 'image' | 'audio' | 'video'

/** Tokens that the provider adds around the text, at most. */
export type InputOverhead = {
  baseTokens: number
  perMessageTokens: number
  perToolTokens: number
  /** The most that one image can cost. */
  imageTokensMax: number
}
