// The counter of what no provider has stated.

import { expect, test } from 'vitest'
import { aModel } from '#catalog/test-model.ts'
import type { CountTokens } from '#calls/count-tokens.ts'
import { jsonLog } from '#core/log.ts'
import { OwnCount } from './own-count.ts'

const lines: string[] = []
const log = jsonLog(
  (line) => lines.push(line),
  () => 0,
)
const countWords: CountTokens = (text) => text.split(' ').length

const counting = (load: () => Promise<CountTokens>, company = 'OpenAI') =>
  new OwnCount(aModel({ company }), { countO200k: load, log })

test('a text costs the tokens of the tokenizer times the factor of its model, rounded up', async () => {
  const plain = counting(async () => countWords)
  const dearer = counting(async () => countWords, 'Anthropic')
  await Promise.all([plain.ready(), dearer.ready()])
  expect(plain.count('one two three')).toBe(3)
  expect(dearer.count('one two three')).toBe(5)
})

test('a text never costs more tokens than it has bytes', async () => {
  const count = counting(async () => (text) => text.length * 9)
  await count.ready()
  expect(count.count('a b')).toBe(3)
})

test('the tokenizer is loaded when it is needed, and once', async () => {
  let loads = 0
  const own = counting(async () => {
    loads += 1
    return countWords
  })
  expect(loads).toBe(0)
  await own.ready()
  await own.ready()
  expect(loads).toBe(1)
})

test('a text is counted once, however often it is asked for, and anew once the tokenizer is there', async () => {
  const texts: string[] = []
  const own = counting(async () => (text) => texts.push(text))
  expect(own.count('x'.repeat(40))).toBe(10)
  await own.ready()
  for (let asked = 0; asked < 3; asked += 1) expect(own.count('x'.repeat(40))).toBe(1)
  expect(own.count('another')).toBe(2)
  expect(texts).toHaveLength(2)
})

test('where the tokenizer cannot be loaded bytes are counted, and the log says so', async () => {
  const own = counting(() => Promise.reject(new Error('no such module')))
  await own.ready()
  expect(own.count('x'.repeat(40))).toBe(10)
  expect(lines.join('')).toContain('own_count_by_bytes')
})

test('a stream that lost its cover does not wait for the tokenizer', async () => {
  const own = counting(() => new Promise(() => undefined))
  await own.ready('cover_lost')
  expect(own.count('x'.repeat(40))).toBe(10)
})
