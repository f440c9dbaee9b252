// Where an account's money lies, what it owes and how far it may go: as its customer and its operator see it.

import { describe, expect, test } from 'vitest'
import { formatUsd, nanoUsd } from '#core/money.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

type Account = { accountId: string; apiKey: string }

const operator = (method: string, { accountId }: Account, path: string, body: object) =>
  askOperator(method, `/accounts/${accountId}${path}`, body)

const adjust = (account: Account, amount: unknown, key = `key ${String(amount)}`) =>
  operator('POST', account, '/adjustments', { amount, reason: 'a test', idempotency_key: key })

async function shown({ apiKey }: Account): Promise<unknown> {
  return (await ask(sharedWorld(), { apiKey, path: '/v1/account' })).body
}

/** Costs 10 × input + 2 × output of the test's model, and holds 200 output tokens. */
const call = ({ apiKey }: Account) =>
  ask(sharedWorld(), { apiKey, body: chatOf({ inputTokens: 10, tokens: 2 }, { model: chatModel }) })

describe('the buckets of an account', () => {
  // Requirements: 71, 77
  test('show what was given and what was paid, and a call takes what was given first', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    await adjust(account, '5.00')
    const grant = {
      amount: '2.00',
      reason: 'a test',
      idempotency_key: 'g',
      bucket: 'bonus',
      expires_in_days: 30,
    }
    expect(await operator('POST', account, '/grants', grant)).toMatchObject({ status: 201 })
    const answer = await call(account)
    expect(answer.status).toBe(200)
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), account, answer.callId)
    const now = await shown(account)
    expect(now).toMatchObject({ debt: '0.00', mode: 'prepaid', credit_limit: null })
    expect(valueAt(now, 'buckets')).toMatchObject([
      { bucket: 'promotional', expires_in_seconds: null },
      { bucket: 'bonus', amount: '2.00', expires_in_seconds: expect.any(Number) },
      { bucket: 'paid', amount: '5.00', expires_in_seconds: null },
    ])
    const promotional = Number(valueAt(now, 'buckets', 0, 'amount'))
    expect(Math.round((1 - promotional) * 1e9)).toBe(costNanoUsd)
    const moved = (await ask(sharedWorld(), { apiKey: account.apiKey, path: '/v1/account/transactions' }))
      .body
    expect(valueAt(moved, 'data', 0)).toMatchObject({ type: 'consumption', bucket: 'promotional' })
  })
})

describe('a correction by the operator', () => {
  // Cases: billing-bugs 41
  test('below zero is shown as a debt, and money that is paid pays it first', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    expect(await adjust(account, '-3.00')).toMatchObject({ status: 201, body: { balance: '-2.00' } })
    expect(await shown(account)).toMatchObject({ current_balance: '-2.00', debt: '2.00', buckets: [] })
    expect((await call(account)).errorCode).toBe('insufficient_credits')
    await adjust(account, '2.50')
    expect(await shown(account)).toMatchObject({
      current_balance: '0.50',
      debt: '0.00',
      buckets: [{ bucket: 'paid', amount: '0.50' }],
    })
    expect((await call(account)).status).toBe(200)
  })

  test('is booked once per idempotency key, and the key stands for its amount', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    expect(await adjust(account, '-0.25', 'once')).toMatchObject({ status: 201 })
    expect(await adjust(account, '-0.25', 'once')).toMatchObject({ status: 200, body: { is_repeat: true } })
    expect(await adjust(account, '-0.50', 'once')).toMatchObject({ status: 422 })
    expect(await shown(account)).toMatchObject({ current_balance: '0.75' })
  })

  // Cases: billing-bugs 30
  test.each([
    '0',
    '-0',
    '1e3',
    'NaN',
    '',
    '1.0000000001',
    '-1000000.01',
    '9007199254740993',
    5,
    -5,
    0.5,
    null,
    {},
  ])('of %j is refused and books nothing', async (amount) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    expect(await adjust(account, amount)).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({ current_balance: '1.00' })
  })

  test.each([
    { expires_in_days: 0 },
    { expires_in_days: -1 },
    { expires_in_days: 1.5 },
    { expires_in_days: '5' },
    { bucket: 'paid' },
    { bucket: 'debt' },
    { amount: '-1.00' },
  ])('that is a grant with %j is refused and books nothing', async (more) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const grant = { amount: '1.00', reason: 'a test', idempotency_key: 'g', ...more }
    expect(await operator('POST', account, '/grants', grant)).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({ current_balance: '1.00' })
  })
})

