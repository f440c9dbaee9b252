// A card that could serve for nothing or for a fortune stops the start.

import { describe, expect, test } from 'vitest'
import type { PicoUsd } from '#core/money.ts'
import { findModel, loadCatalog, refuseUnpriced } from './catalog.ts'
import type { Model, Prices } from './model.ts'
import { models } from './models.ts'
import { type ProviderId, providerIds } from './provider-table.ts'
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

  test('refuses a dialect that the provider does not speak, and a chat model without any', () => {
    expect(loading({ dialects: ['messages'] })).toThrow('dialects has one that openai does not speak')
    expect(loading({ dialects: [] })).toThrow('dialects are missing')
    expect(loading({ dialects: ['messages'], provider: 'anthropic' })).not.toThrow()
  })

  test('refuses a model that reasons and names no parameter to say how much, and the reverse', () => {
    const parameters = (...supportedParameters: string[]) => ({ supportedParameters })
    expect(loading({ reasoning: 'effort' })).toThrow('lacks the parameter')
    expect(loading({ reasoning: 'effort', ...parameters('reasoning_effort') })).not.toThrow()
    expect(loading({ reasoning: 'none', ...parameters('thinking') })).toThrow('reasoning is "none"')
  })

  test('refuses a model that can be called and has no endpoint, one without a price, and one without a day', () => {
    const picture = { kind: 'image', dialects: [], status: 'unavailable' } as const
    const prices = { image: pico(40_000_000_000) }
    expect(loading({ ...picture, prices })).not.toThrow()
    expect(loading({ ...picture, prices, status: 'available' })).toThrow('has no endpoint')
    expect(loading({ ...picture, prices, dialects: ['chat'] })).toThrow('speaks no dialect')
    const embedding = { kind: 'embedding', dialects: [], prices: { input: pico(20_000) } } as const
    expect(loading(embedding)).not.toThrow()
    expect(loading({ ...embedding, contextLength: 0 })).toThrow('contextLength')
    expect(loading({ ...embedding, prices: { output: pico(20_000) } })).toThrow('prices.input is missing')
    expect(loading({ ...embedding, prices: { input: pico(0) } })).toThrow('is zero')
    expect(loading({ ...embedding, prices: { input: pico(0) }, free: true })).not.toThrow()
    expect(loading({ ...picture, prices: {} })).toThrow('has no price at all')
    expect(loading({ ...picture, prices: {}, free: true })).not.toThrow()
    for (const asOf of ['', '2026-13-01', '21.11.2026']) expect(loading({ asOf })).toThrow('asOf')
    expect(loading({ source: '' })).toThrow('source')
  })

  // Requirements: 21
  test('refuses a fixed fee beside which anything else is priced, and one without a price', () => {
    const fee = { cancellationPolicy: 'accept', canCache: false, contextLength: 0 } as const
    const prices = { request: pico(5_000_000_000) }
    expect(loading({ ...fee, prices })).not.toThrow()
    expect(loading({ ...fee, prices: {} })).toThrow('prices.request is missing')
    expect(loading({ ...fee, prices: { ...prices, output: pico(4_000_000) } })).toThrow('one price')
    expect(loading({ ...fee, prices, longContext: { inputTokensAbove: 9, prices } })).toThrow('one price')
    expect(loading({ ...fee, prices, dialects: ['responses'] })).toThrow('chat completions')
    expect(loading({ ...fee, cancellationPolicy: 'finish' })).toThrow('contextLength')
  })

  // Cases: billing-bugs 17, 19
  test.each([
    ['image', 99_999_999, 10_000_000_000_001],
    ['audioSecond', 999_999, 100_000_000_001],
    ['videoSecond', 999_999_999, 10_000_000_000_001],
    ['character', 99_999, 1_000_000_001],
    ['imageOutput', 99, 1_000_000_001],
  ] as const)('refuses an implausible price per %s without a mark, in a variant too', (unit, low, high) => {
    const picture = { kind: 'image', dialects: [], status: 'unavailable' } as const
    for (const price of [low, high]) {
      const prices = { [unit]: pico(price) }
      expect(loading({ ...picture, prices })).toThrow(
        `prices.${unit} is ${price === low ? 'below' : 'above'} $`,
      )
      expect(loading({ ...picture, prices, unusualPrice: true })).not.toThrow()
      const plain = { [unit]: pico(price === low ? low + 1 : high - 1) }
      expect(loading({ ...picture, prices: plain })).not.toThrow()
      expect(loading({ ...picture, prices: plain, variants: [{ name: 'hd', prices }] })).toThrow(
        `variants.hd.${unit}`,
      )
    }
    expect(loading({ ...picture, prices: { [unit]: pico(0) } })).toThrow('is zero')
  })

  test('names every fault of every model at once', () => {
    const load = () =>
      loadCatalog([aModel({ id: 'a', contextLength: 0 }), aModel({ id: 'b', ...pricing({ input: -1 }) })])
    expect(load).toThrow(/a: contextLength[^]*b: prices\.input/)
  })
})

