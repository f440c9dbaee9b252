// A plan that is paid for as months pass, and while everything dies around it: events that never come, the product at each of its
// requests. In the end there is one page, one subscription and one grant for each period that was paid.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { World } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { deathMs, type DyingWorld, type IsFatal, startDyingWorld, startMs } from '../world/dying-world.ts'
import { eventually } from '../world/eventually.ts'
import { loseAccount, makeAccountAnew } from '../world/lost-account.ts'
import { hours, type MovedClock, movedClock } from '../world/moved-clock.ts'
import { grantsOf, isOn, newSubscriber, planOf, type Subscriber } from '../world/subscribing.ts'

let dying: DyingWorld
let world: World

beforeAll(async () => {
  dying = await startDyingWorld()
  world = dying.world
}, startMs)

afterAll(() => world.stop())

/** As the client does that heard nothing: the same request under the same key, until there is an answer. */
async function untilAnswered(one: Subscriber, method: string, plan: string): Promise<unknown> {
  try {
    const body = { plan, ...(method === 'POST' && { page: 'hosted' }) }
    return (await one.api(method, '/api/plan', body, { 'idempotency-key': 'k' })).body
  } catch {
    await dying.rise()
    return untilAnswered(one, method, plan)
  }
}

/** Twenty minutes later, as far as the sweeper sees; then it runs. */
async function sweep(one: Subscriber): Promise<void> {
  const { accountId } = one
  const rows = () => world.sql('select 1 from subscriptions where account_id = $1', [accountId])
  await dying.sendAgain(accountId)
  await eventually(rows, (found) => found.length > 0)
  const later =
    "update subscriptions set asked_at = asked_at - interval '20 minutes', looked_at = null where account_id = $1"
  // What was sent again writes the row anew, now or in a moment.
  await eventually(
    async () => {
      await world.sql(later, [accountId])
      await world.runCron()
      return planOf(one)
    },
    (found) => found !== undefined,
  )
}

const steps: readonly [string, IsFatal][] = [
  ['its customer is made', ({ method, path }) => method === 'POST' && path === '/v1/customers'],
  ['its page is made', ({ method, path }) => method === 'POST' && path === '/v1/checkout/sessions'],
  ['it is looked up', ({ method, path }) => method === 'GET' && path.startsWith('/v1/subscriptions/')],
]

describe.each(['come late', 'never come'])('where the events %s, a subscription', (events) => {
  test.each(steps)(
    'during which the product is killed while %s is one page, one subscription and one grant',
    async (_step, isFatal) => {
      const one = await newSubscriber(world)
      const { control } = world.stripe
      await control.holdDeliveries({ mentions: one.accountId })
      dying.dieAt(isFatal)
      const page = await untilAnswered(one, 'POST', 'pro')
      const sessionId = String(valueAt(page, 'checkout', 'id'))
      await control.pay({ sessionId, method: 'pm_card_visa' })
      const settle = async () => {
        if (events === 'come late') await control.redeliver({ mentions: one.accountId })
        else await sweep(one)
      }
      const settling = settle().catch(() => undefined)
      // The lookup that dies is the event's, or the sweeper's.
      if (dying.isDoomed()) await dying.rise()
      await settling
      await settle()
      expect(await isOn(one, 'pro')).toBe('pro')
      await dying.sendAgain(one.accountId)
      expect(await grantsOf(one, 1)).toHaveLength(1)
      const pages = await control.requests({ path: '/v1/checkout/sessions', mentions: one.accountId })
      const made = pages.filter((asked) => asked.method === 'POST' && !asked.isReplay && asked.status === 200)
      expect(made).toHaveLength(1)
    },
    deathMs,
  )
})

test(
  'a dearer plan whose change the product dies in is charged and granted once',
  async () => {
    const one = await newSubscriber(world)
    const { control } = world.stripe
    const subscriptionId = await one.subscribe('pro')
    expect(await isOn(one, 'pro')).toBe('pro')
    dying.dieAt(({ method, path }) => method === 'POST' && path === `/v1/subscriptions/${subscriptionId}`)
    await untilAnswered(one, 'PUT', 'team')
    expect(await isOn(one, 'team')).toBe('team')
    await control.deliveriesSettled()
    await dying.sendAgain(one.accountId)
    expect(await grantsOf(one, 2)).toHaveLength(2)
    const changes = await control.events({ types: ['invoice.paid'], mentions: one.accountId })
    expect(changes).toHaveLength(2)
  },
  deathMs,
)

