// The order in which lots are touched, on plain values: what is taken away first, and what expires next.

import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { type Bucket, type Lot, expiredParts, nextExpiryMs, withdrawalOf } from './lots.ts'

const lot = (seq: number, bucket: Bucket, remaining: number, expiresAtMs: number | null = null): Lot => ({
  seq,
  bucket,
  remainingNanoUsd: nanoUsd(remaining),
  expiresAtMs,
})

const lots = [lot(2, 'promotional', 10), lot(3, 'bonus', 10), lot(4, 'paid', 10), lot(6, 'paid', 10)]
const pinned = (...pins: [number, number][]) => new Map(pins.map(([seq, amount]) => [seq, nanoUsd(amount)]))

test.each([
  { why: 'the newest of what was paid', amount: 5, first: null, pins: pinned(), takes: [[6, 5]], debt: 0 },
  {
    why: 'then the older',
    amount: 15,
    first: null,
    pins: pinned(),
    takes: [
      [6, 10],
      [4, 5],
    ],
    debt: 0,
  },
  {
    why: 'the named payment before any other',
    amount: 15,
    first: 4,
    pins: pinned(),
    takes: [
      [4, 10],
      [6, 5],
    ],
    debt: 0,
  },
  {
    why: 'what was given after all that was paid',
    amount: 35,
    first: null,
    pins: pinned(),
    takes: [
      [6, 10],
      [4, 10],
      [3, 10],
      [2, 5],
    ],
    debt: 0,
  },
  {
    why: 'nothing that a call has pinned',
    amount: 15,
    first: null,
    pins: pinned([6, 10], [4, 4]),
    takes: [
      [4, 6],
      [3, 9],
    ],
    debt: 0,
  },
  {
    why: 'debt for the rest',
    amount: 41,
    first: null,
    pins: pinned(),
    takes: [
      [6, 10],
      [4, 10],
      [3, 10],
      [2, 10],
    ],
    debt: 1,
  },
])('a withdrawal takes $why', ({ amount, first, pins, takes, debt }) => {
  const draw = withdrawalOf(lots, pins, { amountNanoUsd: nanoUsd(amount), firstSeq: first })
  expect(draw.lots.map(({ seq, amountNanoUsd }) => [seq, amountNanoUsd])).toEqual(takes)
  expect(draw.debtNanoUsd).toBe(debt)
})

test('what expires next is the earliest lot of which something is free', () => {
  const expiring = [
    lot(2, 'bonus', 10, 300),
    lot(3, 'bonus', 10, 100),
    lot(4, 'bonus', 10, 200),
    lot(5, 'paid', 10),
  ]
  expect(nextExpiryMs(expiring, pinned())).toBe(100)
  expect(nextExpiryMs(expiring, pinned([3, 10]))).toBe(200)
  expect(nextExpiryMs(expiring, pinned([3, 10], [2, 10], [4, 10]))).toBeUndefined()
  expect(nextExpiryMs([lot(5, 'paid', 10)], pinned())).toBeUndefined()
})

test('what expires now is the free part of each lot whose time is over, and no empty part', () => {
  const expiring = [lot(2, 'bonus', 10, 100), lot(3, 'bonus', 10, 100), lot(4, 'bonus', 10, 101)]
  const parts = expiredParts(expiring, pinned([2, 4], [3, 10]), 100)
  expect(parts.map(({ seq, amountNanoUsd }) => [seq, amountNanoUsd])).toEqual([[2, 6]])
})
