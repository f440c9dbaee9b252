// Buying credit: whatever Stripe tells, twice, late or in another order, an order is credited once, with what was agreed.

import { describe, expect, test } from 'vitest'
import { type Bought, type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask } from '../world/gateway.ts'
import { sharedWorld, workerLog } from '../world/shared-world.ts'

const { control } = sharedWorld().stripe

const pay = ({ sessionId }: Bought, method = 'pm_card_visa') => control.pay({ sessionId, method })

/** What is told of this account's payments waits until the test says. */
async function held(buyer: Buyer): Promise<{ mentions: string }> {
  const filter = { mentions: buyer.accountId }
  await control.holdDeliveries(filter)
  return filter
}

async function statusOf(buyer: Buyer, { orderId }: Bought): Promise<unknown> {
  return valueAt((await buyer.api('GET', `/api/top-ups/${orderId}`)).body, 'status')
}

/** Signed as Stripe would, with whatever in it. */
async function post(body: string, signature?: string) {
  return ask(sharedWorld(), {
    method: 'POST',
    path: '/webhooks/stripe',
    body,
    headers: { 'stripe-signature': signature ?? (await control.sign({ body })) },
  })
}

describe('a purchase', () => {
  // Requirements: 6, 70
  test('of ten dollars with a good card is ten dollars more, by the webhook alone', async () => {
    const buyer = await newBuyer(sharedWorld(), '1')
    const bought = await buyer.buy('10.00')
    expect(bought.answer).toMatchObject({
      status: 201,
      body: {
        status: 'open',
        amount: '10.00',
        bonus: '0.00',
        credit: '10.00',
        checkout: { page: 'embedded', client_secret: expect.stringContaining('_secret_') },
      },
    })
    await pay(bought)
    await control.deliveriesSettled()
    expect(await buyer.transactions()).toEqual([
      ['grant', '1.00', '1.00'],
      ['purchase', '10.00', '11.00'],
    ])
    expect(await statusOf(buyer, bought)).toBe('paid')
  })

  // Cases: payments 19; billing-bugs 40
  // Requirements: 10
  test('of 1,000 dollars brings 50 more, as a line of its own', async () => {
    const buyer = await newBuyer(sharedWorld())
    await pay(await buyer.buy('1000'))
    await control.deliveriesSettled()
    expect(await buyer.transactions()).toEqual([
      ['purchase', '1000.00', '1000.00'],
      ['bonus', '50.00', '1050.00'],
    ])
  })

  test('may be paid at an address of Stripe’s', async () => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('5', { page: 'hosted' })
    expect(valueAt(bought.answer.body, 'checkout')).toMatchObject({
      page: 'hosted',
      url: expect.stringContaining(bought.sessionId),
      client_secret: null,
    })
    await pay(bought)
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('5.00')
  })

  // Cases: payments 26
  test('that is made again within minutes is another one', async () => {
    const buyer = await newBuyer(sharedWorld())
    const [first, second] = [await buyer.buy('5', { key: 'a' }), await buyer.buy('5', { key: 'b' })]
    await pay(first)
    await pay(second)
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('10.00')
  })

  test('under the same Idempotency-Key is the same one, with the same page', async () => {
    const buyer = await newBuyer(sharedWorld())
    const first = await buyer.buy('5', { key: 'k' })
    const again = await buyer.buy('5.00', { key: 'k' })
    expect([again.answer.status, again.orderId, again.sessionId]).toEqual([
      200,
      first.orderId,
      first.sessionId,
    ])
    const other = await buyer.buy('6', { key: 'k' })
    expect(other.answer).toMatchObject({ status: 422, errorCode: 'idempotency_key_reused' })
    expect(
      await control.requests({ method: 'POST', path: '/v1/checkout', mentions: buyer.accountId }),
    ).toHaveLength(1)
  })

  test('with a declined card is none, and may be paid with another', async () => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('5')
    expect(await pay(bought, 'pm_card_chargeDeclined')).toMatchObject({ is: 'declined' })
    await control.deliveriesSettled()
    expect([await statusOf(buyer, bought), await buyer.balance()]).toEqual(['open', '0.00'])
    await pay(bought)
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('5.00')
  })

  // Cases: billing-bugs 35
  test('that was confirmed to one is seen as paid by everybody else at once, and open ones as open', async () => {
    const buyer = await newBuyer(sharedWorld())
    const [paid, open] = [await buyer.buy('5'), await buyer.buy('7')]
    const list = async () => {
      const { body } = await buyer.api('GET', '/api/top-ups')
      const data = valueAt(body, 'data')
      return Array.isArray(data)
        ? data.map((row: unknown) => [valueAt(row, 'id'), valueAt(row, 'status')])
        : []
    }
    expect(await list()).toEqual([
      [open.orderId, 'open'],
      [paid.orderId, 'open'],
    ])
    const rows = () => sharedWorld().sql('select 1 from payments where account_id = $1', [buyer.accountId])
    expect(await eventually(rows, (found) => found.length === 2)).toHaveLength(2)
    await control.holdDeliveries({ mentions: buyer.accountId })
    await pay(paid)
    // The page to which its buyer returns is told first; Postgres has not heard of it yet.
    expect(await statusOf(buyer, paid)).toBe('paid')
    expect([await list(), await buyer.balance(), await buyer.transactions()]).toEqual([
      [
        [open.orderId, 'open'],
        [paid.orderId, 'paid'],
      ],
      '5.00',
      [['purchase', '5.00', '5.00']],
    ])
    await control.dropHeld({ mentions: buyer.accountId })
    const { body } = await buyer.api('GET', '/api/top-ups?limit=1')
    expect(valueAt(body, 'offer')).toEqual({
      min: '5.00',
      max: '2500.00',
      bonus_tiers: [{ from: '1000.00', percent: 5 }],
    })
    const next = await buyer.api('GET', `/api/top-ups?limit=5&cursor=${String(valueAt(body, 'next_cursor'))}`)
    expect(valueAt(next.body, 'data', 0, 'id')).toBe(paid.orderId)
  })
})