describe('while its account is lost', () => {
  const statusesOf = (told: readonly { status: number }[]) => new Set(told.map(({ status }) => status))

  test(
    'a subscription that is paid is granted once the account is made anew, once, and renews there',
    async () => {
      const one = await newSubscriber(world)
      const { control } = world.stripe
      const { accountId } = one
      await control.holdDeliveries({ mentions: accountId })
      const subscriptionId = await one.subscribe('pro')
      await loseAccount(world, accountId)
      // Told now, it is not taken for somebody else's: Stripe is asked to come again.
      const types = ['checkout.session.completed', 'customer.subscription.created', 'invoice.paid']
      const told = await control.redeliver({ mentions: accountId, types })
      expect([told.length, statusesOf(told)]).toEqual([3, new Set([503])])
      await makeAccountAnew(world, accountId)
      for (const _ of ['first', 'again'])
        expect(statusesOf(await control.redeliver({ mentions: accountId, types }))).toEqual(new Set([200]))
      expect(await planOf(one)).toBe('pro')
      expect(await grantsOf(one, 1)).toHaveLength(1)
      // What stands in the books stands in the account that is made of them.
      await one.meter(30, 'some')
      await loseAccount(world, accountId)
      await world.operator('POST', `/accounts/${accountId}/rebuild`, {
        reason: 'lost again',
        idempotency_key: 'again',
        confirm: true,
      })
      expect([await planOf(one), await one.allowance()]).toMatchObject(['pro', { included: 100, used: 30 }])
      await control.redeliver({ mentions: accountId, types })
      expect(await one.allowance()).toMatchObject({ used: 30 })
      await control.renew({ subscriptionId })
      await control.redeliver({ mentions: accountId, types: ['invoice.paid'] })
      expect(await one.allowance()).toMatchObject({ included: 100, used: 0 })
      expect(await grantsOf(one, 2)).toHaveLength(2)
    },
    deathMs,
  )
})

describe('as months pass', () => {
  let clock: MovedClock
  beforeAll(() => {
    clock = movedClock(world)
  })

  const untilNextMonthMs = () => {
    const now = new Date(clock.nowMs())
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - clock.nowMs()
  }
  const ownMonths = async (one: Subscriber) =>
    (await one.grants()).filter((name) => name.startsWith('allowance:'))

  // Cases: payments 48
  test(
    'a paid plan renews on its own day, brings nothing on the first of the month, and ends with a renewal that fails',
    async () => {
      const one = await newSubscriber(world)
      const { accountId } = one
      const body = { plan: 'free', anchor_day: 1, reason: 'a test', idempotency_key: 'free' }
      await world.operator('PUT', `/accounts/${accountId}/plan`, body)
      const subscriptionId = await one.subscribe('pro')
      expect(await isOn(one, 'pro')).toBe('pro')
      await one.meter(5, 'first')
      await clock.pass(untilNextMonthMs() + hours(1), accountId)
      await one.meter(5, 'second')
      expect(await one.allowance()).toMatchObject({ included: 100, used: 10 })
      await clock.pass((await periodEndMs(subscriptionId)) - clock.nowMs() + hours(1), accountId)
      await world.stripe.control.deliveriesSettled()
      const used = async () => valueAt(await one.allowance(), 'used')
      expect(await eventually(used, (found) => found === 0)).toBe(0)
      expect(await planOf(one)).toBe('pro')
      // Its own first month, and two that were paid for.
      expect(await grantsOf(one, 3)).toHaveLength(3)
      expect(await ownMonths(one)).toHaveLength(1)
      const paymentMethodId = String(
        valueAt(await world.stripe.control.object({ id: subscriptionId }), 'default_payment_method'),
      )
      const behaviour = { does: 'decline', decline: 'expired_card' } as const
      await world.stripe.control.setCard({ paymentMethodId, behaviour })
      await clock.pass((await periodEndMs(subscriptionId)) - clock.nowMs() + hours(1), accountId)
      await world.stripe.control.deliveriesSettled()
      expect(await isOn(one, 'free')).toBe('free')
      expect(
        await eventually(
          () => ownMonths(one),
          (found) => found.length >= 2,
        ),
      ).toHaveLength(2)
    },
    deathMs,
  )

  // Cases: payments 48
  test(
    'a renewal of which nobody is told is found by the sweeper, and used up to then is what was left',
    async () => {
      const one = await newSubscriber(world)
      const { control } = world.stripe
      await one.subscribe('pro')
      expect(await isOn(one, 'pro')).toBe('pro')
      await one.meter(70, 'first')
      await control.deliveriesSettled()
      const row = () =>
        world.sql('select 1 from subscriptions where account_id = $1 and paid_until is not null', [
          one.accountId,
        ])
      await eventually(row, (found) => found.length > 0)
      const filter = { mentions: one.accountId }
      await control.holdDeliveries(filter)
      await clock.pass(
        (await periodEndMs(await subscriptionOf(one))) - clock.nowMs() + hours(1),
        one.accountId,
      )
      await control.dropHeld(filter)
      expect(await one.meter(20, 'in between')).toMatchObject({ body: { allowance_used: 20 } })
      await world.runCron()
      expect(await one.allowance()).toMatchObject({ included: 100, used: 0 })
      expect(await grantsOf(one, 2)).toHaveLength(2)
    },
    deathMs,
  )

  /** Of the period that is paid for, as Stripe has it. */
  async function periodEndMs(id: string): Promise<number> {
    const subscription = await world.stripe.control.object({ id })
    return Number(valueAt(subscription, 'items', 'data', 0, 'current_period_end')) * 1_000
  }

  async function subscriptionOf({ accountId }: Subscriber): Promise<string> {
    const rows = await world.sql('select subscription_id from subscriptions where account_id = $1', [
      accountId,
    ])
    return String(valueAt(rows, 0, 'subscription_id'))
  }
})
