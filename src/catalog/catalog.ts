// The models that this deployment sells. A card that could serve for nothing or for a fortune stops the start, not a request.

import { type Refusal, refuse } from '#core/errors.ts'
import type { PricedUnit } from '#calls/charge.ts'
import { usageUnits } from '#calls/usage.ts'
import type { Model, Prices } from './model.ts'

export type Catalog = {
  /** The model with exactly this id, callable or not. */
  get(id: string): Model | undefined
  list(): readonly Model[]
}

/** $0.0001 and $1,000 per million tokens, in pico-dollars per token: outside lies a mix-up of per token and per million. */
const usualPriceMin = 100
const usualPriceMax = 1_000_000_000
/** $1,000 for one token or one request: no mark makes more than that plausible. */
const priceMax = 1_000_000_000_000_000

/** Below it a count would fall short of what is billed. */
const tokenizerFactorMin = 1

/** Throws with every fault of every model, so that an operator mends a card in one go. */
export function loadCatalog(models: readonly Model[]): Catalog {
  const faults = models.flatMap((model) => faultsOf(model).map((fault) => `${model.id}: ${fault}`))
  const byId = new Map<string, Model>()
  for (const model of models) {
    if (byId.has(model.id)) faults.push(`${model.id}: the id is used twice`)
    byId.set(model.id, model)
  }
  if (faults.length > 0) throw new Error(`The model catalog cannot be loaded.\n${faults.join('\n')}`)
  const all = Object.freeze([...byId.values()])
  return { get: (id) => byId.get(id), list: () => all }
}

/** The model to call, or the refusal that says why it cannot be called. */
export function findModel(catalog: Catalog, id: string): { ok: true; model: Model } | Refusal {
  const model = catalog.get(id)
  if (model === undefined) {
    return refuse('model_not_found', {
      message: `There is no model "${shortened(id)}". GET /v1/models lists them.`,
      param: 'model',
    })
  }
  if (model.status === 'unavailable') return refuse('model_not_available', { param: 'model' })
  return { ok: true, model }
}

/** The refusal of a call with a part that this model has no price for, so that nothing unpriced goes upstream. */
export function refuseUnpriced(model: Model, call: { images: number }): Refusal | undefined {
  if (call.images === 0 || model.modalities.input.includes('image')) return undefined
  return refuse('invalid_request', { message: `The model "${model.id}" takes no images.`, param: 'messages' })
}

function faultsOf(model: Model): string[] {
  const faults: string[] = []
  const must = (condition: boolean, what: string) => {
    if (!condition) faults.push(what)
  }
  must(isWhole(model.contextLength, 1), 'contextLength is not a whole number of at least 1')
  must(isWhole(model.outputTokensMax, 1), 'outputTokensMax is not a whole number of at least 1')
  must(model.tokensPerSecond > 0, 'tokensPerSecond is not above 0')
  for (const [name, tokens] of Object.entries(model.inputOverhead))
    must(isWhole(tokens, 0), `inputOverhead.${name} is not a whole number`)
  const { tokenizerFactor = tokenizerFactorMin } = model
  must(tokenizerFactor >= tokenizerFactorMin, `tokenizerFactor is not at least ${tokenizerFactorMin}`)
  must(
    model.cancellationPolicy !== 'stop' || (model.stopsOnAbort && model.visibleOutput),
    'policy "stop" needs an upstream that stops on abort and shows all its output',
  )
  faults.push(...faultsOfPrices(model, model.prices, 'prices'))
  if (model.longContext !== undefined) {
    must(isWhole(model.longContext.inputTokensAbove, 1), 'longContext.inputTokensAbove is not a whole number')
    const { prices } = model.longContext
    faults.push(...faultsOfPrices(model, prices, 'longContext.prices'))
    for (const unit of pricedUnits)
      must(
        model.prices[unit] === undefined || prices[unit] !== undefined,
        `longContext.prices.${unit} is missing`,
      )
  }
  return faults
}

function faultsOfPrices(model: Model, prices: Prices, where: string): string[] {
  const missing = neededUnits(model).filter((unit) => prices[unit] === undefined)
  const faults = missing.map((unit) => `${where}.${unit} is missing`)
  for (const unit of pricedUnits) {
    const fault = prices[unit] === undefined ? undefined : faultOfPrice(model, unit, prices[unit])
    if (fault !== undefined) faults.push(`${where}.${unit} ${fault}`)
  }
  return faults
}

const pricedUnits: readonly PricedUnit[] = [...usageUnits, 'request']

/** The units that are known to occur, so that none is ever priced by a guess. */
function neededUnits(model: Model): PricedUnit[] {
  const units: PricedUnit[] = ['input', 'output']
  if (model.canCache) units.push('cacheRead')
  if (model.modalities.input.includes('audio')) units.push('audioInput')
  if (model.modalities.output.includes('audio')) units.push('audioOutput')
  return units
}

function faultOfPrice(model: Model, unit: PricedUnit, price: number): string | undefined {
  if (!Number.isSafeInteger(price)) return `is ${price}, not a whole number of pico-dollars`
  if (price < 0) return `is ${price}, below zero`
  if (price === 0) return model.free === true ? undefined : 'is zero; a free model is marked `free: true`'
  if (price > priceMax) return `is ${price}, more than $1,000 for one unit`
  if (unit === 'request' || model.unusualPrice === true) return undefined
  if (price > usualPriceMax) return 'is above $1,000 per million tokens; if meant, mark `unusualPrice: true`'
  if (price < usualPriceMin) return 'is below $0.0001 per million tokens; if meant, mark `unusualPrice: true`'
  return undefined
}

function isWhole(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
