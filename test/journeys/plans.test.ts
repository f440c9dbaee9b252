// Plans, allowances and what is metered beside the models: as customers and the operator see them.

import { describe, expect, test, vi } from 'vitest'
import { chatModel, valueAt } from '../world/chat.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

describe('the plans', () => {
  // Requirements: 81
  test('are open to everybody, with a free tier and what each unit beyond the allowance costs', async () => {
    const response = await fetch(`${sharedWorld().baseUrl}/v1/plans`)
    expect(response.status).toBe(200)
    const body: unknown = await response.json()
    expect(valueAt(body, 'data', 0)).toMatchObject({ id: 'free', monthly_price: '0.00' })
    const allowances = valueAt(body, 'data', 1, 'allowances')
    expect(allowances).toContainEqual({
      consumable: 'tokens',
      unit: 'token',
      included: 5_000_000,
      overage_price: null,
    })
    expect(allowances).toContainEqual({
      consumable: 'sms',
      unit: 'message',
      included: 100,
      overage_price: '0.01',
    })
    expect(valueAt(body, 'standard_prices')).toContainEqual({
      consumable: 'sms',
      unit: 'message',
      price: '0.02',
    })
  })
})

type Account = { accountId: string; apiKey: string }

const operator = (method: string, { accountId }: Account, path: string, body: object) =>
  askOperator(method, `/accounts/${accountId}${path}`, body)

const putPlan = (account: Account, body: object) => operator('PUT', account, '/plan', body)

const grant = (account: Account, amount: string) =>
  operator('POST', account, '/grants', { amount, reason: 'a test', idempotency_key: amount })

const onPlan = (plan: string, more: object = {}) => ({
  plan,
  reason: 'a test',
  idempotency_key: `plan ${plan}`,
  ...more,
})

async function accountOn(plan: string, creditUsd: string): Promise<Account> {
  const account = await sharedWorld().newAccount({ creditUsd })
  expect(await putPlan(account, onPlan(plan))).toMatchObject({ status: 200 })
  return account
}

const meter = ({ apiKey }: Pick<Account, 'apiKey'>, body: object | string) =>
  ask(sharedWorld(), { apiKey, path: '/v1/meter', body })

const sms = (quantity: unknown, key: unknown = `sms ${String(quantity)}`) => ({
  consumable: 'sms',
  quantity,
  idempotency_key: key,
})

const errorOf = (answer: { body: unknown }) => valueAt(answer.body, 'error', 'code')

async function shown({ apiKey }: Account, path = '/v1/account'): Promise<unknown> {
  return (await ask(sharedWorld(), { apiKey, path })).body
}

describe('a plan on an account', () => {
  // Requirements: 68, 77, 81
  test('shows what is included, used, charged beyond it and when it renews', async () => {
    const account = await accountOn('pro', '1.00')
    const first = await meter(account, sms(90))
    expect(first).toMatchObject({
      status: 200,
      body: { allowance_used: 90, charged_quantity: 0, cost: '0.00', balance: '1.00', unit: 'message' },
    })
    const second = await meter(account, sms(15))
    expect(second.body).toMatchObject({
      allowance_used: 10,
      charged_quantity: 5,
      cost: '0.05',
      balance: '0.95',
    })
    const now = await shown(account)
    expect(now).toMatchObject({
      plan: { id: 'pro', name: 'Pro' },
      current_balance: '0.95',
      lifetime_spent: '0.05',
      lifetime_usage: '0.05',
    })
    expect(valueAt(now, 'allowances')).toContainEqual({
      consumable: 'sms',
      unit: 'message',
      included: 100,
      used: 100,
      overage_price: '0.01',
      resets_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T00:00:00\.\d{3}Z$/),
    })
    const moved = await shown(account, '/v1/account/transactions')
    expect(valueAt(moved, 'data', 0)).toMatchObject({ type: 'consumption', amount: '-0.05' })
  })

  test('changed in the middle of a period leaves what is used', async () => {
    const account = await accountOn('free', '1.00')
    await meter(account, { consumable: 'emails', quantity: 60, idempotency_key: 'e' })
    expect(await putPlan(account, onPlan('pro', { anchor_day: 1 }))).toMatchObject({
      status: 200,
      body: { plan: 'pro', anchor_day: 1, is_repeat: false },
    })
    expect(valueAt(await shown(account), 'allowances')).toContainEqual(
      expect.objectContaining({ consumable: 'emails', included: 10_000, used: 60 }),
    )
    expect(await putPlan(account, onPlan('pro', { anchor_day: 1 }))).toMatchObject({
      body: { is_repeat: true },
    })
    expect(await putPlan(account, { ...onPlan('team'), idempotency_key: 'plan pro' })).toMatchObject({
      status: 422,
    })
  })

  // Requirements: 68, 69, 71
  test('that includes money spends it before any credit, and calls it a grant', async () => {
    const account = await accountOn('team', '1.00')
    await meter(account, sms(1_500))
    const now = await shown(account)
    expect(now).toMatchObject({ current_balance: '22.00', lifetime_spent: '0.00', lifetime_usage: '4.00' })
    expect(valueAt(now, 'buckets', 0)).toMatchObject({ bucket: 'allowance', amount: '21.00' })
    const moved = await shown(account, '/v1/account/transactions')
    expect(valueAt(moved, 'data', 0)).toMatchObject({ type: 'consumption', bucket: 'allowance' })
    expect(valueAt(moved, 'data', 1)).toMatchObject({ type: 'grant', amount: '25.00', bucket: 'allowance' })
  })

  test.each([
    { plan: 'gold' },
    { plan: null },
    { anchor_day: 0 },
    { anchor_day: 29 },
    { anchor_day: '5' },
    { anchor_day: 1.5 },
    { reason: '' },
    { idempotency_key: '' },
    { included: { sms: 1_000_000 } },
  ])('is not put there with %j', async (more) => {
    const account = await sharedWorld().newAccount()
    expect(await putPlan(account, onPlan('pro', more))).toMatchObject({ status: 400 })
    expect(valueAt(await shown(account), 'plan')).toBe(null)
  })

  test('is put on no account that does not exist', async () => {
    const nobody = { accountId: 'acct_w00000000000000', apiKey: '' }
    expect((await putPlan(nobody, onPlan('pro'))).status).toBe(404)
  })
})

