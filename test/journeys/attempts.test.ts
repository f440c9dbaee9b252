// What strangers try by the thousand (stolen cards, guessed codes) may be tried only so often, and whatever Stripe tells is never
// held up by it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localHost } from '../../dev/ports.ts'
import { startWorld, type World } from '../../dev/world.ts'
import { newBuyer, type Buyer } from '../world/buying.ts'
import { eventually } from '../world/eventually.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'

const payments = 4
const codes = 2
const requests = 30

describe.each([
  ['with Redis there', {}],
  ['with Redis away', { UPSTASH_REDIS_REST_URL: `http://${localHost}:1` }],
])('%s', (_name, vars) => {
  let world: World

  beforeAll(async () => {
    const figures = {
      PAYMENT_ATTEMPTS_PER_HOUR: String(payments),
      CODE_ATTEMPTS_PER_HOUR: String(codes),
      CONSOLE_RPM: String(requests),
    }
    world = await startWorld({ vars: { ...figures, ...vars } })
  }, 60_000)

  afterAll(() => world.stop())

  const from = (address: string) => ({ 'cf-connecting-ip': address })

  const saveCard = (buyer: Buyer, address: string) =>
    buyer.api('POST', '/api/payment-methods', { page: 'hosted' }, from(address))

  const redeem = (buyer: Buyer, address: string) =>
    buyer.api('POST', '/api/promotion-codes/redeem', { code: 'GUESSED' }, from(address))

  async function statuses(times: number, attempt: (time: number) => Promise<WireAnswer>): Promise<number[]> {
    const answers: number[] = []
    for (let time = 0; time < times; time += 1) answers.push((await attempt(time)).status)
    return answers
  }

  test('an account that begins payment after payment is asked to wait, and what it has begun is credited', async () => {
    const buyer = await newBuyer(world)
    const { sessionId } = await buyer.buy('10')
    const cards = await statuses(payments - 1, () => saveCard(buyer, '192.0.2.1'))
    expect(cards).toEqual([201, 201, 201])
    const refused = await buyer.buy('10')
    expect(refused.answer).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
    expect(refused.answer.message).toContain(`At most ${payments} payments`)
    expect(refused.answer.headers.get('retry-after')).toBe('60')
    await world.stripe.control.pay({ sessionId, method: 'pm_card_visa' })
    await eventually(
      () => buyer.balance(),
      (balance) => balance === '10.00',
    )
    expect(await buyer.balance()).toBe('10.00')
    // Looking costs nothing, and another account has figures of its own.
    expect((await buyer.api('GET', '/api/top-ups')).status).toBe(200)
    expect((await saveCard(await newBuyer(world), '192.0.2.9')).status).toBe(201)
  })

  test('codes are guessed at a few times alone, and in the name of many accounts not much oftener', async () => {
    const buyer = await newBuyer(world)
    const guesses = await statuses(codes + 2, () => redeem(buyer, '198.51.100.1'))
    expect(guesses).toEqual([404, 404, 429, 429])
    const farm = await Promise.all(Array.from({ length: 2 * codes + 3 }, () => newBuyer(world)))
    // Of one network, whatever its last half says.
    const one = await statuses(farm.length, (time) => redeem(farm[time] ?? buyer, `2001:db8:1:2::${time}`))
    expect(one).toEqual([404, 404, 404, 404, 429, 429, 429])
  })

  test('an account that asks without end is asked to wait, and another one is not', async () => {
    const buyer = await newBuyer(world)
    // The minute may turn once on the way.
    const looks = await statuses(2 * requests + 1, () => buyer.api('GET', '/api/top-ups'))
    expect(new Set(looks)).toEqual(new Set([200, 429]))
    expect(looks.slice(0, requests)).not.toContain(429)
    expect((await (await newBuyer(world)).api('GET', '/api/top-ups')).status).toBe(200)
  })

  test('a request that may not be made is counted for nobody', async () => {
    const buyer = await newBuyer(world)
    const body = { account_id: buyer.accountId, page: 'hosted' }
    const asked = { method: 'POST', path: '/api/payment-methods', body, apiKey: 'x'.repeat(40) }
    const strangers = await statuses(2 * payments, () => ask(world, asked))
    expect(new Set(strangers)).toEqual(new Set([401]))
    expect((await saveCard(buyer, '203.0.113.1')).status).toBe(201)
  })
})
