// In which order hosts are asked: every rule against the ones below it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import {
  type CandidateFacts,
  operatorRankOf,
  orderedCandidates,
  readOperatorOrder,
} from './candidate-order.ts'

const plain: CandidateFacts = {
  name: 'host',
  isPaused: false,
  isFailing: false,
  isOrigin: false,
  operatorRank: 1,
  firstByteMs: undefined,
  costNanoUsd: nanoUsd(100),
  affinity: 10,
}

/** The better one differs in one thing alone, and the other one is better in all that comes after it. */
const rules: readonly [string, Partial<CandidateFacts>, Partial<CandidateFacts>][] = [
  ['one that is not paused', { isFailing: true }, { isPaused: true, isOrigin: true, operatorRank: 0 }],
  ['one that is not failing', { operatorRank: 5 }, { isFailing: true, isOrigin: true, operatorRank: 0 }],
  ['the origin of its thoughts', { isOrigin: true }, { operatorRank: 0, costNanoUsd: nanoUsd(1) }],
  [
    'the operator’s first',
    { operatorRank: 0, firstByteMs: 9_000 },
    { firstByteMs: 100, costNanoUsd: nanoUsd(1) },
  ],
  [
    'one that is not slow',
    { firstByteMs: 500 },
    { firstByteMs: 2_001, costNanoUsd: nanoUsd(1), affinity: 99 },
  ],
  ['the cheaper one', { costNanoUsd: nanoUsd(99) }, { affinity: 99 }],
  ['the conversation’s own', { affinity: 11 }, { name: 'a' }],
  ['the first by name', { name: 'a' }, {}],
]

describe('hosts are asked in an order in which comes first', () => {
  test.each(rules)('%s', (_rule, better, worse) => {
    const [first, second] = [
      { ...plain, ...better },
      { ...plain, ...worse },
    ]
    expect(orderedCandidates([first, second])).toEqual([first, second])
    expect(orderedCandidates([second, first])).toEqual([first, second])
  })

  test('a host that is a little slower than the quickest keeps its place', () => {
    const quick = { ...plain, name: 'quick', firstByteMs: 700, costNanoUsd: nanoUsd(101) }
    const cheap = { ...plain, name: 'cheap', firstByteMs: 2_000 }
    expect(orderedCandidates([quick, cheap])).toEqual([cheap, quick])
  })

  test('nobody is left out, and the same facts give the same order however they come', () => {
    const candidate = fc.record({
      isPaused: fc.boolean(),
      isFailing: fc.boolean(),
      isOrigin: fc.boolean(),
      operatorRank: fc.nat(2),
      firstByteMs: fc.option(fc.nat(20_000), { nil: undefined }),
      costNanoUsd: fc.nat(3).map(nanoUsd),
      affinity: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(), (facts, turn) => {
        const all = facts.map((one, index) => ({ ...one, name: `host-${index}` }))
        const turned = all.map((_one, index) => all[(index + turn) % all.length] ?? plain)
        expect(orderedCandidates(turned)).toEqual(orderedCandidates(all))
        expect(new Set(orderedCandidates(all))).toEqual(new Set(all))
      }),
    )
  })
})

describe('the operator’s order', () => {
  test('ranks who is named, puts the others after them, and keeps out who has a minus', () => {
    const order = readOperatorOrder(' zai, Together ,-fireworks,, ')
    expect(['zai', 'together', 'groq', 'xai'].map((name) => operatorRankOf(order, name))).toEqual([
      0, 1, 2, 2,
    ])
    expect([...order.excluded]).toEqual(['fireworks'])
    expect(order.unknown).toEqual([])
    expect(readOperatorOrder(undefined)).toEqual({ preferred: [], excluded: new Set(), unknown: [] })
  })

  test('tells which of its names is none', () => {
    expect(readOperatorOrder('zai, togther, -firework').unknown).toEqual(['togther', '-firework'])
  })
})
