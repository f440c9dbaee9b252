// What may stand in the log.

import { expect, test } from 'vitest'

import { boundedDetail, boundedText } from './detail.ts'

test('text that Postgres refuses is made harmless, wherever it stands', () => {
  expect(boundedDetail({ 'a\0': ['x\0y', { b: 'half \ud83d' }], n: 1, z: null })).toEqual({
    a: ['xy', { b: 'half \ufffd' }],
    n: 1,
    z: null,
  })
  expect(boundedText('a\0b\ud800')).toBe('ab\ufffd')
})

test('a reference is at most 200 characters and never ends in half a character', () => {
  const text = boundedText('😀'.repeat(150))
  expect(text.length).toBeLessThanOrEqual(200)
  expect(text.isWellFormed()).toBe(true)
})

test('what is too large keeps its short values and says so', () => {
  const kept = boundedDetail({
    model: 'm',
    text: 'é'.repeat(40_000),
    list: [1],
    inner: { a: 1 },
    none: null,
    is: true,
  })
  expect(kept).toEqual({
    model: 'm',
    text: 'é'.repeat(100),
    list: [],
    inner: {},
    none: null,
    is: true,
    isClipped: true,
  })
})

test('a detail of 32 KiB is kept whole, and one byte more is not', () => {
  const whole = { text: 'a'.repeat(32_768 - '{"text":""}'.length) }
  expect(boundedDetail(whole)).toEqual(whole)
  expect(boundedDetail({ text: `${whole.text}a` })).toEqual({ text: 'a'.repeat(100), isClipped: true })
})

test('of what is too large only the first hundred values are kept, and nothing of a list', () => {
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`n${n}`, 'a'.repeat(400)]))
  expect(Object.keys(boundedDetail(many) ?? {})).toEqual([
    ...Array.from({ length: 100 }, (_, n) => `n${n}`),
    'isClipped',
  ])
  expect(boundedDetail(['a'.repeat(40_000)])).toEqual({ isClipped: true })
})
