// What is given on top of which amount.

import { expect, test } from 'vitest'

import { nanoUsd, parseUsd } from '#core/money.ts'
import { bonusRoundedDown, topUpMaxNanoUsd, topUpMinNanoUsd } from './top-up-offer.ts'

const usd = (text: string) => parseUsd(text) ?? nanoUsd(-1)

// Requirements: 7, 10
test.each([
  ['5', '0'],
  ['999.99', '0'],
  ['1000', '50'],
  ['1000.01', '50.0005'],
  ['2500', '125'],
])('%s dollars bring %s more', (net, bonus) => {
  expect(bonusRoundedDown(usd(net))).toBe(usd(bonus))
})

test('the highest tier that is reached counts, whatever their order, and never rounds up', () => {
  const tiers = [
    { fromNanoUsd: usd('100'), basisPoints: 1_000 },
    { fromNanoUsd: usd('10'), basisPoints: 1 },
  ]
  expect(bonusRoundedDown(usd('100'), tiers)).toBe(usd('10'))
  expect(bonusRoundedDown(nanoUsd(10_000_019_999), tiers)).toBe(1_000_001)
  expect(bonusRoundedDown(usd('9.99'), tiers)).toBe(0)
})

test('there is a smallest and a largest purchase', () => {
  expect([topUpMinNanoUsd, topUpMaxNanoUsd]).toEqual([usd('5'), usd('2500')])
})
