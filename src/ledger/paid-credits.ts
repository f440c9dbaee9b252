// The credits that payments brought, found by their reference: what was paid, and the bonus that came with it.

import { nanoUsd, type NanoUsd } from '#core/money.ts'
import { readWhole } from '#core/readers.ts'
import { type Draft, referenceOf } from './draft.ts'

export type Payment = { readonly seq: number; readonly amountNanoUsd: NanoUsd }

/** The credit of a reference, where it is money that was paid. */
export function paymentOf(draft: Draft, reference: string): Payment | undefined {
  return creditIn(draft, reference, 'paid')
}

/** What was given for paying so much. */
export function bonusOf(draft: Draft, payment: string): Payment | undefined {
  return creditIn(draft, bonusReferenceOf(payment), 'bonus')
}

const bonusEnd = ':bonus'

/** Credits are told apart by their reference, whatever their kind. */
export function bonusReferenceOf(payment: string): string {
  return `${payment}${bonusEnd}`
}

/** The payment that a credit is or belongs to. */
export function paymentOfCredit(reference: string): string {
  return reference.endsWith(bonusEnd) ? reference.slice(0, -bonusEnd.length) : reference
}

function creditIn(draft: Draft, reference: string, wanted: 'paid' | 'bonus'): Payment | undefined {
  const row = referenceOf(draft, 'credit', reference)
  const [, amount, bucket] = row?.said.split(' ') ?? []
  const whole = readWhole(Number(amount), 1)
  return row === undefined || whole === undefined || bucket !== wanted
    ? undefined
    : { seq: row.seq, amountNanoUsd: nanoUsd(whole) }
}