describe('whatever is told of a payment', () => {
  // Cases: payments 6, 7, 8; billing-bugs 36, 39, 47
  test('by its events in the wrong order, fifty times at once, and by the page that asks meanwhile, is one credit', async () => {
    const buyer = await newBuyer(sharedWorld())
    const filter = await held(buyer)
    const bought = await buyer.buy('1000')
    await pay(bought)
    const deliveries = await control.deliverHeld({ filter, order: 'reverse' })
    expect(deliveries.length).toBeGreaterThan(1)
    const again = Array.from({ length: 25 }, () => control.redeliver(filter))
    const asked = Array.from({ length: 10 }, () => statusOf(buyer, bought))
    const answers = (await Promise.all(again)).flat()
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['paid']))
    expect(new Set([...deliveries, ...answers].map(({ status }) => status))).toEqual(new Set([200]))
    expect(await buyer.transactions()).toEqual([
      ['purchase', '1000.00', '1000.00'],
      ['bonus', '50.00', '1050.00'],
    ])
  })

  // Cases: payments 9
  test('that has not arrived yet is no credit, until it has', async () => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('20')
    await pay(bought, 'pm_usBankAccount_success')
    await control.deliveriesSettled()
    expect([await statusOf(buyer, bought), await buyer.balance()]).toEqual(['open', '0.00'])
    await control.settle({
      paymentIntentId: await paymentOf(sharedWorld(), bought.sessionId),
      end: 'succeeded',
    })
    await control.deliveriesSettled()
    expect([await statusOf(buyer, bought), await buyer.balance()]).toEqual(['paid', '20.00'])
  })

  // Cases: payments 9
  test('that fails in the end is none', async () => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('20')
    await pay(bought, 'pm_usBankAccount_success')
    await control.settle({ paymentIntentId: await paymentOf(sharedWorld(), bought.sessionId), end: 'failed' })
    await control.deliveriesSettled()
    expect([await statusOf(buyer, bought), await buyer.balance()]).toEqual(['failed', '0.00'])
  })

  // Cases: payments 15
  test.each([
    ['another amount', { amount: 100 }],
    ['another currency', { currency: 'eur' }],
  ])('of %s than agreed is a finding and no credit', async (_what, tampered) => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('20')
    await control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa', tampered })
    await control.deliveriesSettled()
    expect([await statusOf(buyer, bought), await buyer.balance()]).toEqual(['mismatch', '0.00'])
    const findings = await eventually(
      () => sharedWorld().operator('GET', '/findings?limit=200'),
      (found) => JSON.stringify(found).includes(bought.orderId),
    )
    expect(JSON.stringify(findings)).toContain(`order_mismatch:${bought.orderId}`)
  })

  // Cases: payments 21
  // Requirements: 9
  test('in another currency that Stripe has shown is credited in dollars', async () => {
    const buyer = await newBuyer(sharedWorld())
    const { sessionId } = await buyer.buy('20')
    await control.pay({
      sessionId,
      method: 'pm_card_visa',
      presentment: { currency: 'jpy', amount: 3_100 },
    })
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('20.00')
  })
})

