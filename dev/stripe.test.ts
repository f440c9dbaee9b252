// Stripe's stand-in driven by Stripe's own released package: what its types promise, what its errors say, what is remembered.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Stripe from 'stripe'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { closeServer, listen } from './ports.ts'
import { startStripe, type StripeStandIn } from './stripe.ts'
import { idOf, stripeApiVersion } from './stripe-state.ts'

let standIn: StripeStandIn
let stripe: Stripe
let hook: Server
/** Of the webhook: what came, and what it answers. */
const received: { body: string; signature: string }[] = []
let answers: number[] = []

beforeAll(async () => {
  hook = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ body, signature: String(request.headers['stripe-signature']) })
      response.writeHead(answers.shift() ?? 200)
      response.end()
    })
  })
  const port = await listen(hook, 0)
  standIn = await startStripe({ endpoints: [{ url: `http://127.0.0.1:${port}/hook`, types: ['*'] }] })
  stripe = clientOf(standIn)
})

afterAll(async () => {
  await standIn.stop()
  await closeServer(hook)
})

beforeEach(async () => {
  standIn.control.clearFaults()
  standIn.control.resumeDeliveries()
  await standIn.control.deliveriesSettled()
  received.length = 0
  answers = []
})

function clientOf({ url, secretKey }: StripeStandIn): Stripe {
  const { hostname, port } = new URL(url)
  return new Stripe(secretKey, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: 5_000,
  })
}

async function errorOf(work: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await work
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const customerWith = async (magic: string) => {
  const customer = await stripe.customers.create({ email: 'buyer@example.com' })
  const method = await stripe.paymentMethods.attach(magic, { customer: customer.id })
  return { customer: customer.id, payment_method: method.id }
}

const checkout = (change: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: 'payment',
    ui_mode: 'embedded_page',
    ...(change.ui_mode === 'hosted_page'
      ? {}
      : { return_url: 'https://shop.example/back?session={CHECKOUT_SESSION_ID}' }),
    line_items: [
      { price_data: { currency: 'usd', unit_amount: 1_000, product_data: { name: 'Credit' } }, quantity: 1 },
    ],
    metadata: { order: 'ord_1' },
    payment_intent_data: { metadata: { order: 'ord_1' } },
    ...change,
  })

const typesSince = async () => {
  await standIn.control.deliveriesSettled()
  return received.map(({ body }) => (JSON.parse(body) as { type: string }).type)
}

test('the version that the stand-in speaks is the one that the package pins', () => {
  expect(stripeApiVersion).toBe(Stripe.API_VERSION)
})

describe('payment intents', () => {
  test('a saved card is charged off session, and charge and balance say the same', async () => {
    const saved = await customerWith('pm_card_visa')
    const intent = await stripe.paymentIntents.create({
      ...saved,
      amount: 2_500,
      currency: 'usd',
      confirm: true,
      off_session: true,
      error_on_requires_action: true,
      metadata: { attempt: 'ord_2' },
      expand: ['latest_charge.balance_transaction'],
    })
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 2_500, currency: 'usd' })
    expect(intent.metadata).toEqual({ attempt: 'ord_2' })
    const charge = intent.latest_charge
    if (typeof charge !== 'object' || charge === null) throw new Error('not expanded')
    expect(charge.balance_transaction).toMatchObject({ amount: 2_500, type: 'charge', source: charge.id })
    const listed = await stripe.paymentIntents.list({ customer: saved.customer })
    expect(listed.data.map(({ id }) => id)).toEqual([intent.id])
  })

  test.each([
    ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline', 'try_again_later'],
    [
      'pm_card_authenticationRequired',
      'authentication_required',
      'authentication_required',
      'try_again_later',
    ],
  ])(
    '%s is declined with code, decline code, advice and the intent',
    async (magic, code, decline, advice) => {
      const saved = await customerWith(magic)
      const error = await errorOf(
        stripe.paymentIntents.create({
          ...saved,
          amount: 2_500,
          currency: 'usd',
          confirm: true,
          off_session: true,
          error_on_requires_action: true,
        }),
      )
      expect(error).toBeInstanceOf(Stripe.errors.StripeCardError)
      expect(error).toMatchObject({ statusCode: 402, code, decline_code: decline, advice_code: advice })
      expect(error.payment_intent).toMatchObject({ status: 'requires_payment_method' })
      const intent = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '')
      expect(intent.last_payment_error).toMatchObject({ code, decline_code: decline })
    },
  )

  test('without error_on_requires_action 3-D Secure waits, and the same intent succeeds on session', async () => {
    const saved = await customerWith('pm_card_authenticationRequired')
    const intent = await stripe.paymentIntents.create({
      ...saved,
      amount: 900,
      currency: 'usd',
      confirm: true,
    })
    expect(intent).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } })
    standIn.control.authenticate({ paymentIntentId: intent.id, isPassed: true })
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded')
  })

  test('a card that a test has changed behaves so from then on', async () => {
    const saved = await customerWith('pm_card_visa')
    standIn.control.setCard({
      paymentMethodId: saved.payment_method,
      behaviour: { does: 'decline', decline: 'stolen_card' },
    })
    const params = { ...saved, amount: 900, currency: 'usd', confirm: true }
    const error = await errorOf(stripe.paymentIntents.create(params))
    expect(error).toMatchObject({ decline_code: 'stolen_card', advice_code: 'do_not_try_again' })
  })

  test('what is canceled cannot be confirmed', async () => {
    const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'usd' })
    await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' })
    const error = await errorOf(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }))
    expect(error).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' })
  })

  test('a customer that was deleted cannot be charged', async () => {
    const saved = await customerWith('pm_card_visa')
    await stripe.customers.del(saved.customer)
    expect(await stripe.customers.retrieve(saved.customer)).toMatchObject({ deleted: true })
    const error = await errorOf(
      stripe.paymentIntents.create({ ...saved, amount: 900, currency: 'usd', confirm: true }),
    )
    expect(error).toMatchObject({ code: 'resource_missing', param: 'customer' })
  })
})

