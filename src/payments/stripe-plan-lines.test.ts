// What of a subscription's invoices is a paid period, a change or nothing, by tables.

import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { billedPeriod, planIdOf, productOf } from './stripe-plan-lines.ts'

type Line = { product?: string; amount?: number; proration?: boolean; start?: number; end?: number }

/** As Stripe's, as far as it is read. */
function invoice(given: {
  reason?: string
  status?: string
  attempts?: number
  total?: number
  lines?: readonly Line[]
}): Stripe.Invoice {
  const { reason = 'subscription_cycle', status = 'paid', attempts = 1, total = 2_000, lines = [{}] } = given
  const data = lines.map(({ product = 'sluice_plan_pro', amount = 2_000, proration = false, ...period }) => ({
    amount,
    period: { start: period.start ?? 100, end: period.end ?? 200 },
    parent: { subscription_item_details: { proration } },
    pricing: { price_details: { product } },
  }))
  const read = { id: 'in_1', billing_reason: reason, status, attempt_count: attempts, total, lines: { data } }
  return read as unknown as Stripe.Invoice
}

const credit = { product: 'sluice_plan_pro', amount: -900, proration: true }
const rest = { product: 'sluice_plan_team', amount: 4_500, proration: true, start: 150 }

test.each([
  [
    'the first period',
    invoice({ reason: 'subscription_create' }),
    { kind: 'period', state: 'paid', planId: 'pro' },
  ],
  [
    'a renewal',
    invoice({}),
    { kind: 'period', startMs: 100_000, endMs: 200_000, totalNanoUsd: 20_000_000_000 },
  ],
  [
    'a renewal with what a change had left over',
    invoice({ lines: [credit, rest, { product: 'sluice_plan_team' }] }),
    { kind: 'period', planId: 'team', startMs: 100_000 },
  ],
  [
    'a change',
    invoice({ reason: 'subscription_update', lines: [credit, rest] }),
    { kind: 'change', planId: 'team', startMs: 150_000, endMs: 200_000 },
  ],
  ['one tried in vain', invoice({ status: 'open' }), { state: 'failed' }],
  ['one given up', invoice({ status: 'uncollectible', attempts: 0 }), { state: 'failed' }],
  ['a product of somebody else’s', invoice({ lines: [{ product: 'prod_x' }] }), { planId: 'prod_x' }],
])('%s is read by its line', (_what, given, expected) => {
  expect(billedPeriod(given)).toMatchObject({ invoiceId: 'in_1', ...expected })
})

test.each([
  ['one that nobody has tried', invoice({ status: 'open', attempts: 0 })],
  ['a draft', invoice({ status: 'draft' })],
  ['a void one', invoice({ status: 'void' })],
  ['one made by hand', invoice({ reason: 'manual' })],
  ['a change that only gives back', invoice({ reason: 'subscription_update', lines: [credit] })],
  ['a period of nothing', invoice({ lines: [{ amount: 0 }] })],
])('%s is none', (_what, given) => {
  expect(billedPeriod(given)).toBeUndefined()
})

test('a plan is named by its product, and back', () => {
  expect(planIdOf(productOf('pro'))).toBe('pro')
})
