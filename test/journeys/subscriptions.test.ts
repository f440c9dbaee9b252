// Plans that are paid for, as their owner sees them: subscribed to on a page of Stripe's, renewed, changed, ended. Whatever is told
// twice, late, in another order or not at all, each paid period is granted once.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { grantsOf, isOn, newSubscriber, planOf } from '../world/subscribing.ts'

const world = sharedWorld()
const { control } = world.stripe

const cardOf = async (subscriptionId: string) =>
  String(valueAt(await control.object({ id: subscriptionId }), 'default_payment_method'))

describe('subscribing', () => {
  test('begins on a page of Stripe’s with our price, and its payment brings the plan', async () => {
    const one = await newSubscriber(world)
    expect(await one.plan()).toMatchObject({
      plan: null,
      status: 'none',
      price: null,
      checkout: null,
      offer: [
        { id: 'pro', name: 'Pro', monthly_price: '20.00' },
        { id: 'team', name: 'Team', monthly_price: '100.00' },
      ],
    })
    const { sessionId, answer } = await one.begin('pro')
    expect(answer).toMatchObject({
      status: 201,
      body: { status: 'none', checkout: { plan: 'pro', page: 'embedded', url: null } },
    })
    expect(valueAt(answer.body, 'checkout', 'client_secret')).toContain(sessionId)
    expect(await control.object({ id: sessionId })).toMatchObject({
      amount_total: 2_000,
      mode: 'subscription',
    })
    await control.pay({ sessionId, method: 'pm_card_visa' })
    expect(await isOn(one, 'pro')).toBe('pro')
    expect(await one.allowance()).toMatchObject({ included: 100, used: 0 })
    expect(await one.plan()).toMatchObject({
      plan: { id: 'pro', name: 'Pro' },
      status: 'active',
      price: '20.00',
      next_plan: 'pro',
      ends_at: null,
      checkout: null,
    })
    const back = await fetch(`${world.baseUrl}/plan`)
    expect([back.status, await back.text()]).toEqual([200, expect.stringContaining('your plan begins')])
  })

  test('is asked for once: the same page for the same plan, another one closes it, and a second plan is refused', async () => {
    const one = await newSubscriber(world)
    const first = await one.begin('pro', { page: 'hosted' })
    const again = await one.begin('pro', { page: 'hosted' })
    expect([again.sessionId, valueAt(again.answer.body, 'checkout', 'page')]).toEqual([
      first.sessionId,
      'hosted',
    ])
    const other = await one.begin('team', { page: 'hosted' })
    expect(await control.object({ id: first.sessionId })).toMatchObject({ status: 'expired' })
    expect(await one.plan()).toMatchObject({ checkout: { id: other.sessionId, plan: 'team' } })
    await control.pay({ sessionId: other.sessionId, method: 'pm_card_visa' })
    expect((await one.begin('pro')).answer).toMatchObject({ status: 409, errorCode: 'already_subscribed' })
    expect(await isOn(one, 'team')).toBe('team')
  })

  test('repeated under one Idempotency-Key is one page', async () => {
    const one = await newSubscriber(world)
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const body = { plan: 'pro', page: 'hosted' }
        const answer = await one.api('POST', '/api/plan', body, { 'idempotency-key': 'k' })
        return valueAt(answer.body, 'checkout', 'id')
      }),
    )
    expect(new Set(ids).size).toBe(1)
  })

  test.each([
    ['plan', { plan: 'nothing' }],
    ['plan', { plan: 'free' }],
    ['plan', {}],
    ['page', { plan: 'pro', page: 'there' }],
    ['price', { plan: 'pro', price: '0.01' }],
  ])('with a wrong %s is refused by its name', async (param, body) => {
    const one = await newSubscriber(world)
    expect(await one.api('POST', '/api/plan', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param } },
    })
  })

  test('leaves an account without a plan where its card is declined', async () => {
    const one = await newSubscriber(world)
    const { sessionId } = await one.begin('pro', { page: 'hosted' })
    await control.pay({ sessionId, method: 'pm_card_chargeDeclined' })
    await control.deliveriesSettled()
    expect([await one.plan(), await planOf(one)]).toMatchObject([{ status: 'none', plan: null }, undefined])
    for (const [method, path, body] of [
      ['DELETE', '/api/plan', undefined],
      ['PUT', '/api/plan', { plan: 'team' }],
      ['POST', '/api/plan/resume', {}],
    ] as const)
      expect(await one.api(method, path, body)).toMatchObject({ status: 404, errorCode: 'not_found' })
  })

  test('is the owner’s: an API key may not', async () => {
    const { apiKey, accountId } = await newSubscriber(world)
    expect(await ask(world, { apiKey, path: `/api/plan?account_id=${accountId}` })).toMatchObject({
      status: 401,
    })
  })
})