describe('checkout', () => {
  test('an embedded session is paid once, and its intent carries the metadata', async () => {
    const session = await checkout()
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 1_000,
      url: null,
    })
    expect(session.client_secret).toContain('_secret_')
    expect(standIn.control.pay({ sessionId: session.id, method: 'pm_card_visa' })).toEqual({ is: 'done' })
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent', 'line_items'],
    })
    expect(paid).toMatchObject({ status: 'complete', payment_status: 'paid' })
    expect(paid.payment_intent).toMatchObject({ amount_received: 1_000, metadata: { order: 'ord_1' } })
    expect(paid.line_items?.data).toHaveLength(1)
    expect(() => standIn.control.pay({ sessionId: session.id, method: 'pm_card_visa' })).toThrow('complete')
  })

  test('a person can decline, pass 3-D Secure and come back to the shop by plain forms', async () => {
    const session = await checkout({ ui_mode: 'hosted_page', success_url: 'https://shop.example/ok' })
    const post = (url: string, body: string) =>
      fetch(url, { method: 'POST', body: new URLSearchParams(body), redirect: 'manual' })
    expect(await (await fetch(session.url ?? '')).text()).toContain('10.00 USD')
    const declined = await post(session.url ?? '', 'method=pm_card_chargeDeclined')
    expect([declined.status, await declined.text()]).toEqual([402, expect.stringContaining('was declined')])
    const asked = await post(session.url ?? '', 'method=pm_card_authenticationRequired')
    expect(asked.status).toBe(303)
    const done = await post(asked.headers.get('location') ?? '', 'answer=complete')
    expect(done.headers.get('location')).toBe('https://shop.example/ok')
    expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid')
  })

  test('a bank debit completes unpaid, and is paid or fails later', async () => {
    for (const [method, end, type] of [
      ['pm_usBankAccount_success', 'paid', 'checkout.session.async_payment_succeeded'],
      ['pm_usBankAccount_accountClosed', 'unpaid', 'checkout.session.async_payment_failed'],
    ] as const) {
      const session = await checkout()
      standIn.control.pay({ sessionId: session.id, method })
      const pending = await stripe.checkout.sessions.retrieve(session.id)
      expect(pending).toMatchObject({ status: 'complete', payment_status: 'unpaid' })
      standIn.control.advanceClock({ seconds: 4 * 86_400 })
      expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe(end)
      expect(await typesSince()).toContain(type)
    }
  })

  test('a session that nobody paid expires after a day', async () => {
    const session = await checkout()
    standIn.control.advanceClock({ seconds: 86_401 })
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired')
    expect(await typesSince()).toContain('checkout.session.expired')
  })

  test('a card is saved for later by the card option, and tax comes on top', async () => {
    standIn.control.setTax({ basisPoints: 2_000 })
    const customer = await stripe.customers.create({})
    const session = await checkout({
      customer: customer.id,
      automatic_tax: { enabled: true },
      payment_method_options: { card: { setup_future_usage: 'off_session' } },
    })
    standIn.control.setTax({ basisPoints: 0 })
    expect(session).toMatchObject({
      amount_subtotal: 1_000,
      amount_total: 1_200,
      total_details: { amount_tax: 200 },
    })
    standIn.control.pay({ sessionId: session.id, method: 'pm_card_visa' })
    const methods = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' })
    expect(methods.data.map(({ card }) => card?.last4)).toEqual(['4242'])
  })

  test('money of home stands beside the amount, never in its place', async () => {
    const session = await checkout()
    const presentment = { amount: 150_000, currency: 'jpy' }
    standIn.control.pay({ sessionId: session.id, method: 'pm_card_visa', presentment })
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })
    expect(paid.payment_intent).toMatchObject({
      amount_received: 1_000,
      currency: 'usd',
      presentment_details: { presentment_amount: 150_000, presentment_currency: 'jpy' },
    })
  })

  test.each([
    ['the old name of a mode', { ui_mode: 'embedded' as 'embedded_page' }, 'ui_mode'],
    ['a success page of an embedded one', { success_url: 'https://shop.example' }, 'success_url'],
  ])('%s is refused', async (_, change, param) => {
    expect(await errorOf(checkout(change))).toMatchObject({ statusCode: 400, param })
  })
})

