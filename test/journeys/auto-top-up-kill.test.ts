// An automatic top-up survives the death of the product at each of its steps, whether or not Stripe's events come: one payment
// is asked for, and it is credited once.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { World } from '../../dev/world.ts'
import { deathMs, type DyingWorld, type IsFatal, startDyingWorld, startMs } from '../world/dying-world.ts'
import { eventually } from '../world/eventually.ts'
import { newOwner } from '../world/topping-up.ts'

let dying: DyingWorld
let world: World

beforeAll(async () => {
  dying = await startDyingWorld()
  world = dying.world
}, startMs)

afterAll(() => world.stop())

const isAsked: IsFatal = ({ method, path }) => method === 'POST' && path === '/v1/payment_intents'
const isLookedAt: IsFatal = ({ method, path }) => method === 'GET' && path.startsWith('/v1/payment_intents/')

// Cases: payments 24; billing-bugs 37
test.each([
  ['asks Stripe', isAsked, 'never come'],
  ['asks Stripe', isAsked, 'come late'],
  ['looks at what an event is about', isLookedAt, 'come late'],
] as const)(
  'the product is killed while it %s, and events %s: one payment, one credit',
  async (_step, isFatal, events) => {
    const owner = await newOwner(world, '50')
    const { accountId } = owner
    await owner.save()
    expect(await owner.enable()).toMatchObject({ status: 200 })
    await world.stripe.control.deliveriesSettled()
    const isOfEvents = isFatal === isLookedAt
    await world.stripe.control.holdDeliveries({ mentions: accountId })
    if (!isOfEvents) dying.dieAt(isFatal)
    await owner.spend(45)
    if (isOfEvents) {
      await eventually(owner.asked, (asked) => asked.length > 0)
      dying.dieAt(isFatal)
      // Nobody answers the one at which the product dies.
      await world.stripe.control.redeliver({ mentions: accountId }).catch(() => [])
    }
    await dying.rise()
    await dying.sendAgain(accountId)
    if (events === 'come late') await world.stripe.control.redeliver({ mentions: accountId })
    expect(await eventually(owner.credits, (credits) => credits > 0)).toBe(1)
    expect(await owner.balance()).toBe('25.00')
    await world.stripe.control.redeliver({ mentions: accountId })
    expect([await owner.credits(), (await owner.asked()).length]).toEqual([1, 1])
    expect(await owner.becomes({ state: 'idle' })).toMatchObject({ state: 'idle' })
  },
  deathMs,
)
