// The cost beside the usage, in places that every released client tolerates: inside `usage`, and on top of whole bodies.

import { formatPicoUsd, usdNumber } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import type { ShownCost } from './answer-meter.ts'
import { openAiUsageOf } from './openai-usage.ts'
import { priceNames } from './price-names.ts'

/** The cost on top of a whole answer. */
export function costField({ priced }: ShownCost): { cost?: number } {
  return priced === undefined ? {} : { cost: usdNumber(priced.costNanoUsd) }
}

/** A usage object with `cost` (a JSON number of dollars, as the convention has it) and its explanation. */
export function usageWithCost(usage: JsonObject, { priced, metered }: ShownCost): JsonObject {
  if (priced === undefined) return usage
  return {
    ...usage,
    cost: usdNumber(priced.costNanoUsd),
    cost_details: {
      usage_source: metered.source,
      lines: priced.lines.map((line) => ({
        unit: priceNames[line.unit],
        units: line.units,
        price: formatPicoUsd(line.pricePicoUsd),
      })),
    },
  }
}

/** A whole answer with its cost on top and in its usage, under the model name that the client asked for. */
export function withCost(body: JsonObject, cost: ShownCost, modelName?: string): JsonObject {
  const stated = body['usage']
  const usage = isObject(stated) ? stated : openAiUsageOf(cost.metered.usage)
  return {
    ...body,
    ...(modelName === undefined ? {} : { model: modelName }),
    usage: usageWithCost(usage, cost),
    ...costField(cost),
  }
}
