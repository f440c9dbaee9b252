// The operator's own limit per provider credential: beyond it nothing is sent, held or charged, whatever Redis does.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localHost } from '../../dev/ports.ts'
import { type World, startWorld } from '../../dev/world.ts'
import { chatModel } from '../world/chat.ts'
import { settledCharges } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'

const cap = 6
/** Where Redis takes longer than 100 ms, this isolate's own window counts, and either may turn to its next minute. */
const mostServed = 2 * cap

describe.each([
  ['with Redis there', {}],
  ['with Redis away', { UPSTASH_REDIS_REST_URL: `http://${localHost}:1` }],
])('%s', (_name, vars) => {
  let world: World

  beforeAll(async () => {
    world = await startWorld({ vars: { OPENAI_RPM: String(cap), ...vars } })
  }, 60_000)

  afterAll(() => world.stop())

  // Cases: billing-bugs 67
  test('all accounts together send what the cap allows, and the rest is neither sent nor charged', async () => {
    const accounts = await Promise.all(Array.from({ length: 4 }, () => world.newAccount()))
    const calls = accounts.flatMap(({ apiKey }) =>
      Array.from({ length: 5 }, () =>
        ask(world, { apiKey, body: chatOf({ tokens: 2 }, { model: chatModel }) }),
      ),
    )
    const answers = await Promise.all(calls)
    const served = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(served.length).toBeGreaterThanOrEqual(cap)
    expect(served.length).toBeLessThanOrEqual(mostServed)
    expect(await world.upstreamRequests()).toHaveLength(served.length)
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, errorCode: 'upstream_overloaded' })
      expect(answer.headers.get('retry-after')).toBe('5')
      expect(answer.message).toContain(`at most ${cap} requests per minute`)
    }
    const charges = await Promise.all(accounts.map((account) => settledCharges(world, account)))
    expect(new Set(charges.flat().map(({ callId }) => callId))).toEqual(
      new Set(served.map(({ callId }) => callId)),
    )
    expect(charges.flat()).toHaveLength(served.length)
  })

  test('a provider without a cap is not held up by another one', async () => {
    const { apiKey } = await world.newAccount()
    const body = chatOf({ tokens: 2 }, { model: 'mistral-medium-3-5' })
    expect(await ask(world, { apiKey, body })).toMatchObject({ status: 200 })
  })
})
