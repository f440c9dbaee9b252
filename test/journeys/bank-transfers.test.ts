// Credit that is bought by bank transfer: exactly, in parts, too little, too much. What is bought is credited when all of it has come,
// once; what is over stays with Stripe in the customer's name and is used for the next transfer.

import { expect, test } from 'vitest'
import { type Bought, type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { stripeOf } from '../world/stripe.ts'

const { control } = sharedWorld().stripe

type Transferring = Bought & { buyer: Buyer; paymentIntentId: string }

/** The customer has chosen to send the money. */
async function transferring(amount: string, known?: Buyer): Promise<Transferring> {
  const buyer = known ?? (await newBuyer(sharedWorld()))
  const bought = await buyer.buy(amount)
  await control.pay({ sessionId: bought.sessionId, method: 'pm_bankTransfer' })
  await control.deliveriesSettled()
  return { ...bought, buyer, paymentIntentId: await paymentOf(sharedWorld(), bought.sessionId) }
}

async function send({ paymentIntentId }: Transferring, cents: number): Promise<void> {
  await control.transfer({ paymentIntentId, amount: cents })
  await control.deliveriesSettled()
}

/** As its buyer sees it; the operator asks the same route. */
async function shown({ buyer, orderId }: Transferring) {
  const { body } = await buyer.api('GET', `/api/top-ups/${orderId}`)
  return { status: valueAt(body, 'status'), transfer: valueAt(body, 'transfer') }
}

const unused = async (buyer: Buyer) =>
  valueAt((await buyer.api('GET', '/api/payment-methods')).body, 'unused_transfer')

const waiting = (received: string, missing: string) => ({
  status: 'open',
  transfer: { received, missing, instructions_url: expect.stringContaining('http') },
})

// Requirements: 46
test('a transfer that comes in parts is credited when nothing is missing, and says until then how much is', async () => {
  const order = await transferring('20')
  expect(await shown(order)).toEqual(waiting('0.00', '20.00'))
  await send(order, 1_250)
  expect(await shown(order)).toEqual(waiting('12.50', '7.50'))
  expect(await order.buyer.balance()).toBe('0.00')
  await send(order, 750)
  expect(await shown(order)).toEqual({ status: 'paid', transfer: null })
  await control.redeliver({ mentions: order.buyer.accountId })
  expect(await order.buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
  expect(await unused(order.buyer)).toBe('0.00')
})

// Requirements: 46
test('a transfer of too much is credited as bought; what is over is shown, and used for the next one', async () => {
  const order = await transferring('20')
  const { buyer } = order
  await send(order, 2_600)
  expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
  expect(await unused(buyer)).toBe('6.00')
  const next = await transferring('10', buyer)
  expect(await shown(next)).toEqual(waiting('6.00', '4.00'))
  await send(next, 400)
  // Sent twice by mistake: there is no order for it.
  await send(next, 400)
  await control.redeliver({ mentions: buyer.accountId })
  expect(await buyer.transactions()).toEqual([
    ['purchase', '20.00', '20.00'],
    ['purchase', '10.00', '30.00'],
  ])
  expect(await unused(buyer)).toBe('4.00')
})

test('a transfer that was begun and is called off brings nothing, and what had come of it is free again', async () => {
  const order = await transferring('20')
  await send(order, 500)
  const { paymentIntentId, buyer } = order
  await stripeOf(sharedWorld()).paymentIntents.cancel(
    paymentIntentId,
    {},
    { idempotencyKey: `called off ${paymentIntentId}` },
  )
  await control.deliveriesSettled()
  expect(await shown(order)).toEqual({ status: 'failed', transfer: null })
  expect([await buyer.balance(), await unused(buyer)]).toEqual(['0.00', '5.00'])
})
