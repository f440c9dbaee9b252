// What becomes of a payment after it was made, by Stripe's own events: refunds of the operator's and of the dashboard's,
// disputes, warnings. The real Worker, and the stand-in in Stripe's place.

import { describe, expect, test } from 'vitest'
import { type Bought, type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { newOwner } from '../world/topping-up.ts'

const { control } = sharedWorld().stripe

type Paid = Bought & { buyer: Buyer; paymentIntentId: string }

async function paid(amount: string, { creditUsd = '0', method = 'pm_card_visa' } = {}): Promise<Paid> {
  const buyer = await newBuyer(sharedWorld(), creditUsd)
  const bought = await buyer.buy(amount)
  await control.pay({ sessionId: bought.sessionId, method })
  await control.deliveriesSettled()
  return { ...bought, buyer, paymentIntentId: await paymentOf(sharedWorld(), bought.sessionId) }
}

const operator = ({ accountId }: Buyer, path: string, body: object) =>
  askOperator('POST', `/accounts/${accountId}${path}`, body)

const refund = ({ buyer, orderId }: Paid, body: object) =>
  operator(buyer, '/refunds', { reason: 'a test', idempotency_key: 'r', payment: orderId, ...body })

const shown = async ({ accountId }: Pick<Buyer, 'accountId'>) =>
  (await askOperator('GET', `/accounts/${accountId}`)).body

/** All that this payment's events say, once more, in both directions. */
async function toldAgain({ paymentIntentId }: Paid): Promise<void> {
  await control.redeliver({ mentions: paymentIntentId })
  await control.deliveriesSettled()
}

const refundsOf = async ({ paymentIntentId }: Paid) =>
  (await control.requests({ method: 'POST', path: '/v1/refunds', mentions: paymentIntentId })).length

describe('a refund in Stripe’s dashboard', () => {
  // Cases: payments 35, 36; billing-bugs 50
  test('of a part takes its share of the bonus, and the next one the rest, however often it is told', async () => {
    const payment = await paid('1000')
    const { buyer, paymentIntentId } = payment
    expect(await buyer.balance()).toBe('1050.00')
    await control.refund({ paymentIntentId, amount: 33_333 })
    await control.deliveriesSettled()
    // 333.33 and, of the bonus, 16.6665.
    expect(await buyer.balance()).toBe('700.0035')
    await toldAgain(payment)
    expect(await buyer.balance()).toBe('700.0035')
    await control.refund({ paymentIntentId })
    await control.deliveriesSettled()
    await toldAgain(payment)
    expect(await buyer.transactions()).toEqual([
      ['purchase', '1000.00', '1000.00'],
      ['bonus', '50.00', '1050.00'],
      ['refund', '-349.9965', '700.0035'],
      ['refund', '-700.0035', '0.00'],
    ])
    expect(await shown(buyer)).toMatchObject({ lifetime_added: '0.00', lifetime_bonus: '0.00', debt: '0.00' })
  })

  // Cases: payments 37
  test('that fails later is back once', async () => {
    const payment = await paid('20')
    const { buyer, paymentIntentId } = payment
    const made = await control.refund({ paymentIntentId, amount: 500 })
    await control.deliveriesSettled()
    expect(await buyer.balance()).toBe('15.00')
    await control.failRefund({ refundId: made.id })
    await control.deliveriesSettled()
    await toldAgain(payment)
    expect(await buyer.transactions()).toEqual([
      ['purchase', '20.00', '20.00'],
      ['refund', '-5.00', '15.00'],
      ['refund', '5.00', '20.00'],
    ])
  })

  test('told before its payment waits for it', async () => {
    const buyer = await newBuyer(sharedWorld())
    const bought = await buyer.buy('20')
    const held = {
      types: ['checkout.session.completed', 'payment_intent.succeeded'],
      mentions: buyer.accountId,
    }
    await control.holdDeliveries(held)
    await control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa' })
    const paymentIntentId = await paymentOf(sharedWorld(), bought.sessionId)
    await control.refund({ paymentIntentId, amount: 500 })
    await control.deliveriesSettled()
    expect(await buyer.transactions()).toEqual([])
    await control.deliverHeld({ filter: held })
    await control.resumeDeliveries()
    await control.deliveriesSettled()
    expect(await buyer.transactions()).toEqual([
      ['purchase', '20.00', '20.00'],
      ['refund', '-5.00', '15.00'],
    ])
  })
})

describe('a refund of the operator’s', () => {
  test('holds the money, goes through Stripe once, and its events take nothing more', async () => {
    const payment = await paid('20')
    const { buyer, orderId } = payment
    const first = await refund(payment, { amount: '5.00' })
    expect([first.status, first.body]).toMatchObject([
      201,
      { amount: '5.00', balance: '15.00', payment: orderId, through: 'provider', is_repeat: false },
    ])
    await eventually(
      () => refundsOf(payment),
      (count) => count > 0,
    )
    await control.deliveriesSettled()
    await toldAgain(payment)
    expect(await refund(payment, { amount: '5.00' })).toMatchObject({
      status: 200,
      body: { is_repeat: true },
    })
    expect([await refundsOf(payment), await buyer.balance()]).toEqual([1, '15.00'])
    expect(await buyer.transactions()).toEqual([
      ['purchase', '20.00', '20.00'],
      ['refund', '-5.00', '15.00'],
    ])
  })

  // Cases: payments 37
  test('that the bank does not take comes back once', async () => {
    const payment = await paid('20')
    const { buyer, paymentIntentId } = payment
    await refund(payment, { amount: '5.00' })
    const made = await eventually(
      () => control.events({ types: ['refund.created'], mentions: paymentIntentId }),
      (events) => events.length > 0,
    )
    const refundId = String(valueAt(made[0], 'data', 'object', 'id'))
    await control.deliveriesSettled()
    await control.failRefund({ refundId })
    await control.deliveriesSettled()
    await toldAgain(payment)
    expect(await buyer.balance()).toBe('20.00')
  })

  test('that Stripe refuses gives the money back', async () => {
    const payment = await paid('20')
    const { buyer, paymentIntentId } = payment
    await control.holdDeliveries({ mentions: paymentIntentId })
    await control.refund({ paymentIntentId, amount: 1_800 })
    // The account does not know of it yet, so it holds what Stripe no longer has.
    expect(await refund(payment, { amount: '5.00' })).toMatchObject({ status: 201 })
    const balance = await eventually(
      () => buyer.balance(),
      (figure) => figure === '2.00',
    )
    await control.deliverHeld({ filter: { mentions: paymentIntentId } })
    await control.resumeDeliveries()
    await control.deliveriesSettled()
    expect([balance, await buyer.balance(), await refundsOf(payment)]).toEqual(['2.00', '2.00', 1])
  })

  // Cases: payments 38
  test('of more than is there is 409; wanted all the same, it is a debt and the next call is refused', async () => {
    const payment = await paid('20')
    const { buyer } = payment
    const spent = { amount: '-15.00', reason: 'spent', idempotency_key: 'spent' }
    await operator(buyer, '/adjustments', spent)
    const refused = await refund(payment, { amount: '20.00' })
    expect([refused.status, refused.errorCode]).toEqual([409, 'beyond_refundable'])
    expect(valueAt(refused.body, 'error', 'metadata')).toEqual({ refundable: '5.00' })
    expect(await refund(payment, { amount: '20.01', beyond_balance: true })).toMatchObject({ status: 409 })
    expect(await refund(payment, { amount: '20.00', beyond_balance: true })).toMatchObject({
      status: 201,
      body: { balance: '-15.00' },
    })
    expect(await shown(buyer)).toMatchObject({ balance: '-15.00', debt: '15.00' })
    const key = await operator(buyer, '/keys', { name: 'after' })
    const apiKey = String(valueAt(key.body, 'key'))
    expect(await ask(sharedWorld(), { apiKey, body: chatOf({ tokens: 1 }) })).toMatchObject({
      status: 402,
      errorCode: 'insufficient_credits',
    })
  })
})

describe('a dispute', () => {
  // Cases: payments 39; billing-bugs 50
  test('takes the payment below zero, brings it back exactly when it is won, and a refund then takes its own', async () => {
    const payment = await paid('20', { creditUsd: '1' })
    const { buyer, paymentIntentId } = payment
    await operator(buyer, '/adjustments', { amount: '-12.00', reason: 'spent', idempotency_key: 'spent' })
    const dispute = await control.dispute({ paymentIntentId })
    await control.deliveriesSettled()
    expect(await shown(buyer)).toMatchObject({ balance: '-11.00', debt: '12.00', open_disputes: 1 })
    const move = async (what: 'win' | 'reinstate') => {
      await control.moveDispute({ disputeId: dispute.id, move: what })
      await control.deliveriesSettled()
    }
    await move('win')
    expect(await shown(buyer)).toMatchObject({ balance: '-11.00', open_disputes: 0 })
    await move('reinstate')
    await toldAgain(payment)
    expect(await shown(buyer)).toMatchObject({ balance: '9.00', debt: '0.00', open_disputes: 0 })
    await control.refund({ paymentIntentId, amount: 500 })
    await control.deliveriesSettled()
    expect((await buyer.transactions()).slice(3)).toEqual([
      ['dispute', '-20.00', '-11.00'],
      ['dispute', '20.00', '9.00'],
      ['refund', '-5.00', '4.00'],
    ])
  })

  // Cases: payments 41
  test('whose money comes back before it is told to have gone ends alike', async () => {
    const payment = await paid('20')
    const { buyer, paymentIntentId } = payment
    const filter = { mentions: paymentIntentId }
    await control.holdDeliveries(filter)
    const dispute = await control.dispute({ paymentIntentId })
    await control.moveDispute({ disputeId: dispute.id, move: 'win' })
    await control.moveDispute({ disputeId: dispute.id, move: 'reinstate' })
    await control.deliverHeld({ filter, order: 'reverse' })
    await control.resumeDeliveries()
    await control.deliveriesSettled()
    await toldAgain(payment)
    expect(await shown(buyer)).toMatchObject({ balance: '20.00', open_disputes: 0 })
  })

  // Cases: payments 40
  test.each(['close_warning', 'prevent'] as const)(
    'that is an inquiry (%s) takes nothing and marks nobody',
    async (move) => {
      const { buyer, paymentIntentId } = await paid('20')
      const dispute = await control.dispute({ paymentIntentId, isInquiry: true })
      await control.deliveriesSettled()
      expect(await shown(buyer)).toMatchObject({ balance: '20.00', open_disputes: 0 })
      await control.moveDispute({ disputeId: dispute.id, move })
      await control.deliveriesSettled()
      expect(await shown(buyer)).toMatchObject({ balance: '20.00', open_disputes: 0 })
      expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
    },
  )

  test('freezes the account where its operator has asked for that, until it is over', async () => {
    const { buyer, paymentIntentId } = await paid('20', { creditUsd: '50' })
    const set = { freeze_on_dispute: true, reason: 'a test' }
    await askOperator('PATCH', `/accounts/${buyer.accountId}`, set)
    const key = await operator(buyer, '/keys', { name: 'k' })
    const call = () =>
      ask(sharedWorld(), { apiKey: String(valueAt(key.body, 'key')), body: chatOf({ tokens: 1 }) })
    const dispute = await control.dispute({ paymentIntentId })
    await control.deliveriesSettled()
    expect(await call()).toMatchObject({ status: 403, errorCode: 'account_suspended' })
    await control.moveDispute({ disputeId: dispute.id, move: 'lose' })
    await control.deliveriesSettled()
    expect((await call()).status).toBe(200)
  })
})

// Cases: payments 42
test('a bank’s warning of fraud marks the account and stops automatic top-up, until the payment has gone back', async () => {
  const owner = await newOwner(sharedWorld(), '1')
  const { accountId } = owner
  await owner.save()
  const { sessionId } = await owner.buy('20.00')
  await control.pay({ sessionId, method: 'pm_card_visa' })
  await control.deliveriesSettled()
  await owner.enable()
  const paymentIntentId = await paymentOf(sharedWorld(), sessionId)
  await control.fraudWarning({ paymentIntentId })
  await control.deliveriesSettled()
  expect(await shown({ accountId })).toMatchObject({ balance: '21.00', fraud_warnings: 1 })
  await owner.spend(15)
  // Whatever its owner says.
  await owner.enable()
  expect(await owner.seen()).toMatchObject({ enabled: true, state: 'paused', why: 'payment_in_doubt' })
  expect([await owner.balance(), await owner.asked()]).toEqual(['6.00', []])
  await control.refund({ paymentIntentId })
  expect(await eventually(owner.credits, (credits) => credits > 0)).toBe(1)
  expect(await shown({ accountId })).toMatchObject({ balance: '6.00', fraud_warnings: 0 })
})

// Cases: payments 17
test('a refund of somebody else’s payment on the same Stripe account is left alone', async () => {
  const { stripeOf } = await import('../world/stripe.ts')
  const stripe = stripeOf(sharedWorld())
  const made = await stripe.paymentIntents.create(
    {
      amount: 700,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
      return_url: 'http://local',
    },
    { idempotencyKey: `foreign-${Date.now()}` },
  )
  await control.refund({ paymentIntentId: made.id })
  await control.deliveriesSettled()
  const events = await control.events({ types: ['refund.created'], mentions: made.id })
  const deliveries = await control.deliveries({ eventId: events[0]?.id ?? '' })
  expect(deliveries.map(({ status }) => status)).toEqual([200])
})
