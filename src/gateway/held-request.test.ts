// What a running call keeps of its request.

import { expect, test } from 'vitest'
import { HeldRequest } from './held-request.ts'

test('a request is given to the upstream once, and is not kept while its answer runs', () => {
  const request = new HeldRequest(
    { dialect: 'chat', body: { messages: [{ content: 'Hi' }] } },
    (limit) => `limit ${limit}`,
  )
  expect(request.plainTexts()).toEqual(['Hi'])
  expect(request.take(7)).toBe('limit 7')
  expect(() => request.take(7)).toThrow('sent already')
  expect(request.plainTexts()).toEqual([])
})

test('the texts that are the whole cost of a call stay for its own count, where they are no load', () => {
  const textsAfter = (input: string) => {
    const request = new HeldRequest({ dialect: 'embeddings', body: { input: [input, 'b'] } }, () => '')
    request.take(undefined)
    return request.plainTexts()
  }
  expect(textsAfter('a')).toEqual(['a', 'b'])
  expect(textsAfter('a'.repeat(524_287))).toHaveLength(2)
  expect(textsAfter('a'.repeat(524_288))).toEqual([])
})
