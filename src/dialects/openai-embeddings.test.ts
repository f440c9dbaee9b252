// What is read of requests for vectors and for judgements: what they cost and where they go, and nothing that has no price.

import { describe, expect, test } from 'vitest'
import type { ClientFormat } from './dialect.ts'
import { embeddingsFormat } from './openai-embeddings.ts'
import { moderationsFormat } from './openai-moderations.ts'

function reading(format: ClientFormat, body: object) {
  return format.read(new TextEncoder().encode(JSON.stringify(body)))
}
const embedding = (more: object) => reading(embeddingsFormat, { model: 'm', input: 'text', ...more })
const judging = (more: object) => reading(moderationsFormat, more)

describe('a request for vectors', () => {
  test.each([
    ['a text', 'žluť', { textBytes: 6, givenTokens: 0, messages: 1 }],
    ['a list of texts', ['ab', 'c'], { textBytes: 3, givenTokens: 0, messages: 2 }],
    ['tokens', [1, 2, 3], { textBytes: 0, givenTokens: 3, messages: 1 }],
    ['a list of tokens', [[1, 2], [3]], { textBytes: 0, givenTokens: 3, messages: 2 }],
    ['texts and tokens', ['ab', [3]], { textBytes: 2, givenTokens: 1, messages: 2 }],
  ])('is measured: %s', (_, input, measured) => {
    expect(embedding({ input })).toMatchObject({ ok: true, call: { ...measured, isStreamed: false } })
  })

  test.each([
    ['input', { input: '' }],
    ['input', { input: [] }],
    ['input', { input: ['a', ''] }],
    ['input', { input: [[]] }],
    ['input', { input: [1.5] }],
    ['input', { input: [-1] }],
    ['input', { input: [null] }],
    ['input', { input: 5 }],
    ['input', { input: undefined }],
    ['input', { input: [{ type: 'image_url' }] }],
    ['input', { input: Array.from({ length: 2_049 }, () => 'a') }],
    ['model', { model: '' }],
    ['model', { model: 5 }],
    ['model', { model: 'x'.repeat(257) }],
    ['dimensions', { dimensions: 0 }],
    ['dimensions', { dimensions: 70_000 }],
    ['encoding_format', { encoding_format: 'int8' }],
    ['stream', { stream: true }],
    ['user', { user: 'x'.repeat(300) }],
  ])('names the field that it cannot be priced by: %s %#', (param, more) => {
    expect(embedding(more)).toMatchObject({ ok: false, code: 'invalid_request', param })
  })

  test('goes up byte for byte but for the name of its model', () => {
    const text = '{ "model":"ours","input" : ["a",  "b"], "dimensions":3.0e2, "x":[1.0] }'
    const read = embeddingsFormat.read(new TextEncoder().encode(text))
    if (!read.ok) throw new Error('not read')
    const target = {
      upstreamModel: 'theirs',
      origin: 'openai',
      outputParameter: 'max_tokens',
      outputTokensMax: undefined,
      supportedParameters: [],
      acceptsStreamOptions: true,
    } as const
    expect(embeddingsFormat.forward(read.call, target)).toBe(text.replace('ours', 'theirs'))
  })

  test.each([
    [{ prompt_tokens: 5, total_tokens: 5 }, 5],
    [{ total_tokens: 7 }, 7],
    [{ prompt_tokens: 0, total_tokens: 0 }, 0],
    [{ prompt_tokens: -1, total_tokens: 1.5 }, undefined],
    [null, undefined],
  ])('is charged by what its provider states: %o', (stated, input) => {
    expect(embeddingsFormat.passed?.readUsage(stated)?.input).toBe(input)
  })
})

describe('a request for a judgement', () => {
  test.each([
    ['a text', 'abc', { textBytes: 3, messages: 1, images: 0 }],
    ['texts', ['abc', 'd'], { textBytes: 4, messages: 2, images: 0 }],
    [
      'text and picture',
      [
        { type: 'text', text: 'abc' },
        { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
      ],
      { textBytes: 3, messages: 2, images: 1 },
    ],
  ])('is measured, and needs no model: %s', (_, input, measured) => {
    expect(judging({ input })).toMatchObject({
      ok: true,
      call: { ...measured, model: 'omni-moderation-latest' },
    })
  })

  test.each([
    ['input', {}],
    ['input', { input: [] }],
    ['input', { input: [5] }],
    ['input', { input: [{ type: 'input_audio' }] }],
    ['model', { model: null, input: 'a' }],
    ['stream', { input: 'a', stream: true }],
  ])('names the field that is wrong: %s %#', (param, body) => {
    expect(judging(body)).toMatchObject({ ok: false, code: 'invalid_request', param })
  })
})
