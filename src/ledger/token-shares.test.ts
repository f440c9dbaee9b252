// Shares of money and tokens, to the nano-dollar, on plain values.

import { describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import type { Hold, TokenCover } from './state.ts'
import { grownCover, heldFor, payableAtCheckpoint, payableOf, shareOf } from './token-cover.ts'

const cover = (units: number, bound: number, covers: number): TokenCover => ({
  units,
  bound,
  coversNanoUsd: nanoUsd(covers),
  periodStartMs: 7,
})
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Of a hold only these are looked at.
const holdOf = (of: TokenCover | null, checkpoint = 0) =>
  ({ cover: of, checkpointNanoUsd: nanoUsd(checkpoint) }) as Hold
const taken = (units: number) => ({ consumable: 'tokens', units, periodStartMs: 7 })

test('what the tokens do not cover is held, rounded up', () => {
  expect([shareOf(nanoUsd(100), cover(1, 3, 0)), shareOf(nanoUsd(99), cover(1, 3, 0))]).toEqual([67, 66])
  expect(shareOf(nanoUsd(100), cover(3, 3, 0))).toBe(0)
})

describe('a hold that grows', () => {
  test('grows by the share that the tokens do not cover, and covers what that stands for, rounded down', () => {
    const hold = holdOf(cover(1, 3, 0))
    expect(heldFor(hold, nanoUsd(100))).toBe(67)
    expect(grownCover(hold, nanoUsd(67), nanoUsd(200))).toEqual(cover(1, 3, 100))
    expect(grownCover(hold, nanoUsd(67), nanoUsd(90))).toEqual(cover(1, 3, 90))
  })

  test('whose tokens cover everything covers all that it may cost', () => {
    expect(grownCover(holdOf(cover(3, 3, 0)), nanoUsd(0), nanoUsd(90))).toEqual(cover(3, 3, 90))
  })

  test('without tokens grows by the whole', () => {
    expect(heldFor(holdOf(null), nanoUsd(100))).toBe(100)
    expect(grownCover(holdOf(null), nanoUsd(67), nanoUsd(90))).toBeNull()
  })
})

describe('a charge', () => {
  test.each([
    ['takes the pinned tokens and the rest in money, rounded up', 3, 1, 67],
    ['within its tokens costs no money', 1, 1, 0],
    ['of no tokens costs the share of its bound', 0, 0, 67],
  ])('%s', (_, tokens, units, cost) => {
    const payable = payableOf(cover(1, 3, 100), { costNanoUsd: nanoUsd(100), tokens })
    expect(payable).toEqual({ costNanoUsd: cost, taken: taken(units) })
  })

  test('without a plan is money alone', () => {
    const payable = payableOf(null, { costNanoUsd: nanoUsd(100), tokens: 3 })
    expect(payable).toEqual({ costNanoUsd: 100, taken: null })
  })
})

describe('a call that went silent', () => {
  test.each([
    ['takes the same share of the tokens as of its cost, rounded up', cover(10, 20, 100), 25, 13, 3],
    ['never takes more than it pinned', cover(10, 20, 100), 200, 100, 10],
    ['takes none where it costs nothing', cover(10, 20, 100), 0, 0, 0],
    ['takes none where nothing was covered', cover(10, 20, 0), 25, 13, 0],
  ])('%s', (_, of, checkpoint, ...[cost, units]) => {
    expect(payableAtCheckpoint(holdOf(of, checkpoint))).toEqual({ costNanoUsd: cost, taken: taken(units) })
  })

  test('without a plan is charged its checkpoint', () => {
    expect(payableAtCheckpoint(holdOf(null, 25))).toEqual({ costNanoUsd: 25, taken: null })
  })
})