describe('an event', () => {
  // Cases: payments 1, 2, 3, 18; billing-bugs 48, 49
  test('that Stripe has not signed for us, now and as it stands changes nothing', async () => {
    const buyer = await newBuyer(sharedWorld())
    const filter = await held(buyer)
    const bought = await buyer.buy('20')
    await pay(bought)
    const [event] = await control.heldEvents(filter)
    const body = JSON.stringify(event)
    const now = Math.floor(Date.now() / 1_000)
    const old = await control.sign({ body, atSeconds: now - 301 })
    const forged = await control.sign({ body, secret: 'whsec_of_somebody_else_altogether' })
    const live = JSON.stringify({ ...Object(event), livemode: true })
    const answers = [
      await post(body, ''),
      await post(body, old),
      await post(body, forged),
      await post(`${body} `, await control.sign({ body })),
      await post(live),
    ]
    expect(answers.map(({ status, errorCode }) => [status, errorCode])).toEqual(
      answers.map(() => [400, 'invalid_request']),
    )
    expect(await buyer.balance()).toBe('0.00')
    await control.deliverHeld({ filter })
    expect(await buyer.balance()).toBe('20.00')
  })

  // Cases: payments 17; billing-bugs 46
  test('about an order that is nobody’s or another account’s is left alone and logged', async () => {
    const [buyer, other] = [await newBuyer(sharedWorld()), await newBuyer(sharedWorld())]
    const filter = await held(buyer)
    const bought = await buyer.buy('20')
    await pay(bought)
    const [event] = await control.heldEvents({ ...filter, types: ['checkout.session.completed'] })
    const body = JSON.stringify(event)
    const foreign = [
      body.replaceAll(buyer.accountId, other.accountId),
      body.replaceAll(bought.orderId, 'ord_0000000000000000000000'),
      body.replaceAll(bought.orderId, '2088102122458832'),
    ]
    // An order of the same account and amount whose page was never made: what was paid is not for it.
    await control.plantFault({ kind: 'html', path: '/v1/checkout', mentions: buyer.accountId, times: 3 })
    expect((await buyer.buy('20', { key: 'unopened' })).answer).toMatchObject({ status: 503 })
    const list = (await buyer.api('GET', '/api/top-ups')).body
    const unopened = String(valueAt(list, 'data', 0, 'id'))
    expect(valueAt(list, 'data', 0)).toMatchObject({ status: 'placed', amount: '20.00' })
    foreign.push(body.replaceAll(bought.orderId, unopened))
    for (const changed of foreign)
      expect(await post(changed)).toMatchObject({ status: 200, body: { outcome: 'ignored' } })
    expect([await buyer.balance(), await other.balance()]).toEqual(['0.00', '0.00'])
    const isLogged = () =>
      workerLog().some((line) => line.includes('foreign_order') && line.includes(other.accountId))
    expect(await eventually(async () => isLogged(), Boolean)).toBe(true)
    await control.dropHeld(filter)
  })

  test('is kept with what became of it', async () => {
    const buyer = await newBuyer(sharedWorld())
    await pay(await buyer.buy('20'))
    await control.deliveriesSettled()
    const rows = await eventually(
      () =>
        sharedWorld().sql('select type, outcome, seen_count from stripe_events where account_id = $1', [
          buyer.accountId,
        ]),
      (seen) => seen.length > 1,
    )
    expect(rows).toContainEqual({ type: 'payment_intent.succeeded', outcome: 'done', seen_count: 1 })
  })
})

