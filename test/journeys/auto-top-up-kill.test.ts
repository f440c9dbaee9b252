// An automatic top-up survives the death of the product at each of its steps, whether or not Stripe's events come: one payment
// is asked for, and it is credited once.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { World } from '../../dev/world.ts'
import { deathMs, type DyingWorld, type IsFatal, startDyingWorld, startMs } from '../world/dying-world.ts'
import { eventually } from '../world/eventually.ts'
import { loseAccount, makeAccountAnew } from '../world/lost-account.ts'
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
  ['asks Stripe', 'never come', isAsked],
  ['asks Stripe', 'come late', isAsked],
  ['looks at what an event is about', 'come late', isLookedAt],
] as const)(
  'the product is killed while it %s, and events %s: one payment, one credit',
  async (_step, events, isFatal) => {
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

// Cases: payments 24
test(
  'what comes of an attempt while its account is lost is credited once the account is made anew, once',
  async () => {
    const owner = await newOwner(world, '50')
    const { accountId } = owner
    const { control } = world.stripe
    await owner.save()
    expect(await owner.enable()).toMatchObject({ status: 200 })
    await control.deliveriesSettled()
    await control.holdDeliveries({ mentions: accountId })
    // The card is charged, and only the event says so.
    await owner.breakCharge('server_error_after_commit')
    await owner.spend(45)
    await eventually(owner.asked, (asked) => asked.length > 0)
    await loseAccount(world, accountId)
    const tell = async () => {
      const told = await control.redeliver({ mentions: accountId, types: ['payment_intent.succeeded'] })
      return told.map(({ status }) => status)
    }
    expect(await tell()).toEqual([503])
    await makeAccountAnew(world, accountId)
    expect([await tell(), await tell()]).toEqual([[200], [200]])
    expect([await owner.credits(), await owner.balance()]).toEqual([1, '25.00'])
    expect(await owner.becomes({ state: 'idle' })).toMatchObject({ state: 'idle' })
    expect((await owner.asked()).length).toBe(1)
  },
  deathMs,
)
