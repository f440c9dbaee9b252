// What is wrong with a model as it stands in the catalog. A card that could serve for nothing or for a fortune has a fault.

import type { ListedUnit } from '#calls/charge.ts'
import { callableKinds, type Model, type Prices } from './model.ts'
import { hasFixedFee } from './price.ts'
import { providers } from './provider-table.ts'
import { faultsOfTiers } from './service-tiers.ts'

/** $1,000 for one token or one request: no mark makes more than that plausible. */
const priceMax = 1_000_000_000_000_000

/** Pico-dollars, and the same as an operator reads it. */
type Plausible = { min: number; max: number; as: { min: string; max: string } }

/** Outside lies a mix-up of per token and per million. */
const perToken: Plausible = {
  min: 100,
  max: 1_000_000_000,
  as: { min: '$0.0001 per million tokens', max: '$1,000 per million tokens' },
}

/** What is plausible without a mark. */
const plausiblePrices: Readonly<Record<ListedUnit, Plausible>> = {
  input: perToken,
  cacheRead: perToken,
  cacheWrite5m: perToken,
  cacheWrite1h: perToken,
  audioInput: perToken,
  output: perToken,
  reasoning: perToken,
  audioOutput: perToken,
  imageInput: perToken,
  imageOutput: perToken,
  request: { min: 1, max: priceMax, as: { min: '$0', max: '$1,000' } },
  image: { min: 100_000_000, max: 10_000_000_000_000, as: { min: '$0.0001', max: '$10' } },
  audioSecond: { min: 1_000_000, max: 100_000_000_000, as: { min: '$0.000001', max: '$0.10' } },
  videoSecond: { min: 1_000_000_000, max: 10_000_000_000_000, as: { min: '$0.001', max: '$10' } },
  character: { min: 100_000, max: 1_000_000_000, as: { min: '$0.0000001', max: '$0.001' } },
}

const listedUnits = Object.keys(plausiblePrices) as readonly ListedUnit[]

/** Below it a count would fall short of what is billed. */
const tokenizerFactorMin = 1

/** Every fault, so that an operator mends a card in one go. */
export function faultsOf(model: Model): string[] {
  const faults = [...faultsOfFacts(model), ...faultsOfPrices(model, model.prices, 'prices')]
  for (const { name, prices } of model.variants ?? [])
    faults.push(...faultsOfEach(model, prices, `variants.${name}`))
  const { longContext } = model
  if (longContext === undefined) return faults
  if (!isWhole(longContext.inputTokensAbove, 1))
    faults.push('longContext.inputTokensAbove is not a whole number')
  faults.push(...faultsOfPrices(model, longContext.prices, 'longContext.prices'))
  const missing = listedUnits.filter(
    (unit) => model.prices[unit] !== undefined && longContext.prices[unit] === undefined,
  )
  return [...faults, ...missing.map((unit) => `longContext.prices.${unit} is missing`)]
}

function faultsOfFacts(model: Model): string[] {
  const faults: string[] = []
  const must = (condition: boolean, what: string) => {
    if (!condition) faults.push(what)
  }
  if (model.kind === 'chat') faults.push(...faultsOfChat(model), ...faultsOfTiers(model))
  else {
    must(
      model.status === 'unavailable' || callableKinds.has(model.kind),
      `a model for ${model.kind} has no endpoint and cannot be available`,
    )
    must(
      model.status === 'unavailable' || isWhole(model.contextLength, 1),
      'contextLength is not a whole number of at least 1',
    )
    must(model.dialects.length === 0, `a model for ${model.kind} speaks no dialect of chat`)
  }
  for (const [name, tokens] of Object.entries(model.inputOverhead))
    must(isWhole(tokens, 0), `inputOverhead.${name} is not a whole number`)
  const { tokenizerFactor = tokenizerFactorMin } = model
  must(tokenizerFactor >= tokenizerFactorMin, `tokenizerFactor is not at least ${tokenizerFactorMin}`)
  must(
    model.cancellationPolicy !== 'stop' || (model.stopsOnAbort && model.visibleOutput),
    'policy "stop" needs an upstream that stops on abort and shows all its output',
  )
  if (hasFixedFee(model)) faults.push(...faultsOfFee(model))
  must(model.source !== '', 'source is missing')
  for (const offer of model.offers ?? [])
    must(
      leavingFacts.every((fact) => offer[fact] === model[fact]),
      `its offer ${offer.offerId} behaves otherwise when its client leaves`,
    )
  must(isDay(model.asOf), 'asOf is no day as YYYY-MM-DD')
  return faults
}

