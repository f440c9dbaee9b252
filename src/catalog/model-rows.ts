// Tables of models: what the models of one provider share is said once, the rest follows from the provider's row.

import type { Model } from './model.ts'
import { type ProviderId, providers } from './provider-table.ts'
import { type Rates, pricesOf } from './rates.ts'

/** What holds for all models of a table; `source` names where prices and limits stand. */
export type SharedFacts = Partial<Model> &
  Pick<Model, 'region' | 'inputOverhead' | 'supportedParameters'> & { provider: ProviderId }

/** One chat model. Rates are dollars per million tokens; `above` is the second card of longer inputs. */
export type ModelRow = Partial<Omit<Model, 'prices' | 'longContext'>> &
  Pick<Model, 'id' | 'name' | 'contextLength' | 'outputTokensMax' | 'tokensPerSecond' | 'source' | 'asOf'> & {
    rates: Rates
    above?: { inputTokens: number; rates: Rates }
  }

export function modelsOf(shared: SharedFacts, rows: readonly ModelRow[]): readonly Model[] {
  return rows.map((row) => modelOf(shared, row))
}

function modelOf(shared: SharedFacts, { rates, above, ...facts }: ModelRow): Model {
  const { company, dialects, outputParameter, acceptsStreamOptions } = providers[shared.provider]
  return {
    company,
    dialects,
    outputParameter,
    acceptsStreamOptions,
    kind: 'chat',
    upstreamId: facts.id,
    modalities: { input: ['text'], output: ['text'] },
    reasoning: 'effort',
    // Nothing says that billing ends with the connection.
    cancellationPolicy: 'finish',
    stopsOnAbort: false,
    visibleOutput: true,
    priceVersion: `${shared.provider}-${facts.asOf}`,
    priceBasis: 'usage',
    canCache: rates.cacheRead !== undefined,
    status: 'available',
    ...shared,
    ...facts,
    prices: pricesOf(rates),
    ...(above === undefined
      ? {}
      : { longContext: { inputTokensAbove: above.inputTokens, prices: pricesOf(above.rates) } }),
  }
}

/** Text and pictures in, text out. */
export const seesPictures = {
  modalities: { input: ['text', 'image'], output: ['text'] },
} satisfies Partial<Model>