describe('a chat on a free plan', () => {
  // Requirements: 77, 80
  test('uses the tokens of the plan and leaves the credit', async () => {
    const account = await accountOn('free', '1.00')
    const answer = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: chatOf({ inputTokens: 10, tokens: 2 }, { model: chatModel, max_completion_tokens: 50 }),
    })
    expect(answer.status).toBe(200)
    expect(await shown(account)).toMatchObject({
      current_balance: '1.00',
      lifetime_spent: '0.00',
      held: '0.00',
    })
    expect(valueAt(await shown(account), 'allowances')).toContainEqual(
      expect.objectContaining({ consumable: 'tokens', included: 100_000, used: 12 }),
    )
  })

  test('gets its tokens back when its charge is reversed, once', async () => {
    const account = await accountOn('free', '1.00')
    const { callId } = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: chatOf({ inputTokens: 10, tokens: 2 }, { model: chatModel, max_completion_tokens: 50 }),
    })
    await vi.waitFor(async () => expect(await shown(account)).toMatchObject({ held: '0.00' }), {
      timeout: 30_000,
    })
    const reversal = { generation_id: callId, reason: 'a test', idempotency_key: 'v' }
    for (const status of [201, 200])
      expect(await askOperator('POST', `/accounts/${account.accountId}/reversals`, reversal)).toMatchObject({
        status,
        body: { amount: '0.00', balance: '1.00' },
      })
    expect(valueAt(await shown(account), 'allowances')).toContainEqual(
      expect.objectContaining({ consumable: 'tokens', used: 0 }),
    )
  })

  // The API's half: the card and its button are made of this.
  // Requirements: 78
  test('is refused with why, what to buy and the time of renewal when neither tokens nor credit are left', async () => {
    const account = await accountOn('free', '0.000001')
    await meter(account, { consumable: 'tokens', quantity: 99_999, idempotency_key: 't' })
    for (const stream of [false, true]) {
      const body = chatOf({ tokens: 2 }, { model: chatModel, max_completion_tokens: 50, stream })
      const refused = await ask(sharedWorld(), { apiKey: account.apiKey, body })
      expect(refused).toMatchObject({ status: 402, errorCode: 'allowance_exhausted' })
      expect(refused.message).toMatch(/^1 of the plan's 100000 tokens are left.*renews in.*Buy credit/)
      expect(valueAt(refused.body, 'error', 'metadata')).toMatchObject({
        reason: 'allowance_exhausted',
        available: '0.000001',
        remedy_hint: 'buy_credit',
        remedies: ['buy_credit', 'upgrade_plan', 'wait_for_renewal'],
        resets_in_seconds: expect.any(Number),
      })
      expect(refused.headers.get('x-should-retry')).toBe('false')
    }
    await grant(account, '1.00')
    const body = chatOf({ tokens: 2 }, { model: chatModel, max_completion_tokens: 50 })
    expect((await ask(sharedWorld(), { apiKey: account.apiKey, body })).status).toBe(200)
  })
})

