// What is read of an upstream's JSON, and what is too deep to be an answer.

import { expect, test } from 'vitest'
import { readUpstreamJson } from './upstream-json.ts'

const nested = (depth: number, inside = '') => `${'['.repeat(depth)}${inside}${']'.repeat(depth)}`

test.each(['{"a":[1,{"b":"[[["}]}', '"text"', nested(400, '1'), nested(990)])('is read: %.30s', (text) => {
  expect(readUpstreamJson(text)).toEqual(JSON.parse(text))
})

test('brackets inside a text are text, escaped quotes included', () => {
  const text = JSON.stringify({ a: '"['.repeat(5_000), b: '\\' })
  expect(readUpstreamJson(text)).toEqual(JSON.parse(text))
})

test('a hundred thousand levels are not read, so that nobody has to write them again', () => {
  expect(readUpstreamJson(nested(100_000))).toBeUndefined()
  expect(readUpstreamJson(`{"a":${nested(1_000)},"b":1}`.padEnd(3_000))).toBeUndefined()
})

test.each(['', '{', 'no'])('what is not JSON is not read: %s', (text) => {
  expect(readUpstreamJson(text)).toBeUndefined()
})
