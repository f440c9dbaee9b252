// Money as hours and months pass: a payment whose end nobody knows, a card that is declined, a page that has expired, limits
// that begin anew. Product and Stripe have one clock, which the tests move.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { World } from '../../dev/world.ts'
import { type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { judgeOfStripe } from '../world/judged-stripe.ts'
import { mailsTo } from '../world/mailbox.ts'
import { hours, type MovedClock, movedClock } from '../world/moved-clock.ts'
import { newOwner, type Owner } from '../world/topping-up.ts'

// On a machine that does other things as well.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 400_000 })

const previousSecret = 'whsec_of_before_the_roll_of_today'
let world: World
let clock: MovedClock

beforeAll(async () => {
  world = await startFaultyWorld({
    vars: {
      STRIPE_TAX: 'automatic',
      STRIPE_STATEMENT_SUFFIX: 'AI CREDIT',
      STRIPE_WEBHOOK_SECRET_PREVIOUS: previousSecret,
    },
    stripe: { judge: judgeOfStripe() },
  })
  clock = movedClock(world)
})

afterAll(() => world.stop())

/** With a saved card and automatic top-up below $10. */
async function ready(creditUsd: string): Promise<Owner & { cardId: string }> {
  const owner = await newOwner(world, creditUsd)
  const cardId = await owner.save()
  await world.stripe.control.deliveriesSettled()
  expect(await owner.enable()).toMatchObject({ status: 200 })
  return { ...owner, cardId }
}

const paymentsAtStripe = async ({ accountId }: Owner) =>
  (await world.stripe.control.events({ types: ['payment_intent.created'], mentions: accountId })).length

/** When limits by the month begin anew. */
function nextMonthMs(): number {
  const now = new Date(clock.nowMs())
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)
}

// Cases: payments 25
test('a top-up whose end nobody knows is looked up a day later, and never made again', async () => {
  const owner = await ready('10')
  const { accountId } = owner
  const { control } = world.stripe
  await control.holdDeliveries({ mentions: accountId })
  // The card is charged, and Stripe says so to nobody: the 500 is what it keeps for the key.
  await owner.breakCharge('server_error_after_commit')
  await owner.spend(1)
  // The SDK asks three times; the queue comes seconds later, and by then it is tomorrow.
  const tries = () => control.requests({ method: 'POST', path: '/v1/payment_intents', mentions: accountId })
  expect(await eventually(tries, (made) => made.length === 3)).toHaveLength(3)
  expect([await owner.credits(), await owner.seen()]).toMatchObject([0, { state: 'charging' }])
  // By now Stripe has forgotten the key: whoever asked again would charge the card again.
  await clock.pass(hours(25), accountId)
  await owner.spend(0.02)
  expect(await owner.becomes({ state: 'idle' })).toMatchObject({ state: 'idle', failures: 0 })
  expect([await owner.balance(), await owner.credits()]).toEqual(['28.98', 1])
  expect([await paymentsAtStripe(owner), (await owner.asked()).length]).toEqual([1, 1])
  await control.redeliver({ mentions: accountId })
  expect([await owner.balance(), await owner.credits()]).toEqual(['28.98', 1])
  await control.dropHeld({ mentions: accountId })
})

