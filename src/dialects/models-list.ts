// `/v1/models` and `/v1/models/{id}`: OpenAI's list with OpenRouter's prices and our own facts. Knows nothing of where
// models come from.

import type { ListedUnit } from '#calls/charge.ts'
import { formatPicoUsd, type PicoUsd } from '#core/money.ts'
import { priceNames } from './price-names.ts'

type ListedPrices = Partial<Record<ListedUnit, PicoUsd>>

/** What the list shows of a model. */
export type ListedModel = {
  id: string
  kind: string
  name: string
  company: string
  provider: string
  region: string
  contextLength: number
  outputTokensMax: number
  supportedParameters: readonly string[]
  modalities: { input: readonly string[]; output: readonly string[] }
  status: 'available' | 'unavailable'
  cancellationPolicy: string
  priceVersion: string
  priceBasis: string
  prices: ListedPrices
  longContext?: { inputTokensAbove: number; prices: ListedPrices }
  variants?: readonly { name: string; prices: ListedPrices }[]
  /** The day its data was read: the only date that we can vouch for. */
  asOf: string
  /** Every host that may answer, itself among them. */
  offers?: readonly ListedModel[]
  offerId?: string
}

export type ModelEntry = ReturnType<typeof modelEntry>

/** Models that cannot be called show only when all are asked for. */
export function modelsList(models: readonly ListedModel[], status: 'available' | 'all' = 'available') {
  const shown = models.filter((model) => status === 'all' || model.status === 'available')
  return { object: 'list' as const, data: shown.map(modelEntry) }
}

export function modelEntry(model: ListedModel) {
  return {
    id: model.id,
    object: 'model' as const,
    created: Math.floor(Date.parse(model.asOf) / 1_000),
    owned_by: model.company,
    name: model.name,
    kind: model.kind,
    provider: model.provider,
    region: model.region,
    // A model for pictures or sound has no such limits.
    context_length: model.contextLength || null,
    max_output: model.outputTokensMax || null,
    supported_parameters: model.supportedParameters,
    supported_dialects: dialectsOf[model.kind] ?? [],
    status: model.status,
    modalities: model.modalities,
    pricing: pricing({ ...model, prices: dearestPrices(model) }),
    price_version: model.priceVersion,
    price_basis: model.priceBasis,
    cancellation_policy: model.cancellationPolicy,
    ...(model.offers === undefined ? {} : { offers: model.offers.map(offerEntry) }),
  }
}

/** The addresses at which models of a kind are called, by their last words. */
const dialectsOf: { readonly [kind: string]: readonly string[] } = {
  chat: ['chat.completions', 'responses', 'messages', 'completions'],
  embedding: ['embeddings'],
  moderation: ['moderations'],
}

/** What a call costs where this host answers it; under `id` it is asked alone. */
function offerEntry(offer: ListedModel) {
  return {
    id: offer.offerId ?? offer.id,
    provider: offer.provider,
    region: offer.region,
    context_length: offer.contextLength,
    max_output: offer.outputTokensMax,
    supported_parameters: offer.supportedParameters,
    pricing: pricing(offer),
    price_version: offer.priceVersion,
  }
}

/** No call is dearer than what stands at the top, whoever answers it. */
function dearestPrices({ prices, offers = [] }: ListedModel): ListedPrices {
  const dearest = { ...prices }
  for (const unit of listedUnits)
    for (const offer of offers) {
      const price = offer.prices[unit]
      if (price !== undefined && price > (dearest[unit] ?? 0)) dearest[unit] = price
    }
  return dearest
}

/**
 * Decimal dollars per unit as text. A tier with `prompt_tokens_above` prices a whole call whose prompt is longer; one with
 * `variant` replaces the prices that it names, where that size or quality is asked for.
 */
function pricing({ prices, longContext, variants = [] }: ListedModel) {
  const long =
    longContext === undefined
      ? []
      : [{ prompt_tokens_above: longContext.inputTokensAbove, ...named(longContext.prices) }]
  const larger = variants.map((variant) => ({ variant: variant.name, ...named(variant.prices) }))
  return { ...named(prices), tiers: [...long, ...larger] }
}

function named(prices: ListedPrices): { [name: string]: string } {
  const entries = listedUnits.flatMap((unit) => {
    const price = prices[unit]
    return price === undefined ? [] : [[priceNames[unit], formatPicoUsd(price)] as const]
  })
  return Object.fromEntries(entries)
}

const listedUnits: readonly ListedUnit[] = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'reasoning',
  'audioInput',
  'audioOutput',
  'imageInput',
  'imageOutput',
  'request',
  'image',
  'audioSecond',
  'videoSecond',
  'character',
]
