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