describe('what is paid for', () => {
  // Cases: payments 48; billing-bugs 43
  test('is granted once per period, however often its events come, and leaves what was given and bought', async () => {
    const one = await newSubscriber(world, '5')
    const subscriptionId = await one.subscribe('team')
    expect(await isOn(one, 'team')).toBe('team')
    const balance = async () => valueAt(await one.known(), 'current_balance')
    // $25 of the plan's.
    expect(await balance()).toBe('30.00')
    await one.meter(40, 'some')
    await control.renew({ subscriptionId })
    await control.deliveriesSettled()
    for (let time = 0; time < 3; time += 1) {
      const answers = await control.redeliver({ types: ['invoice.paid'], mentions: one.accountId })
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    }
    expect(await one.allowance()).toMatchObject({ included: 1_000, used: 0 })
    expect(await balance()).toBe('30.00')
    const grants = await grantsOf(one, 2)
    expect(grants).toHaveLength(2)
    const item = valueAt(await control.object({ id: subscriptionId }), 'items', 'data', 0)
    expect(grants[1]).toBe(`allow:team:${Number(valueAt(item, 'current_period_start')) * 1_000}`)
  })

  // Cases: payments 48
  test('comes alone: the account’s own month brings nothing beside it', async () => {
    const one = await newSubscriber(world)
    const body = { plan: 'free', anchor_day: 1, reason: 'a test', idempotency_key: 'free' }
    await world.operator('PUT', `/accounts/${one.accountId}/plan`, body)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    await one.meter(2, 'first')
    expect(await grantsOf(one, 2)).toEqual([
      expect.stringMatching(/^allowance:\d+$/),
      expect.stringMatching(/^allow:pro:\d+$/),
    ])
    // And stands again where that has ended.
    await control.cancelSubscription({ subscriptionId })
    expect(await isOn(one, 'free')).toBe('free')
    expect(await one.grants()).toHaveLength(2)
  })

  const told = [
    'checkout.session.completed',
    'invoice.paid',
    'customer.subscription.created',
    'customer.subscription.updated',
  ]
  const orders = permutationsOf(told)

  // Cases: payments 48
  test.each(orders)('is granted once where its events come as %s, %s, %s, %s', async (...order) => {
    const one = await newSubscriber(world)
    const filter = { mentions: one.accountId }
    await control.holdDeliveries(filter)
    await one.subscribe('pro')
    for (const type of order) await control.deliverHeld({ filter: { ...filter, types: [type] } })
    expect([await planOf(one), await one.allowance()]).toMatchObject(['pro', { included: 100, used: 0 }])
    await control.deliverHeld({ filter })
    expect(await grantsOf(one, 1)).toHaveLength(1)
  })

  test('is found by whoever comes back from the page, with no event at all', async () => {
    const one = await newSubscriber(world)
    const filter = { mentions: one.accountId }
    await control.holdDeliveries(filter)
    await one.subscribe('pro')
    expect(await planOf(one)).toBeUndefined()
    expect(await one.plan()).toMatchObject({ plan: { id: 'pro' }, status: 'active', checkout: null })
    await control.dropHeld(filter)
  })
})

