// What a running call keeps of its request.

import { expect, test } from 'vitest'
import { givenOnce } from './prepared-call.ts'

test('the body of a request is given to the upstream once, and is not kept while its answer runs', () => {
  const takeBody = givenOnce('{"model":"m"}')
  expect(takeBody()).toBe('{"model":"m"}')
  expect(takeBody()).toBe('')
})