describe('the catalog', () => {
  // Requirements: 27, 42
  test('states at least 73 models of eight companies over text, image, audio and video, each with source and date', () => {
    const list = loadCatalog(models).list()
    expect(list.length).toBeGreaterThanOrEqual(73)
    expect(new Set(list.map((model) => model.company)).size).toBeGreaterThanOrEqual(8)
    const outputs = new Set(list.flatMap(({ modalities }) => modalities.output))
    expect(outputs).toEqual(new Set(['text', 'image', 'audio', 'video']))
    for (const model of list) {
      expect(model.source, model.id).not.toBe('')
      expect(model.asOf, model.id).toMatch(/^20\d\d-\d\d-\d\d$/)
    }
  })

  test('sells the chat models of every provider in the table, those for vectors and judgements, and nothing that has no endpoint', () => {
    const sold = models.filter(({ status }) => status === 'available')
    expect(new Set(sold.map(({ provider }) => provider))).toEqual(new Set(providerIds))
    expect(new Set(sold.map(({ kind }) => kind))).toEqual(new Set(['chat', 'embedding', 'moderation']))
    expect(models.filter(({ kind, status }) => kind === 'chat' && status !== 'available')).toEqual([])
  })

  test('is called in a dialect that its provider speaks, a Claude in messages alone', () => {
    const spoken = (provider: ProviderId) =>
      new Set(models.filter((model) => model.provider === provider).flatMap(({ dialects }) => dialects))
    expect(spoken('anthropic')).toEqual(new Set(['messages']))
    expect(spoken('openai')).toEqual(new Set(['responses', 'chat']))
    expect(spoken('google')).toEqual(new Set(['chat']))
  })

  // Cases: dialects 46
  test('announces sampling only for models that take it, so that a translation leaves it out', () => {
    const samples = (id: string) =>
      models
        .find((model) => model.id === id)
        ?.supportedParameters.filter((name) => ['temperature', 'top_p', 'top_k'].includes(name))
    for (const id of ['claude-opus-4-7', 'claude-opus-5-5', 'claude-haiku-5-5', 'gpt-6-sol', 'kimi-k3'])
      expect(samples(id), id).toEqual([])
    expect(samples('claude-opus-4-6')).toEqual(['temperature', 'top_p', 'top_k'])
    expect(samples('gemini-3.8-flash')).toEqual(['temperature', 'top_p'])
  })

  test('knows how each Claude is asked to reason, and its prices of both caches', () => {
    const claude = (id: string) => models.find((model) => model.id === id)
    expect(claude('claude-opus-4-5')?.reasoning).toBe('budget')
    expect(claude('claude-sonnet-5-5')?.reasoning).toBe('adaptive')
    expect(claude('claude-opus-5-5')?.prices).toEqual({
      input: 4_000_000,
      cacheRead: 200_000,
      cacheWrite5m: 5_000_000,
      cacheWrite1h: 8_000_000,
      output: 20_000_000,
    })
    expect(claude('claude-haiku-5-5')?.longContext).toMatchObject({
      inputTokensAbove: 100_000,
      prices: { input: 500_000, output: 2_500_000 },
    })
  })

  test('prices pictures, seconds and characters in their own units, a larger picture apart', () => {
    const found = (id: string) => models.find((model) => model.id === id)
    expect(found('veo-3.1-generate-preview')).toMatchObject({
      prices: { videoSecond: 400_000_000_000 },
      variants: [{ name: '4k', prices: { videoSecond: 600_000_000_000 } }],
    })
    expect(found('tts-1')?.prices).toEqual({ character: 15_000_000 })
    expect(found('whisper-1')?.prices).toEqual({ audioSecond: 100_000_000 })
    // $0.20 an hour is 55,555,555.5… pico-dollars a second.
    expect(found('grok-transcribe')?.prices).toEqual({ audioSecond: 55_555_556 })
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
