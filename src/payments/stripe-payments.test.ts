// What Stripe says of refunds, disputes and warnings, as facts: whatever moves no money takes none, and a later word outranks
// every earlier one.

import type Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { disputeFact, refundFact, warningFact } from './stripe-payments.ts'

const refundOf = (status: string, metadata: { [name: string]: string } = {}) =>
  refundFact({ id: 're_1', amount: 1_234, status, metadata } as unknown as Stripe.Refund)

const disputeOf = (status: string, ...moved: readonly number[]) =>
  disputeFact({
    id: 'du_1',
    status,
    balance_transactions: moved.map((amount) => ({ amount, fee: 1_500, net: amount - 1_500 })),
  } as unknown as Stripe.Dispute)

describe('a refund', () => {
  test.each([
    ['pending', 2, 0],
    ['requires_action', 2, 0],
    ['succeeded', 3, 12_340_000_000],
    ['failed', 4, 0],
    ['canceled', 4, 0],
    ['something new', 2, 0],
  ])('that the dashboard made and that is %s has version %i and has taken %i', (status, version, taken) => {
    expect(refundOf(status)).toEqual({
      id: 're_1',
      kind: 'refund',
      version,
      takenNanoUsd: taken,
      isOpen: false,
    })
  })

  test.each([
    ['pending', 12_340_000_000],
    ['succeeded', 12_340_000_000],
    ['failed', 0],
  ])('of ours that is %s is known by our name and has taken %i', (status, takenNanoUsd) => {
    const fact = refundOf(status, { refund_reference: 'refund:a' })
    expect(fact).toMatchObject({ id: 'refund:a', takenNanoUsd })
  })
})

describe('a dispute', () => {
  // Cases: payments 40
  test.each([
    ['warning_needs_response', [], 0, false],
    ['warning_under_review', [], 0, false],
    ['warning_closed', [], 0, false],
    ['prevented', [], 0, false],
    ['needs_response', [], 0, true],
    ['needs_response', [-1_000], 10_000_000_000, true],
    ['under_review', [-1_000], 10_000_000_000, true],
    ['lost', [-1_000], 10_000_000_000, false],
    ['appeal_needs_response', [-1_000], 10_000_000_000, false],
    ['won', [-1_000], 10_000_000_000, false],
    ['won', [-1_000, 1_000], 0, false],
    ['lost', [-1_000, 1_000, -1_000], 10_000_000_000, false],
    ['something new', [-1_000], 10_000_000_000, true],
  ] as const)(
    'that is %s after the movements %j has taken %i, without its fee',
    (status, moved, taken, isOpen) => {
      expect(disputeOf(status, ...moved)).toMatchObject({ takenNanoUsd: taken, isOpen })
    },
  )

  test('is told by versions that only grow, whatever way it goes', () => {
    const ways = [
      [disputeOf('warning_needs_response'), disputeOf('warning_under_review'), disputeOf('warning_closed')],
      [
        disputeOf('warning_under_review'),
        disputeOf('needs_response'),
        disputeOf('needs_response', -1_000),
        disputeOf('under_review', -1_000),
        disputeOf('lost', -1_000),
        disputeOf('won', -1_000, 1_000),
        disputeOf('lost', -1_000, 1_000, -1_000),
      ],
    ]
    for (const way of ways)
      for (const [index, fact] of way.slice(1).entries())
        expect(fact.version).toBeGreaterThan(way[index]?.version ?? Infinity)
  })
})

// Cases: payments 42
test('a warning of fraud is open until a dispute or a whole refund has settled it', () => {
  const warningOf = (actionable: boolean) =>
    warningFact({ id: 'issfr_1', actionable } as unknown as Stripe.Radar.EarlyFraudWarning)
  expect([warningOf(true), warningOf(false)]).toMatchObject([
    { version: 1, isOpen: true, takenNanoUsd: 0 },
    { version: 2, isOpen: false },
  ])
})
