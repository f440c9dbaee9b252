// X-Cost: one word, and what stands behind a stream that shows no cost.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import { costComment, readCostHeader } from './cost-header.ts'
import { aCall } from './test-call.ts'

describe('X-Cost', () => {
  test('is "omit" in any case, or not there', () => {
    expect(readCostHeader(new Headers())).toEqual({ ok: true, isCostOmitted: false })
    for (const text of ['omit', ' OMIT '])
      expect(readCostHeader(new Headers({ 'x-cost': text }))).toEqual({ ok: true, isCostOmitted: true })
  })

  test.each(['', 'show', 'true', 'omit,omit', '0.05'])('of "%s" is refused', (text) => {
    expect(readCostHeader(new Headers({ 'x-cost': text }))).toMatchObject({
      ok: false,
      code: 'invalid_request',
      param: 'X-Cost',
    })
  })
})

// Cases: dialects 15
test('the comment behind a stream is one line with one newline', () => {
  const { callId } = aCall()
  expect(costComment(nanoUsd(123_000), callId)).toBe(`: cost=0.000123 generation=${callId}\n`)
})
