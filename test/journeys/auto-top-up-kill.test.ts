// An automatic top-up survives the death of the product at each of its steps, whether or not Stripe's events come: one payment
// is asked for, and it is credited once.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StripeRequest } from '../../dev/stripe-control.ts'
import type { World } from '../../dev/world.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { judgeOfStripe } from '../world/judged-stripe.ts'
import { eventually, newOwner, type Owner } from '../world/topping-up.ts'

const judge = judgeOfStripe()
let world: World
/** The request to Stripe at whose arrival the product dies. */
let fatal: ((request: StripeRequest) => boolean) | undefined
let killed: Promise<void> | undefined

beforeAll(async () => {
  world = await startFaultyWorld({
    stripe: {
      // Told of each request as it arrives; Stripe does all the same what was asked of it.
      judge: (request) => {
        if (fatal?.(request) === true) {
          fatal = undefined
          killed = world.product().kill()
        }
        return judge(request)
      },
    },
  })
}, 400_000)

afterAll(() => world.stop())

async function rise({ accountId }: Owner): Promise<void> {
  await eventually(
    async () => killed,
    () => killed !== undefined,
  )
  expect(killed).toBeDefined()
  await killed
  killed = undefined
  await world.startProductAgain()
  // The local queues are gone with their process, which the platform's are not: what they had is sent again.
  await world.operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
}

const isAsked = ({ method, path }: StripeRequest) => method === 'POST' && path === '/v1/payment_intents'
const isLookedAt = ({ method, path }: StripeRequest) =>
  method === 'GET' && path.startsWith('/v1/payment_intents/')

/** Two starts of the product, on a machine that does other things as well. */
const deathMs = 240_000

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
    if (!isOfEvents) fatal = isFatal
    await owner.spend(45)
    if (isOfEvents) {
      await eventually(owner.asked, (asked) => asked.length > 0)
      fatal = isFatal
      // Nobody answers the one at which the product dies.
      await world.stripe.control.redeliver({ mentions: accountId }).catch(() => [])
    }
    await rise(owner)
    if (events === 'come late') await world.stripe.control.redeliver({ mentions: accountId })
    expect(await eventually(owner.credits, (credits) => credits > 0)).toBe(1)
    expect(await owner.balance()).toBe('25.00')
    await world.stripe.control.redeliver({ mentions: accountId })
    expect([await owner.credits(), (await owner.asked()).length]).toEqual([1, 1])
    expect(await owner.becomes({ state: 'idle' })).toMatchObject({ state: 'idle' })
  },
  deathMs,
)