describe('what cannot be bought', () => {
  // Cases: payments 20
  // Requirements: 7
  test.each(['4.99', '2500.01', 'NaN', '1e308', '5abc', '5.001', '-5', '', 5, null, '٥', '0x10'])(
    '%j is refused before Stripe is asked',
    async (amount) => {
      const buyer = await newBuyer(sharedWorld())
      const answer = await buyer.api('POST', '/api/top-ups', { amount })
      expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
      expect(await control.requests({ mentions: buyer.accountId })).toEqual([])
    },
  )

  // Requirements: 7
  test.each(['5', '5.00', '2500', '1234.56'])('%s dollars can be', async (amount) => {
    const buyer = await newBuyer(sharedWorld())
    expect((await buyer.buy(amount)).answer.status).toBe(201)
  })

  // Cases: payments 16
  test('an amount that stands anywhere else is no amount', async () => {
    const buyer = await newBuyer(sharedWorld())
    const path = '/api/top-ups?amount=2000&bonus=2000'
    const bought = await buyer.api('POST', path, { amount: '5' }, { 'x-amount': '2000' })
    const orderId = String(valueAt(bought.body, 'id'))
    expect(bought.body).toMatchObject({ amount: '5.00', credit: '5.00' })
    for (const more of [{ bonus: '5' }, { credit: '50' }, { metadata: { amount: '50' } }])
      expect(await buyer.api('POST', '/api/top-ups', { amount: '5', ...more })).toMatchObject({ status: 400 })
    const [request] = await control.requests({ path: '/v1/checkout', mentions: orderId })
    expect(valueAt(request?.params, 'line_items', '0', 'price_data', 'unit_amount')).toBe('500')
  })

  // Cases: payments 51
  test('is more than an account may hold', async () => {
    const buyer = await newBuyer(sharedWorld(), '999000')
    expect((await buyer.buy('900')).answer.status).toBe(201)
    expect((await buyer.buy('900')).answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  })

  test('is more pages at once than a person looks at', async () => {
    const buyer = await newBuyer(sharedWorld())
    for (let n = 0; n < 20; n += 1) expect((await buyer.buy('5')).answer.status).toBe(201)
    expect((await buyer.buy('5')).answer).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
  })

  // Requirements: 64
  test('is bought by nobody without the credential, and not for an account that nobody names', async () => {
    const { accountId } = await newBuyer(sharedWorld())
    const without = await ask(sharedWorld(), {
      method: 'POST',
      path: '/api/top-ups',
      body: { account_id: accountId, amount: '5' },
    })
    expect(without).toMatchObject({ status: 401, errorCode: 'invalid_api_key' })
    const apiKey = sharedWorld().operatorToken
    const unnamed = await ask(sharedWorld(), { apiKey, method: 'GET', path: '/api/top-ups' })
    expect(unnamed).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    const nowhere = await ask(sharedWorld(), {
      apiKey,
      method: 'POST',
      path: '/api/top-ups',
      body: { account_id: 'acct_w00000000000000', amount: '5' },
    })
    expect(nowhere).toMatchObject({ status: 404 })
  })
})

describe('Stripe that does not answer as Stripe', () => {
  // Cases: payments 53
  test.each(['html', 'empty_object', 'not_found'] as const)(
    '(%s) opens no page; the same key opens it later',
    async (kind) => {
      const buyer = await newBuyer(sharedWorld())
      await control.plantFault({ kind, path: '/v1/checkout', mentions: buyer.accountId, times: 3 })
      const failed = await buyer.buy('5', { key: 'k' })
      expect(failed.answer).toMatchObject({ status: 503, errorCode: 'payment_unavailable' })
      await control.clearFaults()
      const bought = await buyer.buy('5', { key: 'k' })
      expect(bought.answer).toMatchObject({ status: 200, body: { status: 'open' } })
      await pay(bought)
      await control.deliveriesSettled()
      expect(await buyer.balance()).toBe('5.00')
    },
  )

  // Cases: payments 53
  test.each(['html', 'empty_object', 'not_found', 'server_error'] as const)(
    '(%s) about a payment is no payment; the event comes again',
    async (kind) => {
      const buyer = await newBuyer(sharedWorld())
      const filter = await held(buyer)
      const bought = await buyer.buy('5')
      await pay(bought)
      await control.plantFault({ kind, path: `/v1/checkout/sessions/${bought.sessionId}`, times: 100 })
      const first = await control.deliverHeld({ filter })
      expect(new Set(first.map(({ status }) => status))).toEqual(new Set([503]))
      expect(await buyer.balance()).toBe('0.00')
      await control.clearFaults()
      const again = await control.redeliver(filter)
      expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]))
      expect(await buyer.balance()).toBe('5.00')
    },
  )

  test('in the middle of a page has made one page and one customer', async () => {
    const buyer = await newBuyer(sharedWorld())
    for (const path of ['/v1/customers', '/v1/checkout'])
      await control.plantFault({ kind: 'cut_after_commit', path, mentions: buyer.accountId, times: 1 })
    const bought = await buyer.buy('5', { key: 'k' })
    const again = await buyer.buy('5', { key: 'k' })
    expect([bought.answer.status, again.answer.status, again.sessionId]).toEqual([201, 200, bought.sessionId])
    const made = await control.requests({ method: 'POST', mentions: buyer.accountId })
    const keys = new Set(made.map(({ idempotencyKey }) => idempotencyKey))
    expect(keys).toEqual(new Set([`customer:${buyer.accountId}:1`, `checkout:${bought.orderId}:1`]))
  })

  // Cases: payments 58
  test('a customer that was deleted there is made anew by the next purchase', async () => {
    const buyer = await newBuyer(sharedWorld())
    const { sessionId } = await buyer.buy('5')
    const session = await control.object({ id: sessionId })
    await control.deleteCustomer({ customerId: String(valueAt(session, 'customer')) })
    const next = await buyer.buy('6')
    expect(next.answer.status).toBe(201)
    await pay(next)
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('6.00')
  })
})