/** A fee that anything else could be added to is not fixed. */
function faultsOfFee(model: Model): string[] {
  const others = listedUnits.filter((unit) => unit !== 'request' && model.prices[unit] !== undefined)
  const isAlone = others.length === 0 && model.longContext === undefined && model.variants === undefined
  return [
    ...(isAlone ? [] : ['policy "accept" is for models with one price, that of a request']),
    // What else may be asked of it is known for this format alone (gateway/fixed-fee.ts).
    ...(model.dialects.every((dialect) => dialect === 'chat')
      ? []
      : ['policy "accept" is for upstreams that speak chat completions']),
  ]
}

/** Published per model: whoever answers a call keeps to them. */
const leavingFacts = ['cancellationPolicy', 'stopsOnAbort', 'visibleOutput'] as const

function faultsOfChat(model: Model): string[] {
  const spoken = providers[model.provider].dialects
  const takesEffort = model.supportedParameters.some((name) => reasoningFields.includes(name))
  const checks: readonly [boolean, string][] = [
    [
      isWhole(model.contextLength, hasFixedFee(model) ? 0 : 1),
      'contextLength is not a whole number of at least 1',
    ],
    [isWhole(model.outputTokensMax, 1), 'outputTokensMax is not a whole number of at least 1'],
    [model.tokensPerSecond > 0, 'tokensPerSecond is not above 0'],
    [model.dialects.length > 0, 'dialects are missing'],
    [
      model.dialects.every((dialect) => spoken.includes(dialect)),
      `dialects has one that ${model.provider} does not speak`,
    ],
    [model.reasoning !== 'none' || !takesEffort, 'reasoning is "none" and supportedParameters ask for it'],
    [
      model.reasoning === 'none' || takesEffort,
      'supportedParameters lacks the parameter that asks to reason',
    ],
  ]
  return checks.flatMap(([holds, fault]) => (holds ? [] : [fault]))
}

const reasoningFields: readonly string[] = ['reasoning_effort', 'thinking', 'enable_thinking']

function faultsOfPrices(model: Model, prices: Prices, where: string): string[] {
  const missing = neededUnits(model).filter((unit) => prices[unit] === undefined)
  const isPriced = model.free === true || listedUnits.some((unit) => prices[unit] !== undefined)
  return [
    ...missing.map((unit) => `${where}.${unit} is missing`),
    ...(isPriced ? [] : [`${where} has no price at all`]),
    ...faultsOfEach(model, prices, where),
  ]
}

function faultsOfEach(model: Model, prices: Prices, where: string): string[] {
  return listedUnits.flatMap((unit) => {
    const fault = prices[unit] === undefined ? undefined : faultOfPrice(model, unit, prices[unit])
    return fault === undefined ? [] : [`${where}.${unit} ${fault}`]
  })
}

/** The units that are known to occur, so that none is ever priced by a guess. */
function neededUnits(model: Model): ListedUnit[] {
  if (model.kind !== 'chat') return model.status === 'available' ? ['input'] : []
  if (hasFixedFee(model)) return ['request']
  const units: ListedUnit[] = ['input', 'output']
  if (model.canCache) units.push('cacheRead')
  if (model.modalities.input.includes('audio')) units.push('audioInput')
  if (model.modalities.output.includes('audio')) units.push('audioOutput')
  return units
}

function faultOfPrice(model: Model, unit: ListedUnit, price: number): string | undefined {
  if (!Number.isSafeInteger(price)) return `is ${price}, not a whole number of pico-dollars`
  if (price < 0) return `is ${price}, below zero`
  if (price === 0) return model.free === true ? undefined : 'is zero; a free model is marked `free: true`'
  if (price > priceMax) return `is ${price}, more than $1,000 for one unit`
  if (model.unusualPrice === true) return undefined
  const { min, max, as } = plausiblePrices[unit]
  const mark = 'if meant, mark `unusualPrice: true`'
  if (price > max) return `is above ${as.max}; ${mark}`
  if (price < min) return `is below ${as.min}; ${mark}`
  return undefined
}

function isWhole(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min
}

function isDay(text: string): boolean {
  return /^20\d\d-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
}
