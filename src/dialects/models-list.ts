// `/v1/models` and `/v1/models/{id}`: OpenAI's list with OpenRouter's prices and our own facts. Knows nothing of where
// models come from.

import type { PricedUnit } from '#calls/charge.ts'
import { formatPicoUsd, type PicoUsd } from '#core/money.ts'
import { priceNames } from './price-names.ts'

/** What the list shows of a model. */
export type ListedModel = {
  id: string
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
  prices: Partial<Record<PricedUnit, PicoUsd>>
  longContext?: { inputTokensAbove: number; prices: Partial<Record<PricedUnit, PicoUsd>> }
  /** The day its data was read: the only date that we can vouch for. */
  asOf: string
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
    provider: model.provider,
    region: model.region,
    context_length: model.contextLength,
    max_output: model.outputTokensMax,
    supported_parameters: model.supportedParameters,
    supported_dialects: ['chat.completions'],
    status: model.status,
    modalities: model.modalities,
    pricing: pricing(model),
    price_version: model.priceVersion,
    price_basis: model.priceBasis,
    cancellation_policy: model.cancellationPolicy,
  }
}

/** Decimal dollars per unit as text; `tiers` prices a whole call whose prompt is longer than the threshold. */
function pricing(model: ListedModel) {
  const { longContext } = model
  const tiers =
    longContext === undefined
      ? []
      : [{ prompt_tokens_above: longContext.inputTokensAbove, ...named(longContext.prices) }]
  return { ...named(model.prices), tiers }
}

function named(prices: Partial<Record<PricedUnit, PicoUsd>>): { [name: string]: string } {
  const entries = pricedUnits.flatMap((unit) => {
    const price = prices[unit]
    return price === undefined ? [] : [[priceNames[unit], formatPicoUsd(price)] as const]
  })
  return Object.fromEntries(entries)
}

const pricedUnits: readonly PricedUnit[] = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'reasoning',
  'audioInput',
  'audioOutput',
  'request',
]
