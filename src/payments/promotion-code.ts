// What a promotion code is, and how a person may write it (pure).

import type { NanoUsd } from '#core/money.ts'
import { readString } from '#core/readers.ts'

/** In capitals, as it is kept: 3 to 40 letters, digits and dashes, which survive being read out or printed on a card. */
export type PromotionCode = {
  readonly code: string
  readonly amountNanoUsd: NanoUsd
  /** How many accounts may redeem it, each once. */
  readonly usesMax: number
  /** How long the credit lasts once redeemed; null for ever. */
  readonly creditDays: number | null
  /** ISO time until which it may be redeemed; null for ever. */
  readonly redeemBy: string | null
  readonly reason: string
}

export const usesMaxMax = 1_000_000
export const creditDaysMax = 3_650

/** Case and spaces around it do not count; undefined for what no code can be. */
export function readCode(value: unknown): string | undefined {
  const code = readString(value)?.trim().toUpperCase()
  return code !== undefined && /^[0-9A-Z-]{3,40}$/.test(code) ? code : undefined
}

/** The reference of the credit that a code brings: an account has it at most once. */
export function referenceOfCode(code: string): string {
  return `promotion:${code}`
}
