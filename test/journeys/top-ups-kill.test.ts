// A purchase survives the death of everything on its way: of the whole product at each of its steps, of events that never come,
// of Postgres. In the end there is one customer, one page and one credit.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { World } from '../../dev/world.ts'
import { type Bought, type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { deathMs, type DyingWorld, type IsFatal, startDyingWorld, startMs } from '../world/dying-world.ts'
import { eventually } from '../world/eventually.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { loseAccount, makeAccountAnew } from '../world/lost-account.ts'

let dying: DyingWorld
let world: World

beforeAll(async () => {
  dying = await startDyingWorld()
  world = dying.world
}, startMs)

afterAll(() => world.stop())

/** As the client does that heard nothing: the same request under the same key, until there is an answer. */
async function buyUntilAnswered(buyer: Buyer): Promise<Bought> {
  try {
    return await buyer.buy('25', { key: 'k' })
  } catch {
    await dying.rise()
    return buyUntilAnswered(buyer)
  }
}

/** Twenty minutes later, as far as the sweeper sees; then it runs. */
async function sweep({ accountId }: Buyer): Promise<void> {
  const rows = () =>
    world.sql("select 1 from payments where account_id = $1 and state <> 'placed'", [accountId])
  await dying.sendAgain(accountId)
  await eventually(rows, (found) => found.length > 0)
  await world.sql(
    "update payments set placed_at = placed_at - interval '20 minutes', looked_at = null where account_id = $1",
    [accountId],
  )
  await world.runCron()
}

async function expectOneCredit(buyer: Buyer, { orderId }: Bought): Promise<void> {
  expect(await buyer.transactions()).toEqual([['purchase', '25.00', '25.00']])
  expect(valueAt((await buyer.api('GET', `/api/top-ups/${orderId}`)).body, 'status')).toBe('paid')
  const made = await world.stripe.control.requests({ method: 'POST', mentions: buyer.accountId })
  const first = made.filter(({ isReplay, status }) => !isReplay && status === 200)
  const keys = first.map(({ idempotencyKey }) => idempotencyKey)
  expect(keys).toEqual([`customer:${buyer.accountId}:1`, `checkout:${orderId}:1`])
}

const steps: readonly [string, IsFatal][] = [
  ['its customer is made', ({ method, path }) => method === 'POST' && path === '/v1/customers'],
  ['its page is made', ({ method, path }) => method === 'POST' && path === '/v1/checkout/sessions'],
  ['its payment is looked up', ({ method, path }) => method === 'GET' && path.startsWith('/v1/checkout/')],
]

describe.each(['come late', 'never come'])('where the events %s, a purchase', (events) => {
  /** Nothing is told by itself: a restart on a busy machine may take longer than the stand-in tries. */
  async function newBuyerHere(): Promise<Buyer> {
    const buyer = await newBuyer(world)
    await world.stripe.control.holdDeliveries({ mentions: buyer.accountId })
    return buyer
  }

  const pay = ({ sessionId }: Bought) => world.stripe.control.pay({ sessionId, method: 'pm_card_visa' })

  async function settle(buyer: Buyer): Promise<void> {
    if (events === 'come late') await world.stripe.control.redeliver({ mentions: buyer.accountId })
    else await sweep(buyer)
  }

  // Cases: payments 11, 13; billing-bugs 42
  test.each(steps)(
    'during which the product is killed while %s is credited once',
    async (_step, isFatal) => {
      const buyer = await newBuyerHere()
      dying.dieAt(isFatal)
      const bought = await buyUntilAnswered(buyer)
      await pay(bought)
      const settling = settle(buyer).catch(() => undefined)
      // The lookup that dies is the event's, or the sweeper's.
      if (dying.isDoomed()) await dying.rise()
      await settling
      await settle(buyer)
      await expectOneCredit(buyer, bought)
    },
    deathMs,
  )

  // Cases: payments 13
  test(
    'whose page is shown when the product is killed is credited once',
    async () => {
      const buyer = await newBuyerHere()
      const bought = await buyUntilAnswered(buyer)
      await world.product().kill()
      await pay(bought)
      await world.startProductAgain()
      await settle(buyer)
      await expectOneCredit(buyer, bought)
    },
    deathMs,
  )

  // Cases: payments 10
  test(
    'whose credit is durable when the product is killed before it says so is credited once',
    async () => {
      const buyer = await newBuyerHere()
      const bought = await buyUntilAnswered(buyer)
      await world.fault({ kind: 'fail_after', accountId: buyer.accountId, method: 'payOrder', calls: 1 })
      await pay(bought)
      await settle(buyer)
      expect(await buyer.balance()).toBe('25.00')
      await world.restartProduct({ sigkill: true })
      await settle(buyer)
      await expectOneCredit(buyer, bought)
    },
    deathMs,
  )
})

// Cases: payments 11
test('a payment is credited when its account can be reached again', async () => {
  const buyer = await newBuyer(world)
  const bought = await buyer.buy('25')
  const { control } = world.stripe
  await control.holdDeliveries({ mentions: buyer.accountId })
  await control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa' })
  await world.fault({ kind: 'unreachable', accountId: buyer.accountId, ms: 60_000 })
  const away = await control.deliverHeld({ filter: { mentions: buyer.accountId } })
  expect(new Set(away.map(({ status }) => status))).toEqual(new Set([503]))
  await world.fault({ kind: 'clear' })
  const back = await control.redeliver({ mentions: buyer.accountId })
  expect(new Set(back.map(({ status }) => status))).toEqual(new Set([200]))
  expect(await buyer.transactions()).toEqual([['purchase', '25.00', '25.00']])
}, 120_000)

// Cases: payments 12
test('with Postgres away what is paid can be spent at once, and is mirrored once when it is back', async () => {
  const { accountId, apiKey } = await world.newAccount({ creditUsd: '0' })
  const buyer = await newBuyer(world)
  const all = await buyer.buy('25')
  await world.pausePostgres({ sigkill: true })
  try {
    const bought = await buyer.buy('5')
    for (const { sessionId } of [bought, all])
      await world.stripe.control.pay({ sessionId, method: 'pm_card_visa' })
    await world.stripe.control.deliveriesSettled()
    expect(await buyer.balance()).toBe('30.00')
    const shown = await buyer.api('GET', `/api/top-ups/${bought.orderId}`)
    expect(shown).toMatchObject({ status: 200, body: { status: 'paid', receipt: null } })
    expect(await ask(world, { apiKey, body: chatOf({}) })).toMatchObject({ status: 402 })
    expect(accountId).not.toBe(buyer.accountId)
  } finally {
    await world.startPostgresAgain()
  }
  const rows = await eventually(
    () =>
      world.sql("select kind from ledger_entries where account_id = $1 and kind = 'purchase'", [
        buyer.accountId,
      ]),
    (found) => found.length === 2,
  )
  expect(rows).toHaveLength(2)
  const paid = await eventually(
    () => world.sql("select 1 from payments where account_id = $1 and state = 'paid'", [buyer.accountId]),
    (found) => found.length === 2,
  )
  expect(paid).toHaveLength(2)
}, 120_000)

describe('while the account is lost', () => {
  const statusesOf = (deliveries: readonly { status: number }[]) =>
    new Set(deliveries.map(({ status }) => status))

  // Cases: payments 11
  test('a payment that is told is credited once the account is made anew', async () => {
    const buyer = await newBuyer(world)
    const { accountId } = buyer
    await world.stripe.control.holdDeliveries({ mentions: accountId })
    const bought = await buyer.buy('25', { key: 'k' })
    await world.stripe.control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa' })
    await loseAccount(world, accountId)
    // Told now, it is not taken for somebody else's: Stripe is asked to come again, and nobody else looks at it here.
    const types = ['checkout.session.completed', 'payment_intent.succeeded']
    const told = await world.stripe.control.redeliver({ mentions: accountId, types })
    expect([told.length, statusesOf(told)]).toEqual([2, new Set([503])])
    await makeAccountAnew(world, accountId)
    await world.stripe.control.redeliver({ mentions: accountId })
    await expectOneCredit(buyer, bought)
  }, 240_000)

  // Cases: payments 11
  test.each(['refund', 'dispute'] as const)(
    'a %s that is told is booked once the account is made anew, once',
    async (what) => {
      const buyer = await newBuyer(world)
      const { control } = world.stripe
      const { sessionId } = await buyer.buy('25')
      await control.pay({ sessionId, method: 'pm_card_visa' })
      await control.deliveriesSettled()
      const paymentIntentId = await paymentOf(world, sessionId)
      const about = { mentions: paymentIntentId }
      await control.holdDeliveries(about)
      await loseAccount(world, buyer.accountId)
      const { id } = await control[what]({ paymentIntentId, amount: 500 })
      const told = await control.redeliver({ mentions: id })
      expect([told.length > 0, statusesOf(told)]).toEqual([true, new Set([503])])
      await makeAccountAnew(world, buyer.accountId)
      for (const _ of ['first', 'again'])
        expect(statusesOf(await control.redeliver(about))).toEqual(new Set([200]))
      expect(await buyer.transactions()).toEqual([
        ['purchase', '25.00', '25.00'],
        [what, '-5.00', '20.00'],
      ])
    },
    240_000,
  )
})
