// A card that could serve for nothing or for a fortune stops the start.

import { describe, expect, test } from 'vitest'
import type { PicoUsd } from '#core/money.ts'
import { findModel, loadCatalog, refuseUnpriced } from './catalog.ts'
import type { Model, Prices } from './model.ts'
import { models } from './models.ts'
import { aModel } from './test-model.ts'

const pico = (value: number) => value as PicoUsd

function loading(changes: Partial<Model>) {
  return () => loadCatalog([aModel(changes)])
}

function pricing(changes: { [unit in keyof Prices]?: number }) {
  const entries = Object.entries(changes).map(([unit, value]) => [unit, pico(value)])
  return { prices: { ...aModel().prices, ...Object.fromEntries(entries) } as Prices }
}

describe('loading the catalog', () => {
  // Cases: billing-bugs 17
  test.each([-1, -0.5, 0, Number.NaN, Number.POSITIVE_INFINITY, 1e30, 0.5, 2 ** 53, 2e15])(
    'refuses the price %s for every unit, marks for unusual prices or not',
    (price) => {
      for (const unit of ['input', 'output', 'cacheRead', 'request'] as const) {
        expect(loading(pricing({ [unit]: price }))).toThrow(`prices.${unit}`)
        expect(loading({ ...pricing({ [unit]: price }), unusualPrice: true })).toThrow(`prices.${unit}`)
      }
    },
  )

  // Cases: billing-bugs 19
  test('refuses a price per token outside $0.0001 to $1,000 per million without an explicit mark', () => {
    for (const price of [99, 1_000_000_001]) {
      expect(loading(pricing({ input: price }))).toThrow('unusualPrice')
      expect(loading({ ...pricing({ input: price }), unusualPrice: true })).not.toThrow()
    }
    expect(loading(pricing({ input: 100, output: 1_000_000_000 }))).not.toThrow()
  })

  // Cases: billing-bugs 17
  test('takes a price of zero from a model that is marked free, and only from one', () => {
    const free = { prices: { input: pico(0), output: pico(0) }, canCache: false }
    expect(loading(free)).toThrow('free')
    expect(loading({ ...free, free: true })).not.toThrow()
  })

  // Cases: billing-bugs 15
  test('refuses a model that can cache and has no cache price', () => {
    const prices = { input: pico(1_000_000), output: pico(2_000_000) }
    expect(loading({ prices, canCache: true })).toThrow('prices.cacheRead is missing')
    expect(loading({ prices, canCache: false })).not.toThrow()
  })

  test('refuses a tokenizer factor below 1, under which a count would fall short', () => {
    for (const tokenizerFactor of [0.99, 0, -1, Number.NaN])
      expect(loading({ tokenizerFactor })).toThrow('tokenizerFactor')
    expect(loading({ tokenizerFactor: 1.3 })).not.toThrow()
  })

  // Cases: billing-bugs 16
  test('refuses a model whose known units have no price', () => {
    const { input: _input, ...withoutInput } = aModel().prices
    const { output: _output, ...withoutOutput } = aModel().prices
    expect(loading({ prices: withoutInput })).toThrow('prices.input is missing')
    expect(loading({ prices: withoutOutput })).toThrow('prices.output is missing')
    expect(loading({ modalities: { input: ['text', 'audio'], output: ['text'] } })).toThrow(
      'audioInput is missing',
    )
    expect(loading({ modalities: { input: ['text'], output: ['audio'] } })).toThrow('audioOutput is missing')
    const longContext = { inputTokensAbove: 100, prices: { input: pico(1_000), output: pico(1_000) } }
    expect(loading({ longContext })).toThrow('longContext.prices.cacheRead is missing')
  })

  test('refuses limits below one, an id that is used twice and a stop policy that cannot be kept', () => {
    expect(loading({ contextLength: 0 })).toThrow('contextLength')
    expect(loading({ outputTokensMax: Number.NaN })).toThrow('outputTokensMax')
    expect(() => loadCatalog([aModel(), aModel()])).toThrow('used twice')
    expect(loading({ cancellationPolicy: 'stop', stopsOnAbort: false })).toThrow('stop')
  })

  test('names every fault of every model at once', () => {
    const load = () =>
      loadCatalog([aModel({ id: 'a', contextLength: 0 }), aModel({ id: 'b', ...pricing({ input: -1 }) })])
    expect(load).toThrow(/a: contextLength[^]*b: prices\.input/)
  })
})

describe('the catalog', () => {
  // Requirements: 42
  test('sells at least twelve models of three companies, each with its rates, source and date', () => {
    const list = loadCatalog(models).list()
    expect(list.length).toBeGreaterThanOrEqual(12)
    expect(new Set(list.map((model) => model.company)).size).toBe(3)
    for (const model of list) {
      expect(model.source).not.toBe('')
      expect(model.asOf).toMatch(/^20\d\d-\d\d-\d\d$/)
    }
  })

  test('has models that stop with their client, and none of them hides its output', () => {
    const stopping = loadCatalog(models)
      .list()
      .filter((model) => model.cancellationPolicy === 'stop')
    expect(stopping.length).toBeGreaterThan(0)
    expect(stopping.every((model) => model.stopsOnAbort && model.visibleOutput)).toBe(true)
  })

  // Cases: billing-bugs 16, 20
  test('finds a model by exactly its id and refuses every other', () => {
    const catalog = loadCatalog([aModel({ id: 'small' }), aModel({ id: 'soon', status: 'unavailable' })])
    expect(findModel(catalog, 'small')).toMatchObject({ ok: true, model: { id: 'small' } })
    for (const id of ['Small', 'small ', '', '__proto__', 'constructor', 'x'.repeat(10_000)])
      expect(findModel(catalog, id)).toMatchObject({ ok: false, code: 'model_not_found' })
    expect(findModel(catalog, 'soon')).toMatchObject({ ok: false, code: 'model_not_available' })
  })

  // Cases: billing-bugs 16
  test('refuses pictures for a model that has no rule for them', () => {
    const textOnly = aModel({ modalities: { input: ['text'], output: ['text'] } })
    expect(refuseUnpriced(textOnly, { images: 1 })).toMatchObject({ ok: false, code: 'invalid_request' })
    expect(refuseUnpriced(textOnly, { images: 0 })).toBeUndefined()
    expect(refuseUnpriced(aModel(), { images: 3 })).toBeUndefined()
  })
})
