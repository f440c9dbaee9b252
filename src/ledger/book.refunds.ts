// What must be true of the refunds in a log, by an outsider's own count: I7. Not part of the product.

import { assert } from '#core/assert.ts'
import { isObject } from '#core/readers.ts'
import type { Entry } from './entry.ts'
import { readDraw } from './lots.ts'

const paidKinds = ['purchase', 'auto_top_up', 'adjustment']

export function checkRefunds(entries: readonly Entry[]): void {
  const refunds = entries.filter(({ kind }) => kind === 'refund')
  if (refunds.length === 0) return
  for (const { detail } of refunds) {
    const { lots, debtNanoUsd } = readDraw(isObject(detail) ? detail : {})
    assert(debtNanoUsd === 0 && lots.every(({ bucket }) => bucket === 'paid'), 'only what was paid goes back')
  }
  const credited = entries.filter(({ kind, amountNanoUsd }) => paidKinds.includes(kind) && amountNanoUsd > 0)
  assert(sumOf(refunds) + sumOf(credited) >= 0, 'I7: no more goes back than was paid')
  for (const payment of credited) {
    const own = refunds.filter(({ detail }) => isObject(detail) && detail['paymentSeq'] === payment.seq)
    assert(sumOf(own) + payment.amountNanoUsd >= 0, 'I7: no more of a payment goes back than it brought')
  }
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
}