describe('refunds, disputes and fraud warnings', () => {
  const paid = async (method = 'pm_card_visa') => {
    const session = await checkout()
    standIn.control.pay({ sessionId: session.id, method })
    const { payment_intent } = await stripe.checkout.sessions.retrieve(session.id)
    await standIn.control.deliveriesSettled()
    received.length = 0
    return idOf(payment_intent) ?? ''
  }

  test('parts are refunded up to the whole and no further', async () => {
    const payment_intent = await paid()
    await stripe.refunds.create({ payment_intent, amount: 400 })
    const error = await errorOf(stripe.refunds.create({ payment_intent, amount: 601 }))
    expect(error.message).toContain('greater than unrefunded amount')
    const rest = await stripe.refunds.create({ payment_intent })
    expect(rest).toMatchObject({ amount: 600, status: 'succeeded' })
    expect(await errorOf(stripe.refunds.create({ payment_intent }))).toMatchObject({
      code: 'charge_already_refunded',
    })
    const listed = await stripe.refunds.list({ payment_intent })
    expect(listed.data.map(({ amount }) => amount)).toEqual([600, 400])
    expect(await typesSince()).toEqual([
      'charge.refunded',
      'refund.created',
      'charge.refunded',
      'refund.created',
    ])
  })

  test('a refund that fails later gives back what it took', async () => {
    const payment_intent = await paid()
    const made = standIn.control.refund({ paymentIntentId: payment_intent, amount: 300 })
    standIn.control.failRefund({ refundId: made.id })
    const intent = await stripe.paymentIntents.retrieve(payment_intent, { expand: ['latest_charge'] })
    expect(intent.latest_charge).toMatchObject({ amount_refunded: 0, refunded: false })
    expect((await stripe.refunds.retrieve(made.id)).status).toBe('failed')
    expect(await typesSince()).toContain('refund.failed')
  })

  test('a dispute takes the money, gives it back, and is won', async () => {
    const payment_intent = await paid()
    const dispute = standIn.control.dispute({ paymentIntentId: payment_intent })
    standIn.control.moveDispute({ disputeId: dispute.id, move: 'reinstate' })
    standIn.control.moveDispute({ disputeId: dispute.id, move: 'win' })
    const found = await stripe.disputes.retrieve(dispute.id)
    expect(found.status).toBe('won')
    expect(found.balance_transactions.map(({ amount }) => amount)).toEqual([-1_000, 1_000])
    expect(await typesSince()).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.funds_reinstated',
      'charge.dispute.closed',
    ])
  })

  test('an inquiry moves nothing, and a warning says which payment', async () => {
    const payment_intent = await paid('pm_card_createDisputeInquiry')
    const [inquiry] = (await stripe.disputes.list({ payment_intent })).data
    expect(inquiry).toMatchObject({ status: 'warning_needs_response', balance_transactions: [] })
    const warning = standIn.control.fraudWarning({ paymentIntentId: payment_intent })
    expect(await stripe.radar.earlyFraudWarnings.retrieve(warning.id)).toMatchObject({ payment_intent })
  })

  test('a warning is settled by a refund of the whole, not by one of a part', async () => {
    const payment_intent = await paid('pm_card_visa')
    const { id } = standIn.control.fraudWarning({ paymentIntentId: payment_intent })
    const isActionable = async () => (await stripe.radar.earlyFraudWarnings.retrieve(id)).actionable
    await stripe.refunds.create({ payment_intent, amount: 100 })
    expect(await isActionable()).toBe(true)
    await stripe.refunds.create({ payment_intent })
    expect(await isActionable()).toBe(false)
    const types = standIn.control.events({ mentions: id }).map(({ type }) => type)
    expect(types).toEqual(['radar.early_fraud_warning.created', 'radar.early_fraud_warning.updated'])
  })
})