describe('changing the plan', () => {
  test('for a dearer one charges the rest of the period and grants the difference, once', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    await one.meter(90, 'some')
    const changed = await one.api('PUT', '/api/plan', { plan: 'team' }, { 'idempotency-key': 'up' })
    expect(changed).toMatchObject({
      status: 200,
      body: { plan: { id: 'team' }, status: 'active', price: '100.00', next_plan: 'team' },
    })
    const repeated = await one.api('PUT', '/api/plan', { plan: 'team' }, { 'idempotency-key': 'up' })
    expect(repeated).toMatchObject({ status: 200, body: { plan: { id: 'team' } } })
    await control.deliveriesSettled()
    await control.redeliver({ types: ['invoice.paid'], mentions: one.accountId })
    // A second or two of the month have gone.
    const included = Number(valueAt(await one.allowance(), 'included'))
    expect(included).toBeGreaterThan(990)
    expect(included).toBeLessThanOrEqual(1_000)
    expect(await one.allowance()).toMatchObject({ used: 90 })
    expect(await grantsOf(one, 2)).toEqual([
      expect.stringMatching(/^allow:pro:\d+$/),
      expect.stringMatching(/^allow:team:\d+:up:in_/),
    ])
    await control.renew({ subscriptionId })
    await control.deliveriesSettled()
    expect(await one.allowance()).toMatchObject({ included: 1_000, used: 0 })
  })

  test('for a cheaper one is the next period’s, and can be taken back until then', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('team')
    await isOn(one, 'team')
    expect(await one.api('PUT', '/api/plan', { plan: 'pro' })).toMatchObject({
      body: { plan: { id: 'team' }, price: '100.00', next_plan: 'pro' },
    })
    expect(await one.api('PUT', '/api/plan', { plan: 'team' })).toMatchObject({
      body: { plan: { id: 'team' }, next_plan: 'team' },
    })
    await one.api('PUT', '/api/plan', { plan: 'pro' })
    expect(await one.allowance()).toMatchObject({ included: 1_000 })
    expect(await grantsOf(one, 1)).toHaveLength(1)
    await control.renew({ subscriptionId })
    expect(await isOn(one, 'pro')).toBe('pro')
    expect(await one.allowance()).toMatchObject({ included: 100, used: 0 })
  })

  test('with a card that is declined changes nothing', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    const paymentMethodId = await cardOf(subscriptionId)
    await control.setCard({ paymentMethodId, behaviour: { does: 'decline', decline: 'insufficient_funds' } })
    expect(await one.api('PUT', '/api/plan', { plan: 'team' })).toMatchObject({
      status: 402,
      errorCode: 'payment_declined',
    })
    expect(await one.plan()).toMatchObject({ plan: { id: 'pro' }, status: 'active', next_plan: 'pro' })
    expect(await one.allowance()).toMatchObject({ included: 100 })
  })
})

