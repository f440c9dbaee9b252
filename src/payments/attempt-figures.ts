// What an entry says of an attempt of automatic top-up, as the row of its payment shows it (pure). Each entry alone is enough:
// messages come in any order, and the row keeps the one that is furthest on.

import { type NanoUsd, nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { type PaymentDetail, readPaymentDetail } from '#ledger/order-details.ts'
import type { Task } from '#ledger/tasks.ts'
import type { PaymentRowState } from './payment-store.ts'

export type AttemptFigures = {
  readonly state: PaymentRowState
  readonly amountNanoUsd: NanoUsd
  readonly paymentId: string | null
  /** Why the bank turned it down, or what it asks for. */
  readonly failure: string | null
  readonly payment: PaymentDetail | null
  readonly creditSeq: number | null
}

const nothing = { paymentId: null, failure: null, payment: null, creditSeq: null } as const

/** Undefined for entries that say nothing of how it stands. */
export function attemptFigures(entry: Task['entry']): AttemptFigures | undefined {
  const detail: { readonly [name: string]: unknown } = isObject(entry.detail) ? entry.detail : {}
  if (entry.kind === 'auto_top_up') {
    const payment = readPaymentDetail(detail['payment']) ?? null
    const { amountNanoUsd, seq: creditSeq } = entry
    return { ...nothing, state: 'paid', amountNanoUsd, payment, creditSeq }
  }
  const amount = readWhole(detail['amountNanoUsd'], 1)
  const state = entry.kind === 'attempt' ? stateAfter(detail) : undefined
  if (state === undefined || amount === undefined) return undefined
  return {
    ...nothing,
    state,
    amountNanoUsd: nanoUsd(amount),
    paymentId: readString(detail['intentId']) ?? null,
    failure: readString(detail['code']) ?? null,
  }
}

function stateAfter(detail: { readonly [name: string]: unknown }): PaymentRowState | undefined {
  switch (detail['step']) {
    case 'started':
      return 'placed'
    case 'processing':
      return 'open'
    case 'declined':
      return 'failed'
    case 'dropped':
      return 'abandoned'
    case 'paused':
      return stateOfPause(detail['why'])
    default:
      return undefined
  }
}

/** What its owner has yet to confirm may still be paid. */
function stateOfPause(why: unknown): PaymentRowState {
  if (why === 'needs_action') return 'open'
  return why === 'mismatch' ? 'mismatch' : 'failed'
}
