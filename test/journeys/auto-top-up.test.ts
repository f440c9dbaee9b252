// Automatic top-up as its owner sees it: a saved card is charged once when the balance falls below the threshold, and whatever the
// bank, Stripe or the owner does then, no payment is made twice and none is lost.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask } from '../world/gateway.ts'
import { mailsTo } from '../world/mailbox.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { newOwner, type Owner } from '../world/topping-up.ts'

const { control } = sharedWorld().stripe

async function ready(creditUsd: string, card?: string): Promise<Owner & { cardId: string }> {
  const owner = await newOwner(sharedWorld(), creditUsd)
  const cardId = await owner.save(card)
  return { ...owner, cardId }
}

describe('automatic top-up', () => {
  // Requirements: 12, 13, 47, 56, 72
  test('is off until its owner has saved a card and enabled it; then a charge below the threshold brings the amount', async () => {
    const owner = await newOwner(sharedWorld(), '10.10')
    expect(await owner.seen()).toMatchObject({ enabled: false, state: 'off', payment_method: null })
    expect(await owner.enable()).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    await owner.save()
    expect(await owner.enable()).toMatchObject({
      status: 200,
      body: { enabled: true, state: 'idle', will_charge_now: null, notice: null },
    })
    await owner.spend(0.1)
    expect(await owner.seen()).toMatchObject({ state: 'idle' })
    await owner.spend(1)
    expect(await owner.becomes({ state: 'idle', charged_this_month: '20.00' })).toMatchObject({
      state: 'idle',
      charged_this_month: '20.00',
    })
    expect([await owner.balance(), await owner.credits()]).toEqual(['29.00', 1])
    const asked = await owner.asked()
    expect(asked.map(({ params }) => params)).toMatchObject([
      {
        amount: '2000',
        currency: 'usd',
        off_session: 'true',
        confirm: 'true',
        error_on_requires_action: 'true',
      },
    ])
    expect(asked[0]?.idempotencyKey).toMatch(/^at:ord_[0-9A-Za-z]{22}$/)
  })

  test('that is enabled below the threshold says before that the card will be charged now, and charges it', async () => {
    const owner = await ready('3')
    const said = {
      will_charge_now: '20.00',
      notice: 'The balance is below $10.00: you will be charged $20.00 now.',
    }
    expect((await owner.enable({ preview: true })).body).toMatchObject(said)
    expect(await owner.seen()).toMatchObject({ enabled: false })
    expect((await owner.enable()).body).toMatchObject(said)
    await eventually(owner.balance, (balance) => balance === '23.00')
    expect([await owner.balance(), (await owner.asked()).length]).toEqual(['23.00', 1])
  })

  // Requirements: 14, 15, 73
  test.each([
    ['threshold', { threshold: '4.99' }],
    ['amount', { amount: '19.99' }],
    ['amount', { threshold: '30.00' }],
    ['amount', { amount: '2500.01' }],
    ['amount', { amount: '20.001' }],
    ['monthly_cap', { monthly_cap: '19.00' }],
    ['payment_method', { payment_method: 'pm_of_somebody_else' }],
  ])('with a wrong %s is refused by its name', async (field, terms) => {
    const owner = await ready('50')
    expect(await owner.enable(terms)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param: field } },
    })
  })

  // Cases: payments 23; billing-bugs 37, 38
  test('charges the card once for a thousand charges at once that cross the threshold', async () => {
    const owner = await ready('29.98')
    await owner.enable()
    await Promise.all(Array.from({ length: 1_000 }, () => owner.spend(0.02)))
    await eventually(owner.balance, (balance) => balance === '29.98')
    await control.deliveriesSettled()
    expect([await owner.balance(), (await owner.asked()).length, await owner.credits()]).toEqual([
      '29.98',
      1,
      1,
    ])
  })

  // Cases: payments 34
  test('is not brought about by a refund', async () => {
    const owner = await ready('1')
    const { sessionId } = await owner.buy('15.00')
    await control.pay({ sessionId, method: 'pm_card_visa' })
    await eventually(owner.balance, (balance) => balance === '16.00')
    await owner.enable()
    const refund = { amount: '15.00', reason: 'a test', idempotency_key: 'back' }
    await sharedWorld().operator('POST', `/accounts/${owner.accountId}/refunds`, refund)
    await eventually(owner.balance, (balance) => balance === '1.00')
    expect([await owner.balance(), await owner.seen()]).toMatchObject(['1.00', { state: 'idle' }])
    expect(await owner.asked()).toHaveLength(0)
  })
})