describe('idempotency', () => {
  const create = (idempotencyKey: string, amount = 900) =>
    stripe.paymentIntents.create({ amount, currency: 'usd' }, { idempotencyKey })

  test('the same key gets the same answer, and another request under it an error', async () => {
    const [first, second] = [await create('key-1'), await create('key-1')]
    expect(second.id).toBe(first.id)
    expect(await errorOf(create('key-1', 901))).toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
  })

  test('a decline is remembered as well, and a refusal of the request is not', async () => {
    const saved = await customerWith('pm_card_visa')
    const paymentMethodId = saved.payment_method
    const decline = { does: 'decline', decline: 'insufficient_funds' } as const
    standIn.control.setCard({ paymentMethodId, behaviour: decline })
    const params = { ...saved, amount: 900, currency: 'usd', confirm: true }
    const charge = () => stripe.paymentIntents.create(params, { idempotencyKey: 'key-2' })
    const first = await errorOf(charge())
    standIn.control.setCard({ paymentMethodId, behaviour: { does: 'succeed' } })
    expect((await errorOf(charge())).payment_intent?.id).toBe(first.payment_intent?.id)
    expect((await errorOf(create('key-3', 1))).code).toBe('amount_too_small')
    expect((await create('key-3')).amount).toBe(900)
  })

  test('after a day the key is forgotten', async () => {
    const first = await create('key-4')
    standIn.control.advanceClock({ seconds: 86_401 })
    expect((await create('key-4')).id).not.toBe(first.id)
  })
})

describe('what goes wrong on the way', () => {
  const create = () =>
    stripe.paymentIntents.create({ amount: 900, currency: 'usd' }, { idempotencyKey: `way-${key}` })
  let key = 0
  beforeEach(() => void (key += 1))

  test('a line that breaks after the commit: the same key finds what was made', async () => {
    standIn.control.plantFault({
      kind: 'cut_after_commit',
      method: 'POST',
      path: '/v1/payment_intents',
      times: 2,
    })
    expect(await errorOf(create())).toBeInstanceOf(Stripe.errors.StripeConnectionError)
    const before = standIn.control.events({ types: ['payment_intent.created'] }).length
    const intent = await create()
    expect(standIn.control.events({ types: ['payment_intent.created'] })).toHaveLength(before)
    expect(standIn.control.object({ id: intent.id })).not.toBeNull()
  })

  test('a 500 after the commit is what the key says from then on', async () => {
    standIn.control.plantFault({ kind: 'server_error_after_commit' })
    expect((await errorOf(create())).statusCode).toBe(500)
    expect((await errorOf(create())).statusCode).toBe(500)
  })

  test.each([
    ['html', 'Invalid JSON'],
    ['rate_limited', 'rate limit'],
    ['server_error', 'unknown error'],
  ] as const)('%s comes in place of an answer, and nothing was made', async (kind, says) => {
    const before = standIn.control.events().length
    standIn.control.plantFault({ kind })
    expect((await errorOf(create())).message).toContain(says)
    expect(standIn.control.events()).toHaveLength(before)
  })

  test('an empty object passes the package as a success: the product has to look', async () => {
    standIn.control.plantFault({ kind: 'empty_object' })
    expect((await create()).id).toBeUndefined()
  })
})

