// Compares the catalog with a public price list in litellm's format (model_prices_and_context_window.json). Values in, lines out.

import type { ListedUnit } from '#calls/charge.ts'
import type { Model, Prices } from '#catalog/model.ts'
import type { ProviderId } from '#catalog/provider-table.ts'
import { formatPicoUsd, picoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readWhole } from '#core/readers.ts'

export type PriceComparison = {
  /** One line per figure that differs, and per model whose card has a tier that the list has not. */
  differences: readonly string[]
  /** Models of ours that the list does not know. */
  unknown: readonly string[]
  compared: number
}

export function comparePrices(models: readonly Model[], list: JsonObject): PriceComparison {
  const differences: string[] = []
  const unknown: string[] = []
  for (const model of models) {
    const entry = entryOf(model, list)
    if (entry === undefined) unknown.push(model.id)
    else differences.push(...differencesOf(model, entry).map((line) => `${model.id}: ${line}`))
  }
  return { differences, unknown, compared: models.length - unknown.length }
}

/** What the list puts before a model's name, where it is not the provider's id. */
const listPrefixes: { readonly [id in ProviderId]?: string } = {
  openai: '',
  anthropic: '',
  cohere: '',
  google: 'gemini/',
  together: 'together_ai/',
  fireworks: 'fireworks_ai/',
  alibaba: 'dashscope/',
}

/** By the provider's own entry; a bare name may be another company's. */
function entryOf({ provider, upstreamId }: Model, list: JsonObject): JsonObject | undefined {
  const prefix = listPrefixes[provider] ?? `${provider}/`
  const entry = Object.hasOwn(list, `${prefix}${upstreamId}`) ? list[`${prefix}${upstreamId}`] : undefined
  return isObject(entry) ? entry : undefined
}

/** The list's names, in dollars per unit. */
const listNames: readonly (readonly [ListedUnit, string])[] = [
  ['input', 'input_cost_per_token'],
  ['output', 'output_cost_per_token'],
  ['cacheRead', 'cache_read_input_token_cost'],
  ['cacheWrite5m', 'cache_creation_input_token_cost'],
  ['cacheWrite1h', 'cache_creation_input_token_cost_above_1hr'],
  ['reasoning', 'output_cost_per_reasoning_token'],
  ['audioInput', 'input_cost_per_audio_token'],
  ['audioOutput', 'output_cost_per_audio_token'],
  ['imageInput', 'input_cost_per_image_token'],
  ['imageOutput', 'output_cost_per_image_token'],
  ['request', 'input_cost_per_request'],
  ['image', 'output_cost_per_image'],
  ['audioSecond', 'input_cost_per_second'],
  ['videoSecond', 'output_cost_per_second'],
  ['character', 'input_cost_per_character'],
]

function differencesOf(model: Model, entry: JsonObject): string[] {
  const { longContext } = model
  return [
    ...priceDifferences(model.prices, entry, ''),
    ...(longContext === undefined
      ? tiersOf(entry).map((tier) => `the list has a second card above ${tier}, the catalog none`)
      : longDifferences(longContext, entry)),
    ...limitDifference('context', model.contextLength, entry['max_input_tokens']),
    ...limitDifference('output', model.outputTokensMax, entry['max_output_tokens']),
  ]
}

function longDifferences(
  { inputTokensAbove, prices }: NonNullable<Model['longContext']>,
  entry: JsonObject,
): string[] {
  const tier = `${inputTokensAbove / 1_000}k`
  const listed = tiersOf(entry)
  if (listed.includes(tier)) return priceDifferences(prices, entry, `_above_${tier}_tokens`)
  return [`above ${tier} here, ${listed.length === 0 ? 'no second card' : listed.join(', ')} in the list`]
}

/** `input_cost_per_token_above_200k_tokens` names a tier of 200k. */
function tiersOf(entry: JsonObject): string[] {
  return Object.keys(entry).flatMap((name) => {
    const [, tier] = /^input_cost_per_token_above_(\d+k)_tokens$/.exec(name) ?? []
    return tier === undefined ? [] : [tier]
  })
}

function priceDifferences(prices: Prices, entry: JsonObject, suffix: string): string[] {
  return listNames.flatMap(([unit, name]) => {
    const listed = picoOf(entry[`${name}${suffix}`])
    const here = prices[unit]
    // Where either says nothing, no figure contradicts the other.
    if (listed === undefined || here === undefined || listed === here) return []
    return [`${unit}${suffix} $${formatPicoUsd(here)} here, $${formatPicoUsd(picoUsd(listed))} in the list`]
  })
}

/** The list's decimals come as JSON numbers; they are far from a double's last digit. */
function picoOf(value: unknown): number | undefined {
  const pico = typeof value === 'number' ? Math.round(value * 1e12) : undefined
  return readWhole(pico)
}

function limitDifference(what: string, here: number, listed: unknown): string[] {
  const tokens = readWhole(listed, 1)
  return tokens === undefined || here === 0 || tokens === here
    ? []
    : [`${what} ${here} tokens here, ${tokens} in the list`]
}