describe('the end of a plan', () => {
  test('comes with the period that is paid for, unless it is taken back', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    expect(await one.api('DELETE', '/api/plan')).toMatchObject({
      status: 200,
      body: { plan: { id: 'pro' }, status: 'ending', next_plan: null, ends_at: expect.any(String) },
    })
    expect(await one.api('POST', '/api/plan/resume', {})).toMatchObject({
      body: { status: 'active', next_plan: 'pro', ends_at: null },
    })
    // A plan without a price is the end of this one.
    expect(await one.api('PUT', '/api/plan', { plan: 'free' })).toMatchObject({ body: { status: 'ending' } })
    expect(await planOf(one)).toBe('pro')
    await control.renew({ subscriptionId })
    expect(await isOn(one, undefined)).toBeUndefined()
    expect(await one.plan()).toMatchObject({ plan: null, status: 'none', price: null })
    expect(await grantsOf(one, 1)).toHaveLength(1)
    // And it may begin again.
    await one.subscribe('pro')
    expect(await isOn(one, 'pro')).toBe('pro')
  })

  test('comes with a renewal that cannot be paid: no grant, the rest of what is paid for, and a notice', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    await one.meter(30, 'some')
    const paymentMethodId = await cardOf(subscriptionId)
    await control.setCard({ paymentMethodId, behaviour: { does: 'decline', decline: 'expired_card' } })
    await control.renew({ subscriptionId })
    await control.deliveriesSettled()
    expect(await one.plan()).toMatchObject({ plan: { id: 'pro' }, status: 'unpaid' })
    expect(await one.allowance()).toMatchObject({ included: 100, used: 30 })
    expect(await one.api('PUT', '/api/plan', { plan: 'team' })).toMatchObject({
      status: 402,
      errorCode: 'payment_declined',
    })
    const notices = async () => {
      const { data } = await world.operator('GET', `/accounts/${one.accountId}/notices`)
      return (Array.isArray(data) ? data : []).filter(
        (notice: unknown) => valueAt(notice, 'type') === 'credit_purchase_failed',
      )
    }
    expect(await eventually(notices, (found) => found.length > 0)).toMatchObject([
      { figures: { amount: '20.00', plan: 'pro' } },
    ])
    // Another card in time, and the plan goes on.
    await control.setCard({ paymentMethodId, behaviour: { does: 'succeed' } })
    const invoiceId = String(valueAt(await control.object({ id: subscriptionId }), 'latest_invoice'))
    await control.payInvoice({ invoiceId, paymentMethodId })
    await control.deliveriesSettled()
    expect(await one.allowance()).toMatchObject({ included: 100, used: 0 })
    expect(await one.plan()).toMatchObject({ plan: { id: 'pro' }, status: 'active' })
    expect(await notices()).toHaveLength(1)
  })

  test('comes at once with a customer that somebody deletes at Stripe', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('team')
    await isOn(one, 'team')
    const customerId = String(valueAt(await control.object({ id: subscriptionId }), 'customer'))
    await control.deleteCustomer({ customerId })
    expect(await isOn(one, undefined)).toBeUndefined()
    expect(await one.known()).toMatchObject({ current_balance: '0.00' })
    await one.subscribe('pro')
    expect(await isOn(one, 'pro')).toBe('pro')
  })

  test('does not come with a dispute of its payment, which puts the account’s payments in doubt', async () => {
    const one = await newSubscriber(world)
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    await one.api('PUT', '/api/auto-top-up', { enabled: true, threshold: '10.00', amount: '20.00' })
    const invoiceId = String(valueAt(await control.object({ id: subscriptionId }), 'latest_invoice'))
    const [payment] = await control.events({
      types: ['payment_intent.succeeded'],
      mentions: await cardOf(subscriptionId),
    })
    const paymentIntentId = String(valueAt(payment, 'data', 'object', 'id'))
    await control.dispute({ paymentIntentId, isInquiry: false, isWithdrawn: true })
    const isInDoubt = async () => (await one.api('GET', '/api/auto-top-up')).body
    const seen = await eventually(isInDoubt, (found) => valueAt(found, 'why') === 'payment_in_doubt')
    expect(seen).toMatchObject({ why: 'payment_in_doubt' })
    expect([await planOf(one), invoiceId]).toEqual(['pro', expect.stringMatching(/^in_/)])
  })
})

