// Service tiers: the same model sooner for more money, or later for less. Which words name one, and which of them prices a call.

import { assert } from '#core/assert.ts'
import { picoUsd } from '#core/money.ts'
import type { LongContext, Model, PriceVariant, Prices } from './model.ts'

/** By price; the standard tier has no name here, because a model's plain card is its own. */
const tierRanks = { flex: -1, priority: 1, ultrafast: 2 } as const
export type ServiceTier = keyof typeof tierRanks

/** What clients may ask for, and what they mean by it. */
const tierWords: ReadonlyMap<unknown, ServiceTier> = new Map([
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['fast', 'priority'],
  ['ultrafast', 'ultrafast'],
])

/** Undefined for the standard tier, whatever it is called, and where nothing is said. */
export function serviceTierOf(word: unknown): ServiceTier | undefined {
  return tierWords.get(word)
}

/**
 * The tier that prices a call: the one that its answer names, and none dearer than what was asked for and held. Where the answer
 * names none, the cheaper of asked and standard: what cannot be proved is not charged.
 */
export function chargedTier(asked: unknown, said: unknown): ServiceTier | undefined {
  const wanted = serviceTierOf(asked)
  // A provider's own reasons to serve another tier are not the client's, who asked for the standard one.
  if (wanted === undefined) return undefined
  const most = heldTier(asked)
  const proved = rankOf(wanted) < 0 ? wanted : undefined
  const given = said === undefined ? proved : serviceTierOf(said)
  return rankOf(given) <= rankOf(most) ? given : most
}

/** The dearest tier that a call may end up in: a provider that is short of a cheap one may serve the standard one. */
export function heldTier(asked: unknown): ServiceTier | undefined {
  const wanted = serviceTierOf(asked)
  return rankOf(wanted) > 0 ? wanted : undefined
}

function rankOf(tier: ServiceTier | undefined): number {
  return tier === undefined ? 0 : tierRanks[tier]
}

/** The card of a tier, or the plain one where the model has none for it. */
export function cardOf(
  model: Model,
  tier: ServiceTier | undefined,
): { prices: Prices; longContext?: LongContext } {
  return (tier === undefined ? undefined : model.variants?.find(({ name }) => name === tier)) ?? model
}

/** What is wrong with a chat model's cards for its tiers. */
export function faultsOfTiers(model: Model): string[] {
  return (model.variants ?? []).flatMap(({ name, prices, longContext }) => {
    const tier = serviceTierOf(name)
    if (tier !== name) return [`variants.${name} is no service tier`]
    const isOutOfOrder = (units: Prices, plain: Prices) =>
      Object.entries(plain).some(([unit, price]) => {
        const own = Object.entries(units).find(([one]) => one === unit)?.[1]
        return own === undefined || Math.sign(own - price) !== Math.sign(rankOf(tier))
      })
    const long = model.longContext
    const isLongWrong =
      long?.inputTokensAbove !== longContext?.inputTokensAbove ||
      (long !== undefined && longContext !== undefined && isOutOfOrder(longContext.prices, long.prices))
    return isOutOfOrder(prices, model.prices) || isLongWrong
      ? [`variants.${name} does not price every unit on its own side of the standard tier`]
      : []
  })
}

/** How each tier is priced by companies that state it as a share of the standard one. */
const shares: Readonly<Record<ServiceTier, readonly [times: number, by: number]>> = {
  flex: [1, 2],
  priority: [2, 1],
  ultrafast: [6, 1],
}

/** Tiers as shares of a model's own cards, its card for long inputs included. */
export function tiersOf(
  { prices, longContext }: Pick<Model, 'prices' | 'longContext'>,
  tiers: readonly ServiceTier[],
): readonly PriceVariant[] {
  return tiers.map((name) => ({
    name,
    prices: scaled(prices, shares[name]),
    ...(longContext === undefined
      ? {}
      : { longContext: { ...longContext, prices: scaled(longContext.prices, shares[name]) } }),
  }))
}

function scaled(prices: Prices, [times, by]: readonly [number, number]): Prices {
  const entries = Object.entries(prices).map(([unit, price]) => {
    assert((price * times) % by === 0, `the price of ${unit} can be divided by ${by}`)
    return [unit, picoUsd((price * times) / by)]
  })
  return Object.fromEntries(entries)
}