describe('an answer that is lost', () => {
  // Cases: payments 24
  test.each(['cut_after_commit', 'server_error_after_commit'] as const)(
    'after Stripe has charged the card (%s) is one payment and one credit',
    async (kind) => {
      const owner = await ready('10')
      await owner.breakCharge(kind)
      await owner.enable()
      await owner.spend(1)
      await eventually(owner.balance, (balance) => balance === '29.00')
      await control.deliveriesSettled()
      expect([await owner.balance(), (await owner.asked()).length, await owner.credits()]).toEqual([
        '29.00',
        1,
        1,
      ])
    },
  )

  // Cases: payments 30, 53
  test.each(['server_error', 'rate_limited', 'html', 'empty_object'] as const)(
    'or none at all (%s) is no decline: it is asked for again under the same key',
    async (kind) => {
      const owner = await ready('10')
      // The SDK itself tries twice more after a fault of Stripe's.
      await owner.breakCharge(kind, kind === 'server_error' ? 3 : 1)
      await owner.enable()
      await owner.spend(1)
      await eventually(owner.balance, (balance) => balance === '29.00')
      expect(await owner.seen()).toMatchObject({ failures: 0, state: 'idle' })
      expect([await owner.balance(), (await owner.asked()).length]).toEqual(['29.00', 1])
    },
  )

  // Cases: payments 33
  test('is looked for and credited though its owner has disabled it meanwhile; nothing new is asked for', async () => {
    const owner = await ready('10')
    const filter = { mentions: owner.accountId }
    await control.holdDeliveries(filter)
    await owner.breakCharge('server_error_after_commit')
    await owner.enable()
    await owner.spend(1)
    await eventually(owner.asked, (asked) => asked.length > 0)
    await owner.api('PUT', '/api/auto-top-up', { enabled: false })
    await eventually(owner.balance, (balance) => balance === '29.00')
    await owner.spend(25)
    expect([await owner.balance(), await owner.seen()]).toMatchObject(['4.00', { state: 'off' }])
    expect([(await owner.asked()).length, await owner.credits()]).toEqual([1, 1])
    await control.dropHeld(filter)
  })
})

describe('a card that is declined', () => {
  // Cases: payments 27
  test('for a reason that may pass is tried again in an hour, whatever is spent until then', async () => {
    const owner = await ready('10')
    await control.setCard({
      paymentMethodId: owner.cardId,
      behaviour: { does: 'decline', decline: 'insufficient_funds' },
    })
    await owner.enable()
    await owner.spend(1)
    expect(await owner.becomes({ state: 'waiting', failures: 1 })).toMatchObject({ failures: 1 })
    for (let n = 0; n < 50; n += 1) await owner.spend(0.02)
    const seen = await owner.seen()
    expect(Number(valueAt(seen, 'next_try_in_seconds'))).toBeGreaterThan(3_500)
    expect((await owner.asked()).length).toBe(1)
  })

  // Cases: payments 28
  test('because its bank asks for its owner waits for them; the same payment, confirmed, is credited', async () => {
    const owner = await ready('10', 'pm_card_authenticationRequired')
    const email = `${owner.accountId}@customer.example`
    await owner.api('PUT', '/api/billing-emails', { billing_emails: [email] })
    await owner.enable()
    await owner.spend(1)
    expect(await owner.becomes({ why: 'needs_action' })).toMatchObject({ state: 'paused' })
    const subjects = async () => (await mailsTo(sharedWorld(), email)).map(({ subject }) => subject)
    expect(await eventually(subjects, (mails) => mails.length > 0)).toEqual([
      'Your bank asks you to confirm a payment of $20.00',
    ])
    const { body } = await owner.api('GET', '/api/auto-top-up/confirmation')
    const paymentIntentId = String(valueAt(body, 'payment'))
    expect(body).toMatchObject({
      amount: '20.00',
      payment_method: owner.cardId,
      client_secret: expect.stringContaining(paymentIntentId),
    })
    await owner.confirm()
    expect(await owner.becomes({ state: 'idle' })).toMatchObject({ state: 'idle', why: null })
    expect([await owner.balance(), (await owner.asked()).length]).toEqual(['29.00', 1])
    expect(await owner.api('GET', '/api/auto-top-up/confirmation')).toMatchObject({ status: 404 })
  })
})