describe('events', () => {
  test('they are signed for the package, with id, version, time and the request that made them', async () => {
    await stripe.customers.create({}, { idempotencyKey: 'customer-1' })
    await standIn.control.deliveriesSettled()
    const { body, signature } = received[0] ?? { body: '', signature: '' }
    const event = await stripe.webhooks.constructEventAsync(body, signature, standIn.webhookSecret)
    expect(event).toMatchObject({
      id: expect.stringMatching(/^evt_/),
      api_version: stripeApiVersion,
      livemode: false,
      type: 'customer.created',
      request: { idempotency_key: 'customer-1' },
    })
    expect(await stripe.events.retrieve(event.id)).toMatchObject({ type: 'customer.created' })
  })

  test('one that is not taken comes again, and one that was can be sent again', async () => {
    answers = [500, 503]
    await stripe.customers.create({})
    await standIn.control.deliveriesSettled()
    expect(received).toHaveLength(3)
    const { id } = JSON.parse(received[0]?.body ?? '') as { id: string }
    expect(await standIn.control.redeliver({ ids: [id] })).toMatchObject([{ status: 200 }])
    expect(received).toHaveLength(4)
  })

  test('they can be held back, turned round and dropped', async () => {
    standIn.control.holdDeliveries({ types: ['customer.created'] })
    const made = []
    for (const name of ['a', 'b', 'c']) made.push((await stripe.customers.create({ name })).id)
    expect(standIn.control.heldEvents()).toHaveLength(3)
    expect(standIn.control.dropHeld({ mentions: made[1] ?? '' })).toBe(1)
    const waiting = await stripe.events.list({ delivery_success: false, limit: 2 })
    expect(waiting.data).toHaveLength(2)
    await standIn.control.deliverHeld({ order: 'reverse' })
    const ids = received.map(({ body }) => (JSON.parse(body) as Stripe.CustomerCreatedEvent).data.object.id)
    expect(ids).toEqual([made[2], made[0]])
  })
})

test('lists come page by page, newest first, and the package walks them all', async () => {
  const names = ['1', '2', '3', '4', '5']
  const email = 'pages@example.com'
  for (const name of names) await stripe.customers.create({ name, email })
  const walked = []
  for await (const { name } of stripe.customers.list({ email, limit: 2 })) walked.push(name)
  expect(walked).toEqual(names.toReversed())
})

test('the control functions answer over HTTP as well', async () => {
  const { remoteControl } = await import('./stripe-client.ts')
  const control = remoteControl(standIn.url)
  await stripe.customers.create({ name: 'Remote' }, { idempotencyKey: 'remote-1' })
  const [request] = await control.requests({ mentions: 'remote-1' })
  expect(request).toMatchObject({
    method: 'POST',
    path: '/v1/customers',
    params: { name: 'Remote' },
    idempotencyKey: 'remote-1',
    apiVersion: stripeApiVersion,
    status: 200,
  })
  await expect(control.settle({ paymentIntentId: 'pi_none', end: 'failed' })).rejects.toThrow('No such')
})

test('what it knows outlives a start where it is given a file: customers, cards, what is due', async () => {
  const keepFile = join(mkdtempSync(join(tmpdir(), 'sluice-stripe-')), 'stripe.json')
  const first = await startStripe({ keepFile })
  const before = clientOf(first)
  const customer = await before.customers.create({ email: 'kept@example.com' })
  const method = await before.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  const session = await before.checkout.sessions.create({
    customer: customer.id,
    success_url: 'https://shop.example/ok',
    line_items: [
      { price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'Credit' } }, quantity: 1 },
    ],
    payment_intent_data: { metadata: { order: 'ord_3' } },
  })
  first.control.pay({ sessionId: session.id, method: 'pm_usBankAccount_success' })
  await first.stop()
  const second = await startStripe({ keepFile })
  expect([second.secretKey, second.webhookSecret]).toEqual([first.secretKey, first.webhookSecret])
  const after = clientOf(second)
  const params = {
    customer: customer.id,
    payment_method: method.id,
    amount: 900,
    currency: 'usd',
    confirm: true,
  }
  expect((await errorOf(after.paymentIntents.create(params))).decline_code).toBe('generic_decline')
  second.control.advanceClock({ seconds: 4 * 86_400 })
  const paid = await after.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })
  expect(paid).toMatchObject({ payment_status: 'paid', payment_intent: { metadata: { order: 'ord_3' } } })
  await second.stop()
  rmSync(dirname(keepFile), { recursive: true })
})