describe('what is metered', () => {
  // Requirements: 79, 80
  test('beyond the allowance and the credit of a free account is refused until credit comes', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '0.01' })
    await putPlan(account, onPlan('free'))
    const emails = { consumable: 'emails', quantity: 120, idempotency_key: 'mail' }
    const refused = await meter(account, emails)
    expect(refused).toMatchObject({ status: 402 })
    expect(errorOf(refused)).toBe('allowance_exhausted')
    expect(valueAt(refused.body, 'error', 'metadata')).toMatchObject({
      limit_source: 'allowance',
      allowance: { consumable: 'emails', included: 100, left: 100 },
      remedies: ['buy_credit', 'upgrade_plan', 'wait_for_renewal'],
      resets_in_seconds: expect.any(Number),
    })
    expect(String(valueAt(refused.body, 'error', 'message'))).toMatch(/renews in .* Buy credit/)
    expect(refused.headers.get('x-should-retry')).toBe('false')
    await grant(account, '1.00')
    expect(await meter(account, emails)).toMatchObject({ status: 200, body: { cost: '0.02' } })
  })

  test('without plan and credit is refused, and without a price as well', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '0.01' })
    const refused = await meter(account, sms(1))
    expect(errorOf(refused)).toBe('insufficient_credits')
    expect(valueAt(refused.body, 'error', 'metadata', 'remedies')).toEqual([
      'add_credit',
      'auto_top_up',
      'postpaid',
      'upgrade_plan',
    ])
    expect(refused.headers.get('x-should-retry')).toBe('false')
    const tokens = { consumable: 'tokens', quantity: 1, idempotency_key: 't' }
    expect(errorOf(await meter(account, tokens))).toBe('unpriced_consumable')
    expect(await shown(account)).toMatchObject({ current_balance: '0.01' })
  })

  test('fifty times at once under one key is charged once', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => meter(account, sms(3, 'one'))))
    const costs = answers.map(({ body }) => valueAt(body, 'cost'))
    expect(new Set(costs)).toEqual(new Set(['0.06']))
    expect(answers.filter(({ body }) => valueAt(body, 'is_repeat') === false)).toHaveLength(1)
    expect(await shown(account)).toMatchObject({ current_balance: '9.94' })
    expect(errorOf(await meter(account, sms(4, 'one')))).toBe('idempotency_key_reused')
  })

  test('shows in the usage of the account like a call', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const { body } = await meter(account, sms(3))
    await vi.waitFor(
      async () => {
        const usage = await shown(account, '/v1/account/usage')
        expect(valueAt(usage, 'data', 0)).toMatchObject({
          id: valueAt(body, 'id'),
          model: 'sms',
          endpoint: '/v1/meter',
          cost: 0.06,
          settlement_rule: 'metered',
        })
      },
      { timeout: 30_000, interval: 200 },
    )
  })

  // Cases: billing-bugs 30
  test.each([
    '{"consumable":"sms","quantity":-1,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":-1000,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":0,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":1.5,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":"5","idempotency_key":"k"}',
    '{"consumable":"sms","quantity":1e309,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":9007199254740992,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":1000000001,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":null,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":NaN,"idempotency_key":"k"}',
    '{"consumable":"sms","idempotency_key":"k"}',
    '{"consumable":"bananas","quantity":1,"idempotency_key":"k"}',
    '{"consumable":"toString","quantity":1,"idempotency_key":"k"}',
    '{"consumable":null,"quantity":1,"idempotency_key":"k"}',
    '{"consumable":"sms","quantity":1,"idempotency_key":""}',
    '{"consumable":"sms","quantity":1,"idempotency_key":5}',
    '{"consumable":"sms","quantity":1,"idempotency_key":"\\ud800"}',
    '{"consumable":"sms","quantity":1}',
    '{"consumable":"sms","quantity":1,"idempotency_key":"k","price":"0"}',
    '{"consumable":"sms","quantity":1,"idempotency_key":"k","account_id":"acct_w00000000000000"}',
    '[]',
    'null',
    '',
  ])('with the body %s is refused and writes no entry', async (body) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const refused = await meter(account, body)
    expect([refused.status, errorOf(refused)]).toEqual([400, 'invalid_request'])
    expect(await shown(account)).toMatchObject({ current_balance: '1.00', lifetime_usage: '0.00' })
  })

  test('with a wrong key is refused', async () => {
    expect(errorOf(await meter({ apiKey: 'sk-sluice-wrong' }, sms(1)))).toBe('invalid_api_key')
  })
})
