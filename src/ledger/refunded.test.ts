// How much of which payment has gone back, by the refunds of the log.

import { expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import type { Entry } from './entry.ts'
import { type Refunded, afterRefund, refundedOf, refundedPaymentsMax } from './refunded.ts'

function refundOf(amount: number, detail: { [name: string]: unknown }, before: Refunded = []): Refunded {
  const entry: Entry = {
    epoch: 1,
    seq: 99,
    kind: 'refund',
    reference: 'r',
    amountNanoUsd: nanoUsd(0 - amount),
    balanceAfterNanoUsd: nanoUsd(0),
    createdAtMs: asMillis(0),
    keyNumber: null,
    detail: null,
  }
  return afterRefund(before, entry, detail)
}

test('parts of one payment add up, and the payment moves to the end', () => {
  const first = refundOf(3, { paymentSeq: 4 })
  const second = refundOf(5, { paymentSeq: 6 }, first)
  expect(refundOf(2, { paymentSeq: 4 }, second)).toEqual([
    { seq: 6, amountNanoUsd: 5 },
    { seq: 4, amountNanoUsd: 5 },
  ])
})

test('a refund that names no payment counts for the paid lots that it took, and for no gift', () => {
  const draw = [
    [4, 2, 'paid', null],
    [5, 7, 'bonus', null],
    [6, 1, 'paid', null],
  ]
  expect(refundOf(10, { draw })).toEqual([
    { seq: 4, amountNanoUsd: 2 },
    { seq: 6, amountNanoUsd: 1 },
  ])
  expect(refundOf(10, { draw }, refundOf(3, { paymentSeq: 4 }))).toEqual([
    { seq: 4, amountNanoUsd: 5 },
    { seq: 6, amountNanoUsd: 1 },
  ])
})

test('a payment of which nothing went back counts as nothing', () => {
  expect(refundedOf(refundOf(3, { paymentSeq: 4 }), 5)).toBe(0)
})

test('so many payments are remembered, the oldest refund is forgotten first', () => {
  let refunded: Refunded = []
  for (let seq = 0; seq <= refundedPaymentsMax; seq += 1)
    refunded = refundOf(1, { paymentSeq: seq }, refunded)
  expect(refunded).toHaveLength(refundedPaymentsMax)
  expect([refundedOf(refunded, 0), refundedOf(refunded, 1)]).toEqual([0, 1])
})