describe('saved cards', () => {
  // Requirements: 16
  test('are listed, removed by their owner, and managed on Stripe’s own page', async () => {
    const owner = await ready('50')
    await owner.enable()
    const list = async () => valueAt((await owner.api('GET', '/api/payment-methods')).body, 'data')
    expect(await list()).toMatchObject([
      { id: owner.cardId, type: 'card', brand: 'visa', last4: '4242', is_used_for_auto_top_up: true },
    ])
    const portal = await owner.api('POST', '/api/billing-portal', {})
    expect(portal).toMatchObject({ status: 201, body: { url: expect.stringContaining('/portal/') } })
    expect(await owner.api('DELETE', `/api/payment-methods/${owner.cardId}`)).toMatchObject({ status: 200 })
    expect([await list(), await owner.seen()]).toMatchObject([
      [],
      { state: 'paused', why: 'method_gone', payment_method: null },
    ])
    await owner.spend(45)
    expect(await owner.asked()).toHaveLength(0)
  })

  // Requirements: 13, 16
  test('are charged alone: with whatever else was paid on a page, nothing can be charged by itself', async () => {
    const owner = await newOwner(sharedWorld(), '50')
    const { sessionId } = await owner.buy('15.00', { save_card: true })
    await control.pay({ sessionId, method: 'pm_paypal' })
    await eventually(owner.balance, (balance) => balance === '65.00')
    await control.deliveriesSettled()
    expect((await owner.api('GET', '/api/payment-methods')).body).toMatchObject({ data: [] })
    expect(await owner.enable()).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param: 'payment_method' } },
    })
    await owner.spend(60)
    expect(await owner.asked()).toEqual([])
  })

  // Cases: payments 53
  test('cannot be seen or saved while Stripe cannot be asked, and nobody is charged', async () => {
    const owner = await ready('50')
    // What was told of the saved card is looked at before anything goes wrong.
    await control.deliveriesSettled()
    const { customer } = Object(await control.object({ id: owner.cardId }))
    // Each of the two is tried three times by the SDK.
    await control.plantFault({ kind: 'server_error', mentions: String(customer), times: 6 })
    for (const [method, body] of [['GET'], ['POST', { page: 'hosted' }]] as const)
      expect(await owner.api(method, '/api/payment-methods', body)).toMatchObject({
        status: 503,
        errorCode: 'payment_unavailable',
      })
  })

  test('of another account are nobody’s here', async () => {
    const [owner, other] = [await ready('50'), await ready('50')]
    expect(await owner.api('DELETE', `/api/payment-methods/${other.cardId}`)).toMatchObject({
      status: 404,
      errorCode: 'not_found',
    })
    expect(await owner.enable({ payment_method: other.cardId })).toMatchObject({ status: 400 })
    expect(await other.seen()).toMatchObject({ payment_method: other.cardId })
  })

  test('that are removed at Stripe are charged no more', async () => {
    const owner = await ready('50')
    await owner.enable()
    await control.detachCard({ paymentMethodId: owner.cardId })
    expect(await owner.becomes({ why: 'method_gone' })).toMatchObject({ state: 'paused' })
  })

  // Cases: payments 58
  test('are gone with a customer that somebody deletes at Stripe; the next page makes a new one', async () => {
    const owner = await ready('50')
    await owner.enable()
    const card = await control.object({ id: owner.cardId })
    const customerId = String(valueAt(card, 'customer'))
    await control.deleteCustomer({ customerId })
    expect(await owner.becomes({ why: 'method_gone' })).toMatchObject({ state: 'paused' })
    const next = await owner.save()
    const other = String(valueAt(await control.object({ id: next }), 'customer'))
    expect(other).not.toBe(customerId)
    expect(await owner.seen()).toMatchObject({ state: 'idle', why: null, payment_method: next })
  })
})

describe('who may see it', () => {
  test('an API key may not', async () => {
    const { apiKey, accountId } = await sharedWorld().newAccount()
    for (const path of ['/api/auto-top-up', '/api/payment-methods'])
      expect(await ask(sharedWorld(), { apiKey, path: `${path}?account_id=${accountId}` })).toMatchObject({
        status: 401,
      })
  })
})