// Cases: payments 27
test('a card that is declined is tried again after 1, 4 and 24 hours, with a word each time, and then never', async () => {
  const owner = await ready('10')
  const { accountId, cardId } = owner
  const email = `${accountId}@customer.example`
  await owner.api('PUT', '/api/billing-emails', { billing_emails: [email] })
  const behaviour = { does: 'decline', decline: 'insufficient_funds' } as const
  await world.stripe.control.setCard({ paymentMethodId: cardId, behaviour })
  await owner.spend(1)
  expect(await owner.becomes({ state: 'waiting', failures: 1 })).toMatchObject({ failures: 1 })
  const delays = [1, 4, 24]
  for (const [index, delay] of delays.entries()) {
    await clock.pass(hours(delay) - hours(0.2), accountId)
    await owner.spend(0.02)
    expect(await owner.seen()).toMatchObject({ state: 'waiting', failures: index + 1 })
    await clock.pass(hours(0.4), accountId)
    await owner.spend(0.02)
    expect(await eventually(owner.asked, (asked) => asked.length > index + 1)).toHaveLength(index + 2)
    if (index + 1 < delays.length) await owner.becomes({ state: 'waiting', failures: index + 2 })
  }
  expect(await owner.becomes({ state: 'paused' })).toMatchObject({ state: 'paused', why: 'declined' })
  await clock.pass(hours(48), accountId)
  await Promise.all(Array.from({ length: 200 }, () => owner.spend(0.02)))
  expect([await owner.seen(), (await owner.asked()).length]).toMatchObject([{ state: 'paused' }, 4])
  const failed = async () =>
    (await mailsTo(world, email)).filter(({ subject }) => subject === 'A payment of $20.00 has failed')
  await vi.waitFor(async () => expect(await failed()).toHaveLength(4), { timeout: 30_000 })
  const texts = (await failed()).map(({ text }) => text)
  expect(texts.filter((text) => text.includes('It is tried again at'))).toHaveLength(3)
  expect(texts.filter((text) => text.includes('is paused until you act'))).toHaveLength(1)
})

// Cases: payments 29, 31
test('a card that is declined for ever is charged no more, though it is saved again; another one is', async () => {
  const owner = await ready('10')
  const { accountId, cardId } = owner
  const behaviour = { does: 'decline', decline: 'stolen_card' } as const
  await world.stripe.control.setCard({ paymentMethodId: cardId, behaviour })
  await owner.spend(1)
  expect(await owner.becomes({ state: 'paused' })).toMatchObject({ state: 'paused', why: 'card' })
  const later = async () => {
    await clock.pass(hours(1), accountId)
    await owner.spend(0.02)
  }
  // The same number under a new id, which would be good.
  await owner.save()
  await later()
  expect([await owner.seen(), (await owner.asked()).length]).toMatchObject([
    { state: 'paused', why: 'card' },
    1,
  ])
  const other = await owner.save('pm_card_mastercard')
  await later()
  expect(await eventually(owner.credits, (credits) => credits > 0)).toBe(1)
  const asked = await owner.asked()
  expect(asked.map(({ params }) => params['payment_method'])).toEqual([cardId, other])
  expect(await owner.seen()).toMatchObject({ state: 'idle', failures: 0 })
})

// Cases: payments 32
test('what would pass the monthly cap is not charged, which is told once; the next month has its own', async () => {
  const owner = await ready('10')
  const { accountId } = owner
  const email = `${accountId}@customer.example`
  await owner.api('PUT', '/api/billing-emails', { billing_emails: [email] })
  // No month ends in the middle of this.
  if (nextMonthMs() - clock.nowMs() < hours(2)) await clock.pass(hours(2), accountId)
  expect(await owner.enable({ monthly_cap: '30.00' })).toMatchObject({ status: 200 })
  await owner.spend(1)
  await eventually(owner.balance, (balance) => balance === '29.00')
  await owner.spend(25)
  expect(await owner.seen()).toMatchObject({ state: 'waiting', charged_this_month: '20.00' })
  await clock.pass(hours(1), accountId)
  await owner.spend(0.02)
  expect([await owner.seen(), (await owner.asked()).length]).toMatchObject([{ state: 'waiting' }, 1])
  const capped = async () =>
    (await mailsTo(world, email)).filter(({ subject }) => subject.includes('monthly cap'))
  await vi.waitFor(async () => expect(await capped()).toHaveLength(1), { timeout: 30_000 })
  await clock.pass(nextMonthMs() - clock.nowMs() + 60_000, accountId)
  await owner.spend(0.02)
  expect(await eventually(owner.credits, (credits) => credits > 1)).toBe(2)
  expect(await owner.seen()).toMatchObject({ charged_this_month: '20.00' })
  expect(await capped()).toHaveLength(1)
})

