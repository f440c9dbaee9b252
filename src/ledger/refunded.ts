// How much of which payment has gone back: follows from the refunds of the log alone (replay.ts).

import { addNanoUsd, nanoUsd, type NanoUsd, negateNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { Entry } from './entry.ts'
import { readDraw } from './lots.ts'

/** By the entry that brought the money, the newest refund last. */
export type Refunded = readonly { readonly seq: number; readonly amountNanoUsd: NanoUsd }[]

/** Older ones are forgotten: then only what lies in paid lots bounds what goes back, as it always does. */
export const refundedPaymentsMax = 500

export function refundedOf(refunded: Refunded, seq: number): NanoUsd {
  return refunded.find((one) => one.seq === seq)?.amountNanoUsd ?? zeroNanoUsd
}

/** What an entry took back of what was paid; the rest of its amount was a bonus. Negative where it came back. */
export function paidBackOf({ amountNanoUsd, detail }: Entry): NanoUsd {
  const paid: unknown = isObject(detail) ? detail['paidNanoUsd'] : undefined
  return typeof paid === 'number' ? nanoUsd(paid) : negateNanoUsd(amountNanoUsd)
}

/** A refund that names no payment gives back the payments whose lots it took. */
export function afterRefund(
  refunded: Refunded,
  entry: Entry,
  detail: { readonly [name: string]: unknown },
): Refunded {
  const named = readWhole(detail['paymentSeq'])
  const parts =
    named === undefined
      ? readDraw(detail).lots.filter(({ bucket }) => bucket === 'paid')
      : [{ seq: named, amountNanoUsd: paidBackOf(entry) }]
  const others = refunded.filter(({ seq }) => !parts.some((part) => part.seq === seq))
  const grown = parts.map(({ seq, amountNanoUsd: more }) => ({
    seq,
    amountNanoUsd: addNanoUsd(refundedOf(refunded, seq), more),
  }))
  return [...others, ...grown].slice(-refundedPaymentsMax)
}
