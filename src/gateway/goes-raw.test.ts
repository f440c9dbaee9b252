// Which streams nobody of ours touches: those in which nothing has to be added, renamed, withheld, paced or kept.

import { describe, expect, test } from 'vitest'
import { aModel } from '#catalog/test-model.ts'
import { nanoUsd } from '#core/money.ts'
import { dialects } from '#dialects/dialects.ts'
import { goesRaw } from './goes-raw.ts'
import type { PreparedCall } from './prepared-call.ts'
import { aCall } from './test-call.ts'

function isRaw(call: PreparedCall, heldNanoUsd = call.quote.ceilingNanoUsd): boolean {
  return goesRaw({ call, admitted: { heldNanoUsd }, parts: {} })
}

const plain = { isCostOmitted: true, asked: { includeUsage: true } } as const
const call = aCall(plain)
const upstreamOf = (dialect: PreparedCall['dialect']) => ({ ...call.upstream, dialect })

describe('a stream goes raw', () => {
  test('where its client wants no cost in it and asked for the usage itself', () => {
    expect(isRaw(call)).toBe(true)
  })

  test.each(['responses', 'messages'] as const)('in %s, which always state usage', (id) => {
    const dialect = dialects[id]
    const other = { isCostOmitted: true, dialect, upstream: upstreamOf(dialect) }
    expect(isRaw(aCall(other))).toBe(true)
  })
})

describe('a stream is edited', () => {
  const model = aModel()
  const cases: readonly [string, PreparedCall][] = [
    ['whose cost is shown', aCall({ ...plain, isCostOmitted: false })],
    ['whose client did not ask for the usage', aCall({ isCostOmitted: true })],
    ['of another dialect', aCall({ ...plain, upstream: upstreamOf(dialects.messages) })],
    ['whose model has another name upstream', aCall({ ...plain, model: { ...model, upstreamId: 'other' } })],
    ['under an Idempotency-Key', aCall({ ...plain, claim: { reference: 'r', bodyHash: 'h' } })],
    ['that is kept', aCall({ ...plain, asked: { includeUsage: true, isStored: true } })],
    ['with a ceiling of its client', aCall({ ...plain, quote: { ...call.quote, isCapped: true } })],
  ]
  test.each(cases)('%s', (_why, edited) => {
    expect(isRaw(edited)).toBe(false)
  })

  test('whose hold is less than it can cost, because nobody waits at its edge', () => {
    expect(isRaw(call, nanoUsd(call.quote.ceilingNanoUsd - 1))).toBe(false)
  })
})