describe('a charge that is reversed', () => {
  const reverse = (account: Account, body: object) =>
    operator('POST', account, '/reversals', { reason: 'a test', idempotency_key: 'r', ...body })

  test('goes back to the bucket that it came from, once, and is seen as a reversal', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    await adjust(account, '5.00')
    const answer = await call(account)
    expect(answer.status).toBe(200)
    await chargeOfCall(sharedWorld(), account, answer.callId)
    const body = { generation_id: answer.callId }
    expect(await reverse(account, { ...body, amount: '1.00' })).toMatchObject({ status: 400 })
    expect(await reverse(account, body)).toMatchObject({ status: 201, body: { balance: '6.00' } })
    expect(await reverse(account, body)).toMatchObject({ status: 200, body: { is_repeat: true } })
    expect(await reverse(account, { ...body, amount: '0.000001' })).toMatchObject({ status: 422 })
    expect(await reverse(account, { ...body, idempotency_key: 'other' })).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({
      current_balance: '6.00',
      lifetime_spent: '0.00',
      buckets: [
        { bucket: 'promotional', amount: '1.00' },
        { bucket: 'paid', amount: '5.00' },
      ],
    })
    const { apiKey } = account
    const moved = (await ask(sharedWorld(), { apiKey, path: '/v1/account/transactions' })).body
    expect(valueAt(moved, 'data', 0)).toMatchObject({ type: 'reversal', reference: answer.callId })
  })

  test('shows in the explanation of its call, with what is left of its cost', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const answer = await call(account)
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), account, answer.callId)
    const body = { generation_id: answer.callId, amount: '0.000000001' }
    expect(await reverse(account, body)).toMatchObject({ status: 201 })
    const path = `/v1/generation?id=${answer.callId}`
    const explained = await ask(sharedWorld(), { apiKey: account.apiKey, path })
    expect(explained.body).toMatchObject({
      data: {
        total_cost: (costNanoUsd - 1) / 1e9,
        charge: {
          cost: formatUsd(nanoUsd(costNanoUsd)),
          given_back: '0.000000001',
          net_cost: formatUsd(nanoUsd(costNanoUsd - 1)),
          entries: [{ kind: 'usage' }, { kind: 'reversal' }],
        },
      },
    })
  })

  test.each([
    { amount: '0' },
    { amount: '-1.00' },
    { amount: 'NaN' },
    { amount: null },
    { amount: 1 },
    { generation_id: 'gen_1' },
    { generation_id: null },
    { reason: '' },
  ])('with %j is refused and books nothing', async (wrong) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const answer = await call(account)
    await chargeOfCall(sharedWorld(), account, answer.callId)
    const before = valueAt(await shown(account), 'current_balance')
    expect(await reverse(account, { generation_id: answer.callId, ...wrong })).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({ current_balance: before })
  })
})

describe('a postpaid account', () => {
  // Requirements: 49, 57
  test('is served below zero down to its credit limit, then refused with the way out', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '0.001' })
    const terms = { mode: 'postpaid', credit_limit: '0.001', reason: 'a test' }
    expect(await operator('PATCH', account, '', terms)).toMatchObject({
      status: 200,
      // Nobody has paid for a month here: nothing is suggested, and what was set stands.
      body: { mode: 'postpaid', credit_limit: '0.001', suggested_credit_limit: '0.00' },
    })
    expect(await shown(account)).toMatchObject({
      available: '0.002',
      mode: 'postpaid',
      credit_limit: '0.001',
    })
    await adjust(account, '-0.0018')
    expect(await shown(account)).toMatchObject({ current_balance: '-0.0008', debt: '0.0008' })
    const refused = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: chatOf({ tokens: 2 }, { max_completion_tokens: 1_000 }),
    })
    expect(refused).toMatchObject({ status: 402, errorCode: 'credit_limit_reached' })
    expect(valueAt(refused.body, 'error', 'metadata')).toMatchObject({
      available: '0.0002',
      remedy_hint: 'pay_invoice',
    })
    expect(refused.headers.get('x-should-retry')).toBe('false')
    expect((await call(account)).status).toBe(402)
    await adjust(account, '0.001')
    expect((await call(account)).status).toBe(200)
  })

  test.each([{ mode: 'credit' }, { mode: null }, { credit_limit: '-1' }, { credit_limit: 5 }])(
    'is not made with %j',
    async (terms) => {
      const account = await sharedWorld().newAccount()
      expect(await operator('PATCH', account, '', { ...terms, reason: 'a test' })).toMatchObject({
        status: 400,
      })
    },
  )
})
