// What Stripe is told of an order, and how its answer is read: a page is paid only if money is there.

import type Stripe from 'stripe'
import { expect, test } from 'vitest'

import { makeAccountId, orderIdOf } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { PaymentConfig } from './config.ts'
import type { NewCheckout } from './provider.ts'
import { centsOf, sessionOf, statusOf } from './stripe-checkouts.ts'

const config: PaymentConfig = {
  secretKey: 'sk_test_0123456789abcdef0123',
  isLive: false,
  baseUrl: undefined,
  hasAutomaticTax: false,
  statementSuffix: undefined,
}

const accountId = makeAccountId('w', (bytes) => new Uint8Array(bytes))
const orderId = orderIdOf(new Uint8Array(16))

const asked: NewCheckout = {
  key: 'checkout:1',
  accountId,
  orderId,
  customerId: 'cus_1',
  netNanoUsd: nanoUsd(12_340_000_000),
  page: 'embedded',
  origin: 'https://sluice.example',
  savesCard: false,
}

// Requirements: 8
test('a page names its order twice, leaves the methods of payment to the dashboard, and asks for the amount in cents', () => {
  const metadata = { account_id: accountId, order_id: orderId }
  expect(sessionOf(asked, config)).toEqual({
    mode: 'payment',
    customer: 'cus_1',
    client_reference_id: accountId,
    metadata,
    payment_intent_data: { metadata },
    line_items: [
      {
        quantity: 1,
        price_data: { currency: 'usd', unit_amount: 1_234, product_data: { name: 'Prepaid credit' } },
      },
    ],
    ui_mode: 'embedded_page',
    return_url: `https://sluice.example/top-ups/${orderId}`,
  })
})

test('a hosted page comes back to us, paid or not', () => {
  const back = `https://sluice.example/top-ups/${orderId}`
  expect(sessionOf({ ...asked, page: 'hosted' }, config)).toMatchObject({
    ui_mode: 'hosted_page',
    success_url: back,
    cancel_url: back,
  })
})

test('a card is kept only where that was asked for, and only as a card', () => {
  const session = sessionOf({ ...asked, savesCard: true }, config)
  expect(session.payment_method_options).toEqual({ card: { setup_future_usage: 'off_session' } })
  expect(session.payment_intent_data?.setup_future_usage).toBeUndefined()
})

// Requirements: 11
test('the operator’s words stand on the card statement', () => {
  const session = sessionOf(asked, { ...config, statementSuffix: 'SLUICE CREDIT' })
  expect(session.payment_intent_data?.statement_descriptor_suffix).toBe('SLUICE CREDIT')
})

test('tax comes on top where it is on', () => {
  const session = sessionOf(asked, { ...config, hasAutomaticTax: true })
  expect(session).toMatchObject({
    automatic_tax: { enabled: true },
    customer_update: { address: 'auto' },
    line_items: [{ price_data: { tax_behavior: 'exclusive' } }],
  })
})

test('parts of a cent are asked of nobody', () => {
  expect(() => centsOf(nanoUsd(10_000_001))).toThrow('whole cents')
})

type Seen = Pick<Stripe.Checkout.Session, 'status' | 'payment_status'>
const paymentIn = (status: Stripe.PaymentIntent.Status) => ({ status })

test.each<[Seen, Stripe.PaymentIntent.Status | null, string]>([
  [{ status: 'open', payment_status: 'unpaid' }, null, 'open'],
  [{ status: 'open', payment_status: 'unpaid' }, 'requires_payment_method', 'open'],
  [{ status: 'complete', payment_status: 'unpaid' }, 'processing', 'pending'],
  [{ status: 'complete', payment_status: 'unpaid' }, 'requires_action', 'pending'],
  [{ status: 'complete', payment_status: 'unpaid' }, 'requires_payment_method', 'failed'],
  [{ status: 'complete', payment_status: 'unpaid' }, 'canceled', 'failed'],
  [{ status: 'complete', payment_status: 'paid' }, 'succeeded', 'paid'],
  [{ status: 'complete', payment_status: 'unpaid' }, 'succeeded', 'paid'],
  [{ status: 'expired', payment_status: 'unpaid' }, null, 'expired'],
  [{ status: 'expired', payment_status: 'unpaid' }, 'succeeded', 'paid'],
])('a page that is %j with a payment that is %s is %s', (session, payment, expected) => {
  expect(statusOf(session, payment === null ? null : paymentIn(payment))).toBe(expected)
})
