// What any payment provider must do for plans that are paid for (payments/provider.ts), tried on Stripe's: the port alone is asked, and
// a person and a bank act beside it.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccountId } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { PaymentProvider, ProviderAnswer } from '#payments/provider.ts'
import { stripeProvider } from '#payments/stripe.ts'
import type { OfferedPlan, SubscriptionState } from '#payments/subscription-state.ts'
import { startStripe, type StripeStandIn } from '../../dev/stripe.ts'
import { judgeOfStripe } from '../world/judged-stripe.ts'

let standIn: StripeStandIn
let provider: PaymentProvider

beforeAll(async () => {
  standIn = await startStripe({ judge: judgeOfStripe() })
  provider = stripeProvider({
    secretKey: standIn.secretKey,
    isLive: false,
    baseUrl: new URL(standIn.url),
    hasAutomaticTax: false,
    statementSuffix: undefined,
  })
})

afterAll(async () => {
  expect(standIn.control.takeFaults()).toEqual([])
  await standIn.stop()
})

const accountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(9))

function offered(id: string, dollars: number): OfferedPlan {
  const terms = { id, name: id, included: {}, overage: {}, monthlyCreditNanoUsd: zeroNanoUsd }
  return { terms, priceNanoUsd: nanoUsd(dollars * 1_000_000_000) }
}

const [small, large] = [offered('small', 10), offered('large', 50)]

function valueOf<Value>(answer: ProviderAnswer<Value>): Value {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.value
}

let causes = 0
const key = () => `cause ${(causes += 1)}`

async function newPage(customerId: string, page: 'embedded' | 'hosted' = 'hosted') {
  const asked = { accountId, customerId, plan: small, page, origin: 'https://shop.example' }
  return valueOf(await provider.subscriptions.openPage({ key: key(), ...asked }))
}

const newCustomer = async () => valueOf(await provider.customers.make({ key: key(), accountId })).customerId
const look = async (id: string) => valueOf(await provider.subscriptions.look(id))

async function subscribed(method = 'pm_card_visa') {
  const customerId = await newCustomer()
  const { checkoutId } = await newPage(customerId)
  standIn.control.pay({ sessionId: checkoutId, method })
  const { subscriptionId } = valueOf(await provider.subscriptions.lookAtPage(checkoutId))
  return { customerId, checkoutId, subscriptionId: subscriptionId ?? '' }
}

const billed = ({ invoices }: SubscriptionState) =>
  invoices.map(({ kind, state, planId }) => [kind, state, planId])

test('a page is open until somebody subscribes on it or it is closed', async () => {
  const customerId = await newCustomer()
  const first = await newPage(customerId)
  expect(first).toMatchObject({ status: 'open', accountId, subscriptionId: null, clientSecret: null })
  expect(await newPage(customerId, 'embedded')).toMatchObject({ url: null, status: 'open' })
  const { checkoutId } = first
  const close = () => provider.subscriptions.closePage({ key: `close ${checkoutId}`, checkoutId })
  expect(valueOf(await close())).toMatchObject({ status: 'expired' })
  const done = await subscribed()
  expect(valueOf(await provider.subscriptions.lookAtPage(done.checkoutId))).toMatchObject({
    status: 'complete',
    subscriptionId: done.subscriptionId,
  })
  const late = await provider.subscriptions.closePage({ key: key(), checkoutId: done.checkoutId })
  expect(late).toMatchObject({ ok: false, code: 'refused' })
  expect(await provider.subscriptions.lookAtPage('cs_of_nobody')).toMatchObject({ ok: false, code: 'gone' })
})

test('a subscription says whose it is, its plan, its price, its card and each period that was paid', async () => {
  const { customerId, subscriptionId } = await subscribed()
  const state = await look(subscriptionId)
  expect(state).toMatchObject({
    accountId,
    isLive: false,
    status: 'active',
    planId: 'small',
    priceNanoUsd: small.priceNanoUsd,
    endsAtMs: null,
    invoices: [{ kind: 'period', state: 'paid', planId: 'small', totalNanoUsd: small.priceNanoUsd }],
  })
  expect(state.cardId).not.toBeNull()
  expect(valueOf(await provider.subscriptions.running(customerId))).toEqual([{ subscriptionId }])
  standIn.control.renew({ subscriptionId })
  const [first, second] = (await look(subscriptionId)).invoices
  expect(second?.startMs).toBe(first?.endMs)
  expect(await provider.subscriptions.look('sub_of_nobody')).toMatchObject({ ok: false, code: 'gone' })
})

test('a dearer plan is billed for the rest of the period now, a cheaper one from the next', async () => {
  const { subscriptionId } = await subscribed()
  const { itemId } = await look(subscriptionId)
  const change = (plan: OfferedPlan, isInvoiced: boolean) =>
    provider.subscriptions.change({ key: key(), subscriptionId, itemId, plan, isInvoiced })
  expect(await change(large, true)).toMatchObject({ ok: true })
  const changed = await look(subscriptionId)
  expect(billed(changed)).toEqual([
    ['period', 'paid', 'small'],
    ['change', 'paid', 'large'],
  ])
  expect(changed.planId).toBe('large')
  expect(await change(small, false)).toMatchObject({ ok: true })
  expect(billed(await look(subscriptionId))).toHaveLength(2)
  standIn.control.renew({ subscriptionId })
  expect(billed(await look(subscriptionId)).at(-1)).toEqual(['period', 'paid', 'small'])
})

test('without the money nothing is changed, and a renewal is said to have failed', async () => {
  const { subscriptionId } = await subscribed()
  const { itemId, cardId } = await look(subscriptionId)
  const behaviour = { does: 'decline', decline: 'insufficient_funds' } as const
  standIn.control.setCard({ paymentMethodId: cardId ?? '', behaviour })
  const change = { key: key(), subscriptionId, itemId, plan: large, isInvoiced: true }
  expect(await provider.subscriptions.change(change)).toMatchObject({ ok: false, code: 'refused' })
  expect(await look(subscriptionId)).toMatchObject({ status: 'active', planId: 'small' })
  standIn.control.renew({ subscriptionId })
  const late = await look(subscriptionId)
  expect([late.status, billed(late).at(-1)]).toEqual(['unpaid', ['period', 'failed', 'small']])
})

test('it ends with its period, goes on after all, or ends at once', async () => {
  const { customerId, subscriptionId } = await subscribed()
  const setEnding = async (isEnding: boolean) => {
    valueOf(await provider.subscriptions.setEnding({ key: key(), subscriptionId, isEnding }))
    return look(subscriptionId)
  }
  const { invoices, endsAtMs } = await setEnding(true)
  expect(endsAtMs).toBe(invoices[0]?.endMs)
  expect((await setEnding(false)).endsAtMs).toBeNull()
  valueOf(await provider.subscriptions.end({ key: key(), subscriptionId }))
  expect((await look(subscriptionId)).status).toBe('ended')
  expect(valueOf(await provider.subscriptions.running(customerId))).toEqual([])
})

test('a payment is known by the invoice that it paid', async () => {
  const { subscriptionId } = await subscribed()
  const { invoices, cardId } = await look(subscriptionId)
  const [made] = standIn.control.events({ types: ['payment_intent.succeeded'], mentions: cardId ?? '' })
  const paymentId = String(Object(made?.data.object).id)
  const found = valueOf(await provider.subscriptions.paidBy(paymentId))
  expect(found).toEqual({ accountId, invoiceId: invoices[0]?.invoiceId })
  expect(valueOf(await provider.subscriptions.paidBy('pi_of_nobody'))).toBeNull()
})
