// Service tiers: what is held, what is charged, and cards that state one.

import { describe, expect, test } from 'vitest'
import { noUsage } from '#calls/usage.ts'
import { loadCatalog, refuseUnpriced } from './catalog.ts'
import { models } from './models.ts'
import { chargeOf } from './price.ts'
import { affordableOutputTokens, quote } from './quote.ts'
import { usdPerMillion } from './rates.ts'
import { chargedTier, heldTier, tiersOf } from './service-tiers.ts'
import { aModel } from './test-model.ts'

const plain = aModel({
  longContext: {
    inputTokensAbove: 50_000,
    prices: {
      input: usdPerMillion('2'),
      cacheRead: usdPerMillion('0.2'),
      cacheWrite5m: usdPerMillion('2.5'),
      output: usdPerMillion('6'),
    },
  },
})
const tiered = { ...plain, variants: tiersOf(plain, ['flex', 'priority']) }
const usage = { ...noUsage, input: 1_000, cacheRead: 500, output: 100 }
const call = {
  textBytes: 400,
  messages: 1,
  tools: 0,
  images: 0,
  outputTokensMax: 100,
  choices: 1,
  isStreamed: false,
}

describe('the tier that is charged', () => {
  // Cases: dialects 33
  test.each([
    // asked, said, charged
    [undefined, undefined, undefined],
    [undefined, 'priority', undefined],
    ['auto', 'flex', undefined],
    ['default', 'priority', undefined],
    ['flex', 'flex', 'flex'],
    ['flex', 'default', undefined],
    ['flex', 'priority', undefined],
    ['flex', undefined, 'flex'],
    ['priority', 'priority', 'priority'],
    ['fast', 'priority', 'priority'],
    ['priority', 'fast', 'priority'],
    ['priority', 'default', undefined],
    ['priority', 'auto', undefined],
    ['priority', 'flex', 'flex'],
    ['priority', 'ultrafast', 'priority'],
    ['priority', undefined, undefined],
    ['ultrafast', 'ultrafast', 'ultrafast'],
    ['ultrafast', 'priority', 'priority'],
    ['scale', 'scale', undefined],
  ])('of a call that asks for %s and is told %s is %s', (asked, said, tier) => {
    expect(chargedTier(asked, said)).toBe(tier)
  })

  test.each([
    [undefined, 1],
    ['flex', 0.5],
    ['priority', 2],
  ] as const)('%s costs %s times the standard, long inputs too', (tier, times) => {
    for (const input of [1_000, 60_000]) {
      const standard = chargeOf(tiered, { ...usage, input }).costNanoUsd
      expect(chargeOf(tiered, { ...usage, input }, tier).costNanoUsd).toBe(standard * times)
    }
  })
})

describe('the tier that is held', () => {
  test('is the dearest that the call may end up in', () => {
    expect([undefined, 'auto', 'flex', 'priority', 'fast'].map(heldTier)).toEqual([
      undefined,
      undefined,
      undefined,
      'priority',
      'priority',
    ])
    const standard = quote(tiered, call)
    expect(quote(tiered, { ...call, serviceTier: 'flex' })).toEqual(standard)
    const priority = quote(tiered, { ...call, serviceTier: 'priority' })
    expect(priority.ceilingNanoUsd).toBe(standard.ceilingNanoUsd * 2)
    expect(priority.inputCostNanoUsd).toBe(standard.inputCostNanoUsd * 2)
    const affordable = (serviceTier: string) =>
      affordableOutputTokens(tiered, { ...call, serviceTier }, priority.ceilingNanoUsd)
    expect(affordable('priority')).toBe(100)
    expect(affordable('flex')).toBeGreaterThan(200)
  })
})

describe('a card', () => {
  test('without a price for a tier refuses it by name, and the standard one never', () => {
    const asking = (serviceTier: string) => refuseUnpriced(tiered, { images: 0, serviceTier })
    for (const tier of ['auto', 'default', 'flex', 'priority', 'fast'])
      expect(asking(tier), tier).toBeUndefined()
    expect(asking('ultrafast')).toMatchObject({ code: 'invalid_request', param: 'service_tier' })
    expect(refuseUnpriced(plain, { images: 0, serviceTier: 'flex' })).toBeDefined()
  })

  test('whose tiers are incomplete, out of order or unknown is not loaded', () => {
    const [flex, priority] = tiered.variants
    if (flex === undefined || priority === undefined) throw new Error('no tiers')
    const loading = (variant: typeof flex) => () => loadCatalog([{ ...plain, variants: [variant] }])
    expect(loading(flex)).not.toThrow()
    const { longContext: _, ...short } = flex
    const { cacheRead: __, ...fewer } = flex.prices
    for (const wrong of [
      { ...flex, name: 'fast' },
      { ...flex, name: 'priority' },
      { ...priority, name: 'flex' },
      { ...flex, prices: fewer },
      { ...flex, prices: { ...flex.prices, output: plain.prices.output ?? flex.prices.input } },
      short,
    ])
      expect(loading(wrong as typeof flex)).toThrow('variants.')
  })
})

test('the published prices of tiers are what the catalog charges', () => {
  const price = (id: string, name: string) =>
    models.find((one) => one.id === id)?.variants?.find((one) => one.name === name)
  const fast = price('gpt-5.6-terra', 'priority')
  expect(fast?.prices).toMatchObject({
    input: usdPerMillion('4'),
    cacheRead: usdPerMillion('0.4'),
    output: usdPerMillion('24'),
  })
  expect(fast?.longContext?.prices).toMatchObject({
    input: usdPerMillion('8'),
    cacheRead: usdPerMillion('0.8'),
    output: usdPerMillion('36'),
  })
  expect(price('gpt-5.4-mini', 'priority')?.prices).toMatchObject({
    input: usdPerMillion('1.5'),
    output: usdPerMillion('9'),
  })
  expect(price('gpt-6-astra', 'flex')?.prices).toMatchObject({
    input: usdPerMillion('5'),
    output: usdPerMillion('25'),
  })
  expect(price('gpt-6.1-sol', 'ultrafast')?.prices).toMatchObject({
    input: usdPerMillion('12'),
    output: usdPerMillion('60'),
  })
})
