// What a call costs and why: units × price, line by line. Made by the catalog, shown by the dialects, kept in the ledger.

import type { NanoUsd, PicoUsd } from '#core/money.ts'
import type { UsageUnit } from './usage.ts'

/** A thing with a price: a unit of usage, or the call itself. */
export type PricedUnit = UsageUnit | 'request'

/**
 * What media are priced by: a token of a picture, a picture, a second that is heard or shown, a character that is spoken. No
 * call is charged in these yet.
 */
export type MediaUnit = 'imageInput' | 'imageOutput' | 'image' | 'audioSecond' | 'videoSecond' | 'character'

/** Everything that a price list may state a price for. */
export type ListedUnit = PricedUnit | MediaUnit

export type PricedLine = { unit: PricedUnit; units: number; pricePicoUsd: PicoUsd }

export type PricedUsage = { costNanoUsd: NanoUsd; lines: readonly PricedLine[] }
