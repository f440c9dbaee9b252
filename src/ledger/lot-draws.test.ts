// What a hold keeps, what a charge takes and what comes back, on plain values: exactly these lines and no empty ones.

import { describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import {
  type Bucket,
  type Draw,
  type Lot,
  drawFor,
  drawLotsMax,
  netDraw,
  noDraw,
  pinsFor,
  readDraw,
  returnOf,
  withdrawalOf,
} from './lots.ts'

const lot = (
  seq: number,
  remaining: number,
  bucket: Bucket = 'paid',
  expiresAtMs: number | null = null,
): Lot => ({
  seq,
  bucket,
  remainingNanoUsd: nanoUsd(remaining),
  expiresAtMs,
})
const pinned = (...pins: [number, number][]) => new Map(pins.map(([seq, amount]) => [seq, nanoUsd(amount)]))
const linesOf = (draw: Draw) => draw.lots.map(({ seq, amountNanoUsd }) => [seq, amountNanoUsd])
const drawn = (lines: readonly [number, number][], debt = 0): Draw => ({
  lots: lines.map(([seq, amount]) => ({ ...lot(seq, 0), amountNanoUsd: nanoUsd(amount) })),
  debtNanoUsd: nanoUsd(debt),
})
const nowMs = 1_000
const over = lot(2, 10, 'bonus', nowMs)

describe('a hold', () => {
  test('keeps nothing of a lot that is over, nor of one that others keep whole', () => {
    const pins = pinsFor([over, lot(3, 10), lot(4, 10), lot(5, 10)], pinned([3, 10], [4, 4]), {
      amountNanoUsd: nanoUsd(6),
      nowMs,
    })
    expect(pins).toEqual([{ seq: 4, amountNanoUsd: 6 }])
  })
})

describe('a charge', () => {
  test('takes of a lot that is over only what its own hold kept, and names no lot that it leaves alone', () => {
    const lots = [over, lot(3, 10), lot(4, 10)]
    const pins = [{ seq: 2, amountNanoUsd: nanoUsd(4) }]
    const draw = drawFor(lots, pinned(), { amountNanoUsd: nanoUsd(9), pins, nowMs })
    expect(linesOf(draw)).toEqual([
      [2, 4],
      [3, 5],
    ])
    expect(draw.debtNanoUsd).toBe(0)
  })
})

describe('what comes back of a draw', () => {
  test.each([
    { why: 'a part, from the last lot', amount: 5, owed: 0, lines: [[4, -5]], debt: 0 },
    {
      why: 'the whole',
      amount: 20,
      owed: 0,
      lines: [
        [4, -10],
        [3, -10],
      ],
      debt: 0,
    },
  ])('is $why, and no line of nothing', ({ amount, owed, lines, debt }) => {
    const back = returnOf(
      drawn([
        [3, 10],
        [4, 10],
      ]),
      { amountNanoUsd: nanoUsd(amount), debtNanoUsd: nanoUsd(owed), seq: 9 },
    )
    expect(linesOf(back)).toEqual(lines)
    expect(back.debtNanoUsd).toBe(0 - debt)
  })

  test('is debt as far as that is still owed, and a paid lot for what was paid of it', () => {
    const back = returnOf(drawn([[3, 10]], 7), { amountNanoUsd: nanoUsd(7), debtNanoUsd: nanoUsd(5), seq: 9 })
    expect(linesOf(back)).toEqual([[9, -2]])
    expect(back.debtNanoUsd).toBe(-5)
  })
})

describe('what of a call may still be given back', () => {
  test('is what its charges took less what came back, without the lots that are whole again', () => {
    const net = netDraw([
      drawn([
        [3, 10],
        [4, 10],
      ]),
      drawn([
        [4, -10],
        [3, -1],
      ]),
    ])
    expect([linesOf(net), net.debtNanoUsd]).toEqual([[[3, 9]], 0])
  })

  test('is no debt where the debt came back as money of its own', () => {
    const net = netDraw([drawn([[3, 10]], 7), drawn([[9, -2]], -5)])
    expect([linesOf(net), net.debtNanoUsd]).toEqual([[[3, 10]], 0])
  })
})

describe('a withdrawal', () => {
  test('takes what was paid before a gift that is newer', () => {
    const lots = [lot(7, 10, 'bonus'), lot(4, 10)]
    const draw = withdrawalOf(lots, pinned(), { amountNanoUsd: nanoUsd(15), firstSeq: null })
    expect(linesOf(draw)).toEqual([
      [4, 10],
      [7, 5],
    ])
  })

  test('tells of as many lots as one entry can hold; the rest is debt', () => {
    const lots = Array.from({ length: drawLotsMax + 1 }, (_, seq) => lot(seq, 1))
    const draw = withdrawalOf(lots, pinned(), { amountNanoUsd: nanoUsd(drawLotsMax + 1), firstSeq: null })
    expect([draw.lots.length, draw.debtNanoUsd]).toEqual([drawLotsMax, 1])
  })
})

describe('a draw as an entry tells it', () => {
  const whole = [3, -10, 'paid', null]
  test.each([
    ['no rows', undefined],
    ['a row that is none', [null]],
    ['a row of text', ['3']],
    ['a lot without a number', [['3', 10, 'paid', null]]],
    ['a bucket that there is not', [[3, 10, 'gold', null]]],
  ])('with %s takes nothing', (_, draw) => {
    expect(readDraw({ draw })).toEqual(noDraw)
  })

  test('is read as it stands', () => {
    const expected = { ...lot(3, 0), amountNanoUsd: -10 }
    expect(readDraw({ draw: [whole], debtNanoUsd: -5 })).toEqual({ lots: [expected], debtNanoUsd: -5 })
  })

  test('never has a fraction of a nano-dollar', () => {
    expect(readDraw({ draw: [], debtNanoUsd: 0.5 }).debtNanoUsd).toBe(0)
  })
})