describe('the card of a plan', () => {
  // Requirements: 65
  test('is the one that automatic top-up charges where its owner has chosen no other', async () => {
    const one = await newSubscriber(world, '1')
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    await control.deliveriesSettled()
    const id = await cardOf(subscriptionId)
    const { body } = await one.api('GET', '/api/payment-methods')
    expect(body).toMatchObject({ data: [{ id, last4: '4242', is_used_for_auto_top_up: true }] })
    const terms = { enabled: true, threshold: '10.00', amount: '20.00' }
    expect(await one.api('PUT', '/api/auto-top-up', terms)).toMatchObject({ status: 200 })
    const balance = async () => valueAt(await one.known(), 'current_balance')
    expect(await eventually(balance, (found) => found === '21.00')).toBe('21.00')
    const asked = await control.requests({
      method: 'POST',
      path: '/v1/payment_intents',
      mentions: one.accountId,
    })
    expect(asked.map(({ params }) => params['payment_method'])).toEqual([id])
  })

  // Requirements: 82
  test('is changed in the portal, which shows the invoices; what is charged after it is the new one', async () => {
    const one = await newSubscriber(world, '50')
    const subscriptionId = await one.subscribe('pro')
    await isOn(one, 'pro')
    const portal = await one.api('POST', '/api/billing-portal', {})
    expect(portal.status).toBe(201)
    const url = String(valueAt(portal.body, 'url'))
    const page = await (await fetch(url)).text()
    expect(page).toContain('visa •••• 4242')
    const address = /<a href="([^"]*\/invoice\/in_[^"]+)">/.exec(page)?.[1] ?? ''
    const paper = await (await fetch(address)).text()
    expect(paper).toContain('Pro')
    expect(paper).toContain('20.00 USD')
    const press = (what: string) =>
      fetch(url, { method: 'POST', body: new URLSearchParams({ do: what }), redirect: 'manual' })
    await press('add pm_card_mastercard')
    const usual = async () => {
      const { body } = await one.api('GET', '/api/payment-methods')
      const data = valueAt(body, 'data')
      const cards: readonly unknown[] = Array.isArray(data) ? data : []
      return cards.find((card) => valueAt(card, 'is_used_for_auto_top_up') === true)
    }
    const card = await eventually(usual, (found) => valueAt(found, 'last4') === '4444')
    expect(card).toMatchObject({ brand: 'mastercard', last4: '4444' })
    const terms = { enabled: true, threshold: '100.00', amount: '200.00' }
    await one.api('PUT', '/api/auto-top-up', terms)
    const balance = async () => valueAt(await one.known(), 'current_balance')
    expect(await eventually(balance, (found) => found === '250.00')).toBe('250.00')
    const asked = await control.requests({
      method: 'POST',
      path: '/v1/payment_intents',
      mentions: one.accountId,
    })
    expect(asked.map(({ params }) => params['payment_method'])).toEqual([valueAt(card, 'id')])
    // The plan is ended there as well.
    await press(`cancel ${subscriptionId}`)
    expect(await one.plan()).toMatchObject({ status: 'ending' })
    const back = /<a href="([^"]+)">Back to the shop/.exec(page)?.[1] ?? ''
    expect(await (await fetch(back)).text()).toContain('Your billing settings are saved')
  })
})

describe('a second subscription', () => {
  test('that was begun past the account is ended at once, granted nothing and told to the operator', async () => {
    const one = await newSubscriber(world)
    const first = await one.begin('pro', { page: 'hosted' })
    const second = String(valueAt(await control.object({ id: first.sessionId }), 'customer'))
    await control.pay({ sessionId: first.sessionId, method: 'pm_card_visa' })
    await isOn(one, 'pro')
    const { stripeOf } = await import('../world/stripe.ts')
    const other = await stripeOf(world).subscriptions.create(
      {
        customer: second,
        default_payment_method: 'pm_card_visa',
        items: [
          {
            price_data: {
              currency: 'usd',
              product: 'sluice_plan_team',
              recurring: { interval: 'month' },
              unit_amount: 10_000,
            },
          },
        ],
        metadata: { account_id: one.accountId },
      },
      { idempotencyKey: `second ${one.accountId}` },
    )
    const statusOf = async () => valueAt(await control.object({ id: other.id }), 'status')
    expect(await eventually(statusOf, (found) => found === 'canceled')).toBe('canceled')
    expect(await planOf(one)).toBe('pro')
    const findings = async () => {
      const { data } = await world.operator('GET', '/findings?limit=200')
      return (Array.isArray(data) ? data : []).filter(
        (found: unknown) => valueAt(found, 'account_id') === one.accountId,
      )
    }
    const found = await eventually(findings, (all) => all.length > 0)
    expect(found).toMatchObject([
      { kind: 'ledger', detail: { detail: { what: 'second_subscription', subscriptionId: other.id } } },
    ])
  })
})

function permutationsOf(list: readonly string[]): [string, string, string, string][] {
  const all = (rest: readonly string[]): string[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((one) => all(rest.filter((other) => other !== one)).map((tail) => [one, ...tail]))
  return all(list).map(([a = '', b = '', c = '', d = '']) => [a, b, c, d])
}
