// One model at several hosts: who is an offer of it, what it costs at most, and how its list shows that.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import { loadCatalog } from './catalog.ts'
import { dearestOf, leastAffordableOf, quotesOf } from './dearest-quote.ts'
import { models } from './models.ts'
import { sharedModels, withOffers } from './offers.ts'
import { affordableOutputTokens, quote, type QuotedCall } from './quote.ts'
import { usdPerMillion } from './rates.ts'
import { aModel } from './test-model.ts'

const maker = aModel({ id: 'open', provider: 'zai', upstreamId: 'open-1' })
const host = aModel({
  id: 'together/open',
  provider: 'together',
  upstreamId: 'maker/Open-1',
  prices: { ...maker.prices, output: usdPerMillion('8') },
  priceVersion: 'together-1',
})
const joined = withOffers([maker, host], { open: ['together/open'] })

const plain: QuotedCall = {
  textBytes: 400,
  messages: 1,
  tools: 0,
  images: 0,
  outputTokensMax: 100,
  choices: 1,
  isStreamed: true,
}

describe('a shared model', () => {
  test('has its maker and its hosts as whole models under its own id', () => {
    const [open] = joined
    expect(open?.offers).toEqual([
      { ...maker, offerId: 'zai/open' },
      { ...host, id: 'open', name: maker.name, offerId: 'together/open' },
    ])
    expect(joined[1]).toEqual(host)
  })

  test('can be asked for at each of its hosts alone, and is listed once', () => {
    const catalog = loadCatalog(joined)
    expect(catalog.get('zai/open')).toMatchObject({ id: 'zai/open', provider: 'zai', upstreamId: 'open-1' })
    expect(catalog.get('zai/open')?.offers).toBeUndefined()
    expect(catalog.get('together/open')).toEqual(host)
    expect(catalog.list().map(({ id }) => id)).toEqual(['open', 'together/open'])
  })

  test('is not loaded where an offer is no row, or behaves otherwise when its client leaves', () => {
    expect(() => withOffers([maker], { open: ['nobody/open'] })).toThrow('nobody/open')
    expect(() => withOffers([maker], { other: [] })).toThrow('other')
    for (const other of [{ stopsOnAbort: true }, { visibleOutput: false }]) {
      const offers = withOffers([maker, { ...host, ...other }], { open: ['together/open'] })
      expect(() => loadCatalog(offers)).toThrow('together/open behaves otherwise')
    }
  })

  test('of the real catalog has hosts that are rows of their own, of the same kind and with the same pictures', () => {
    for (const id of Object.keys(sharedModels)) {
      const model = models.find((one) => one.id === id)
      expect(model?.offers?.length, id).toBeGreaterThan(1)
      for (const offer of model?.offers ?? []) {
        expect([offer.id, offer.kind, offer.status]).toEqual([id, 'chat', 'available'])
        expect(offer.modalities).toEqual(model?.modalities)
        expect(offer.offers).toBeUndefined()
      }
    }
  })
})

describe('the quote of a call that several hosts may answer', () => {
  const offers = joined[0]?.offers ?? []

  test('is the dearest in each of its figures', () => {
    const [own, other] = [quote(maker, plain), quote(host, plain)]
    const dearest = dearestOf(own, [other])
    expect(other.ceilingNanoUsd).toBeGreaterThan(own.ceilingNanoUsd)
    for (const figure of [
      'ceilingNanoUsd',
      'holdNanoUsd',
      'floorNanoUsd',
      'usualNanoUsd',
      'exposureNanoUsd',
    ] as const)
      expect(dearest[figure]).toBe(Math.max(own[figure], other[figure]))
    expect(dearestOf(own, [])).toEqual(own)
    expect(dearestOf(own, [{ ...other, isCapped: true, outputTokens: 7 }])).toMatchObject({
      isCapped: true,
      outputTokens: own.outputTokens,
    })
  })

  test('holds a slice only where the answer can be ended in the middle at every host', () => {
    const stops = { stopsOnAbort: true, visibleOutput: true, outputTokensMax: 50_000 }
    const call = { ...plain, outputTokensMax: undefined }
    const [slices, ceilings] = [aModel(stops), aModel({ ...stops, stopsOnAbort: false })]
    expect(quotesOf([slices, slices], call).every(({ sliceNanoUsd }) => sliceNanoUsd > 0)).toBe(true)
    for (const { holdNanoUsd, ceilingNanoUsd, sliceNanoUsd } of quotesOf([slices, ceilings], call))
      expect([holdNanoUsd, sliceNanoUsd]).toEqual([ceilingNanoUsd, 0])
  })

  test('can be lowered to what the money buys at the dearest', () => {
    const available = nanoUsd(1_000_000)
    expect(leastAffordableOf(offers, plain, available)).toBe(affordableOutputTokens(host, plain, available))
  })
})