// Cases: payments 13
test('a payment of which no event ever comes is credited by the sweep within a quarter of an hour', async () => {
  const buyer = await newBuyer(world)
  const { accountId } = buyer
  const { control } = world.stripe
  await control.holdDeliveries({ mentions: accountId })
  const { sessionId } = await buyer.buy('20')
  const rows = () => world.sql('select 1 from payments where account_id = $1', [accountId])
  await eventually(rows, (found) => found.length > 0)
  await control.pay({ sessionId, method: 'pm_card_visa' })
  await control.dropHeld({ mentions: accountId })
  await world.runCron('*/5 * * * *')
  expect(await buyer.balance()).toBe('0.00')
  // The last of the runs before the quarter is over.
  await clock.pass(hours(1 / 6) + 1_000, accountId)
  await world.runCron('*/5 * * * *')
  await world.runCron('*/5 * * * *')
  expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
})

// Cases: payments 14
test('a payment that lands after its page has expired is credited all the same, once', async () => {
  const buyer = await newBuyer(world)
  const { control } = world.stripe
  const { orderId, sessionId } = await buyer.buy('20')
  const asked = await control.pay({ sessionId, method: 'pm_card_threeDSecure2Required' })
  expect(asked).toMatchObject({ is: 'asked' })
  await clock.pass(hours(25), buyer.accountId)
  await control.deliveriesSettled()
  const status = async () => valueAt((await buyer.api('GET', `/api/top-ups/${orderId}`)).body, 'status')
  expect([await status(), await buyer.balance()]).toEqual(['expired', '0.00'])
  // The bank took its time with the customer's answer.
  await control.authenticate({ paymentIntentId: await paymentOf(world, sessionId), isPassed: true })
  await control.deliveriesSettled()
  await control.redeliver({ mentions: buyer.accountId })
  expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
  expect(await status()).toBe('paid')
})

// Cases: payments 22
test('tax comes on top of what is bought: the credit is net, and so is what a refund takes', async () => {
  const buyer = await newBuyer(world)
  const { control } = world.stripe
  const email = `${buyer.accountId}@customer.example`
  await buyer.api('PUT', '/api/billing-emails', { billing_emails: [email] })
  await control.setTax({ basisPoints: 2_000 })
  const { sessionId, orderId } = await buyer.buy('20')
  await control.setTax({ basisPoints: 0 })
  await control.pay({ sessionId, method: 'pm_card_visa' })
  await control.deliveriesSettled()
  const paymentIntentId = await paymentOf(world, sessionId)
  expect(await control.object({ id: paymentIntentId })).toMatchObject({ amount_received: 2_400 })
  expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
  const receipt = await eventually(
    () => mailsTo(world, email),
    (mails) => mails.length > 0,
  )
  expect(receipt[0]?.subject).toBe('Receipt: $20.00 of credit')
  expect(receipt[0]?.text).toMatch(/Paid: \$24\.00 .*of which \$4\.00 is tax\./)
  const shown = async () => (await buyer.api('GET', `/api/top-ups/${orderId}`)).body
  const receiptOf = (body: unknown) => valueAt(body, 'receipt') ?? null
  expect(await eventually(shown, (body) => receiptOf(body) !== null)).toMatchObject({
    amount: '20.00',
    credit: '20.00',
    receipt: { paid: '24.00', tax: '4.00' },
  })
  // Half of what was paid is half of what was credited.
  await control.refund({ paymentIntentId, amount: 1_200 })
  await control.deliveriesSettled()
  expect((await buyer.transactions()).slice(1)).toEqual([['refund', '-10.00', '10.00']])
})

