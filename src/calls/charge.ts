// What a call costs and why: units × price, line by line. Made by the catalog, shown by the dialects, kept in the ledger.

import type { NanoUsd, PicoUsd } from '#core/money.ts'
import type { UsageUnit } from './usage.ts'

/** A thing with a price: a unit of usage, or the call itself. */
export type PricedUnit = UsageUnit | 'request'

export type PricedLine = { unit: PricedUnit; units: number; pricePicoUsd: PicoUsd }

export type PricedUsage = { costNanoUsd: NanoUsd; lines: readonly PricedLine[] }
