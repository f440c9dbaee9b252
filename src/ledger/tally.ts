// A lifetime sum in whole dollars and nano-dollars: it may pass what one safe integer of nano-dollars holds.

import type { NanoUsd } from '#core/money.ts'
import { formatUsd, nanoUsd } from '#core/money.ts'

export type Tally = { readonly dollars: number; readonly nanos: number }

const nanosPerDollar = 1_000_000_000

export const emptyTally: Tally = { dollars: 0, nanos: 0 }

/** The remainder is always 0 … 999,999,999, also where the sum is negative. */
export function addToTally(tally: Tally, amount: NanoUsd): Tally {
  const nanos = tally.nanos + (amount % nanosPerDollar)
  const carry = Math.floor(nanos / nanosPerDollar)
  return {
    dollars: tally.dollars + Math.trunc(amount / nanosPerDollar) + carry,
    nanos: nanos - carry * nanosPerDollar,
  }
}

/** Decimal text such as `10.00`. */
export function tallyText(tally: Tally): string {
  const isNegative = tally.dollars < 0
  const borrow = isNegative && tally.nanos > 0 ? 1 : 0
  const dollars = Math.abs(tally.dollars + borrow)
  const nanos = isNegative && tally.nanos > 0 ? nanosPerDollar - tally.nanos : tally.nanos
  const fraction = formatUsd(nanoUsd(nanos)).slice(1)
  return `${isNegative ? '-' : ''}${dollars}${fraction}`
}