// Cases: payments 43
// Requirements: 50, 57
test('a postpaid account is refused at its credit limit, and at its monthly limit until the month is over', async () => {
  const settings = { mode: 'postpaid', credit_limit: '1' }
  const { accountId, apiKey } = await world.newAccount({ creditUsd: '0', settings })
  const call = () => ask(world, { apiKey, body: chatOf({ tokens: 1 }) })
  const use = async (quantity: number) => {
    const body = { consumable: 'sms', quantity, idempotency_key: `use ${quantity}` }
    return ask(world, { apiKey, method: 'POST', path: '/v1/meter', body })
  }
  expect((await call()).status).toBe(200)
  // Two cents each: a dollar's worth is a little more than what is left.
  expect(await use(49)).toMatchObject({ status: 200 })
  expect(await use(1)).toMatchObject({ status: 402, errorCode: 'credit_limit_reached' })
  const raised = { credit_limit: '100', monthly_spend_limit: '1', reason: 'a test' }
  await world.operator('PATCH', `/accounts/${accountId}`, raised)
  expect(await use(2)).toMatchObject({ status: 402, errorCode: 'monthly_spend_limit_reached' })
  await clock.pass(nextMonthMs() - clock.nowMs() - hours(0.2), accountId)
  expect(await use(3)).toMatchObject({ status: 402, errorCode: 'monthly_spend_limit_reached' })
  await clock.pass(hours(0.4), accountId)
  expect(await use(4)).toMatchObject({ status: 200 })
  expect((await call()).status).toBe(200)
})

// Cases: payments 46
// Requirements: 49, 57
test('a month of a postpaid account is invoiced at its end, due in 30 days; unpaid it suspends a week later, until it is paid', async () => {
  const settings = { mode: 'postpaid', credit_limit: '50' }
  const { accountId, apiKey } = await world.newAccount({ creditUsd: '0', settings })
  const { control } = world.stripe
  const used = { consumable: 'sms', quantity: 150, idempotency_key: 'used' }
  expect(await ask(world, { apiKey, path: '/v1/meter', body: used })).toMatchObject({ status: 200 })
  const call = async () => (await ask(world, { apiKey, body: chatOf({ tokens: 1 }) })).status
  const path = `/api/invoices?account_id=${accountId}`
  const invoice = async () =>
    valueAt((await ask(world, { apiKey: world.operatorToken, path })).body, 'data', 0)
  const isNow = (status: string) => eventually(invoice, (found) => valueAt(found, 'status') === status)

  await clock.pass(nextMonthMs() - clock.nowMs() + 60_000, accountId)
  expect(await call()).toBe(200)
  const issued = await isNow('issued')
  expect(issued).toMatchObject({ status: 'issued', amount: '3.00' })
  const day = hours(24)
  await clock.pass(30 * day - hours(1), accountId)
  expect([await call(), await invoice()]).toMatchObject([200, { status: 'issued' }])
  await clock.pass(hours(2), accountId)
  expect([await call(), await isNow('overdue')]).toMatchObject([200, { status: 'overdue' }])
  await clock.pass(7 * day - hours(2), accountId)
  expect(await call()).toBe(200)
  await clock.pass(hours(2), accountId)
  expect(await call()).toBe(403)

  const id = String(valueAt(issued, 'id'))
  const [finalised] = await control.events({ types: ['invoice.finalized'], mentions: id })
  await control.payInvoice({ invoiceId: String(valueAt(finalised, 'data', 'object', 'id')) })
  expect(await isNow('paid')).toMatchObject({ status: 'paid' })
  expect(await call()).toBe(200)
})

