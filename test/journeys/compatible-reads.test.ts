// Programs written for other platforms read balance and usage here: their fields and errors, our figures.

import { beforeAll, describe, expect, test, vi } from 'vitest'
import { startWorld, type World } from '../../dev/world.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { settledCharges } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const today = new Date().toISOString().slice(0, 10)
let account: { accountId: string; apiKey: string }
let spentNano = 0

async function get(path: string, apiKey = account.apiKey) {
  return ask(sharedWorld(), { apiKey, path })
}

beforeAll(async () => {
  account = await sharedWorld().newAccount({ name: 'Ada', creditUsd: '2.50' })
  for (const inputTokens of [11, 13]) {
    const body = chatOf({ inputTokens, tokens: 3 })
    expect((await ask(sharedWorld(), { apiKey: account.apiKey, body })).status).toBe(200)
  }
  const charges = await settledCharges(sharedWorld(), account)
  spentNano = charges.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
  expect(spentNano).toBeGreaterThan(0)
  await vi.waitFor(
    async () => expect((await get('/v1/account/usage')).body).toMatchObject({ pending_entries: 0 }),
    { timeout: 30_000, interval: 200 },
  )
})

const usd = (nano: number) => Number((nano / 1e9).toFixed(9))
const cents = (nano: number) => Number((nano / 1e7).toFixed(7))

describe("OpenAI's old dashboard", () => {
  test('shows what was added, what was spent and what is left', async () => {
    const added = { soft_limit_usd: 2.5, hard_limit_usd: 2.5, system_hard_limit_usd: 2.5 }
    expect((await get('/v1/dashboard/billing/subscription')).body).toMatchObject({
      object: 'billing_subscription',
      account_name: 'Ada',
      has_payment_method: false,
      delinquent: false,
      ...added,
    })
    const lifetime = await get('/v1/dashboard/billing/usage')
    expect(lifetime.body).toEqual({ object: 'list', daily_costs: [], total_usage: cents(spentNano) })
    expect((await get('/v1/dashboard/billing/credit_grants')).body).toMatchObject({
      object: 'credit_summary',
      total_granted: 2.5,
      total_used: usd(spentNano),
      total_available: usd(2.5e9 - spentNano),
      grants: { object: 'list', data: [{ object: 'credit_grant', grant_amount: usd(2.5e9 - spentNano) }] },
    })
  })

  test('says the same as /v1/credits and /v1/account/usage, to the nano-dollar', async () => {
    const { body } = await get(`/v1/dashboard/billing/usage?start_date=${today}&end_date=${today}`)
    const [totals, credits] = await Promise.all([get('/v1/account/usage'), get('/v1/credits')])
    expect(valueAt(body, 'total_usage')).toBe(cents(spentNano))
    expect(valueAt(totals.body, 'totals', 'cost')).toBe(usd(spentNano))
    expect(valueAt(credits.body, 'data', 'total_usage')).toBe(usd(spentNano))
    expect(valueAt(body, 'daily_costs')).toEqual([
      { timestamp: Date.parse(today) / 1_000, line_items: [{ name: chatModel, cost: cents(spentNano) }] },
    ])
  })
})

describe('/v2/cost_management', () => {
  // Requirements: 51
  test('tells the balance and the usage by step, with and without the slash at the end', async () => {
    for (const slash of ['', '/'])
      expect((await get(`/v2/cost_management/credits${slash}`)).body).toEqual({
        credits: usd(2.5e9 - spentNano),
      })
    const feature = {
      total_cost: usd(spentNano),
      details: 2,
      cost_per_provider: { openai: usd(spentNano) },
    }
    for (const [step, period] of [
      [1, today],
      [3, `${today.slice(0, 7)}-01`],
      [4, `${today.slice(0, 4)}-01-01`],
    ] as const)
      for (const slash of ['', '/'])
        expect(
          (await get(`/v2/cost_management${slash}?begin=${today}&end=${today}&step=${step}`)).body,
          `step ${step}`,
        ).toEqual({ response: [{ token: '1', data: { [period]: { text__chat: feature } } }] })
  })

  test.each(['provider=mistral', 'token=2', 'subfeature=ocr', 'begin=2026-01-01&end=2026-01-02'])(
    'with %s shows nothing else',
    async (filter) => {
      expect((await get(`/v2/cost_management/?${filter}`)).body).toEqual({ response: [] })
    },
  )

  test('refuses with its own plain errors, and names the code in a header', async () => {
    const wrong = await get('/v2/cost_management/?step=9')
    expect([wrong.status, wrong.body]).toEqual([
      400,
      { error: 'step must be 1 (day), 2 (week), 3 (month) or 4 (year).' },
    ])
    expect(wrong.headers.get('x-error-code')).toBe('invalid_request')
    const nobody = await get('/v2/cost_management/credits/', 'sk-sluice-none')
    expect([nobody.status, typeof valueAt(nobody.body, 'error')]).toEqual([401, 'string'])
    expect((await get('/v2/elsewhere')).status).toBe(404)
  })

  test('shows a key without balance:read nothing of the account', async () => {
    const key = { scopes: ['inference'] }
    const other = await sharedWorld().newAccount({ key })
    for (const path of [
      '/v2/cost_management/',
      '/v2/cost_management/credits/',
      '/v1/dashboard/billing/usage',
    ])
      expect((await get(path, other.apiKey)).status, path).toBe(403)
  })
})

describe('a deployment with ERROR_SHAPE=plain', () => {
  let world: World

  beforeAll(async () => {
    world = await startWorld({ vars: { ERROR_SHAPE: 'plain' } })
    return () => world.stop()
  })

  // Requirements: 48, 52
  test('answers who has no credit with 402 and {"error":"Insufficient credits"}, and nothing else', async () => {
    const poor = await world.newAccount({ creditUsd: '0' })
    for (const path of ['/v1/chat/completions', '/v1/chat/completions?dryRun=false']) {
      const refused = await ask(world, { apiKey: poor.apiKey, path, method: 'POST', body: chatOf({}) })
      expect(refused.status).toBe(402)
      expect(refused.text).toBe('{"error":"Insufficient credits"}')
      expect(refused.headers.get('x-error-code')).toBe('insufficient_credits')
      expect(refused.headers.get('x-should-retry')).toBe('false')
      expect(refused.headers.get('access-control-expose-headers')).toContain('x-error-code')
    }
  })

  test('gives every other refusal its sentence, and answers as ever', async () => {
    const rich = await world.newAccount({})
    const unknown = await ask(world, { apiKey: rich.apiKey, body: chatOf({}, { model: 'none' }) })
    expect([unknown.status, typeof valueAt(unknown.body, 'error')]).toEqual([404, 'string'])
    const answer = await ask(world, { apiKey: rich.apiKey, body: chatOf({ tokens: 2 }) })
    expect([answer.status, typeof valueAt(answer.body, 'cost')]).toEqual([200, 'number'])
    const operator = await ask(world, { apiKey: 'x', path: '/operator/v1/findings' })
    expect(valueAt(operator.body, 'error', 'code')).toBeDefined()
  })
})