// Cases: payments 5
test('while the webhook’s secret is rolled, an event under the one of before is taken, and under no other', async () => {
  const buyer = await newBuyer(world)
  const { control } = world.stripe
  const filter = { mentions: buyer.accountId, types: ['checkout.session.completed'] }
  await control.holdDeliveries({ mentions: buyer.accountId })
  await control.pay({ sessionId: (await buyer.buy('20')).sessionId, method: 'pm_card_visa' })
  const body = JSON.stringify((await control.heldEvents(filter))[0])
  const post = async (secret: string) => {
    const headers = { 'stripe-signature': await control.sign({ body, secret }) }
    return ask(world, { method: 'POST', path: '/webhooks/stripe', body, headers })
  }
  expect(await post('whsec_of_before_the_roll_before')).toMatchObject({ status: 400 })
  expect(await buyer.balance()).toBe('0.00')
  expect(await post(previousSecret)).toMatchObject({ status: 200, body: { outcome: 'done' } })
  expect(await buyer.balance()).toBe('20.00')
  await control.dropHeld({ mentions: buyer.accountId })
})

// Requirements: 11
test('the operator’s words stand on the statement of the card, of a purchase and of an automatic top-up', async () => {
  const owner = await ready('10')
  const buyer = await newBuyer(world)
  const { control } = world.stripe
  const { sessionId } = await buyer.buy('20')
  const emailOf = ({ accountId }: Buyer) => `${accountId}@customer.example`
  for (const one of [owner, buyer])
    await one.api('PUT', '/api/billing-emails', { billing_emails: [emailOf(one)] })
  await control.pay({ sessionId, method: 'pm_card_visa' })
  await owner.spend(1)
  await eventually(owner.credits, (credits) => credits > 0)
  const [made] = await control.events({ types: ['payment_intent.succeeded'], mentions: owner.accountId })
  const ids = [await paymentOf(world, sessionId), String(valueAt(made, 'data', 'object', 'id'))]
  for (const id of ids)
    expect(await control.object({ id })).toMatchObject({ statement_descriptor_suffix: 'AI CREDIT' })
  for (const one of [owner, buyer]) {
    const mails = () => mailsTo(world, emailOf(one))
    const [receipt] = await eventually(mails, (all) => all.length > 0)
    expect(receipt?.text).toContain('Your statement shows it as SLUICE* AI CREDIT.')
  }
})

// Cases: payments 50
// Requirements: 71
test('what was given is spent before what was paid, and not any more once it has expired', async () => {
  const { accountId, apiKey } = await world.newAccount({
    creditUsd: '0',
    key: { scopes: ['inference', 'balance:read'] },
  })
  const book = (path: string, body: object) =>
    world.operator('POST', `/accounts/${accountId}/${path}`, { reason: 'a test', ...body })
  await book('adjustments', { amount: '5.00', idempotency_key: 'paid' })
  const promotion = { amount: '1.00', bucket: 'promotional', expires_in_days: 1, idempotency_key: 'given' }
  await book('grants', promotion)
  await book('grants', { amount: '2.00', bucket: 'bonus', idempotency_key: 'bonus' })
  const use = async (cents: number) => {
    const body = { consumable: 'sms', quantity: cents / 2, idempotency_key: `use ${cents}` }
    return (await ask(world, { apiKey, method: 'POST', path: '/v1/meter', body })).status
  }
  const buckets = async () => {
    const all = valueAt((await ask(world, { apiKey, path: '/v1/account' })).body, 'buckets')
    const list: readonly unknown[] = Array.isArray(all) ? all : []
    return list.map((one) => [valueAt(one, 'bucket'), valueAt(one, 'amount')])
  }
  expect(await use(40)).toBe(200)
  expect(await buckets()).toEqual([
    ['promotional', '0.60'],
    ['bonus', '2.00'],
    ['paid', '5.00'],
  ])
  await clock.pass(hours(24), accountId)
  // More than is left without it.
  expect(await use(702)).toBe(402)
  expect(await buckets()).toEqual([
    ['bonus', '2.00'],
    ['paid', '5.00'],
  ])
  expect(await use(210)).toBe(200)
  // What was paid is there for ever.
  await clock.pass(hours(24) * 800, accountId)
  expect(await buckets()).toEqual([['paid', '4.90']])
  expect(await use(20)).toBe(200)
})
