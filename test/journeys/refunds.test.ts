// Paid money that goes back to its payer: what is paid goes, what was given stays, and a running call keeps its cover.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

type Account = { accountId: string; apiKey: string }

const operator = (account: Account, path: string, body: object) =>
  askOperator('POST', `/accounts/${account.accountId}${path}`, body)

const refund = (account: Account, body: object) =>
  operator(account, '/refunds', { reason: 'a test', idempotency_key: 'r', ...body })

/** Given 1.00, paid 5.00. */
async function payer(): Promise<Account> {
  const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
  const paid = { amount: '5.00', reason: 'a transfer', idempotency_key: 'paid' }
  expect((await operator(account, '/adjustments', paid)).status).toBe(201)
  return account
}

async function shown({ apiKey }: Account): Promise<unknown> {
  return (await ask(sharedWorld(), { apiKey, path: '/v1/account' })).body
}

describe('a refund', () => {
  // Requirements: 71
  test('takes paid money once, shows as a refund, and leaves what was given', async () => {
    const account = await payer()
    const body = { amount: '2.00', payment: 'adjustment:paid' }
    const first = await refund(account, body)
    expect([first.status, first.body]).toMatchObject([
      201,
      { amount: '2.00', payment: 'adjustment:paid', balance: '4.00', is_repeat: false },
    ])
    expect(await refund(account, body)).toMatchObject({
      status: 200,
      body: { amount: '2.00', balance: '4.00', is_repeat: true },
    })
    expect(await refund(account, { ...body, amount: '2.01' })).toMatchObject({
      status: 422,
      errorCode: 'idempotency_key_reused',
    })
    expect(await refund(account, { idempotency_key: 'rest' })).toMatchObject({
      status: 201,
      body: { amount: '3.00', balance: '1.00' },
    })
    expect(await shown(account)).toMatchObject({
      current_balance: '1.00',
      lifetime_added: '0.00',
      buckets: [{ bucket: 'promotional', amount: '1.00' }],
    })
    const { apiKey } = account
    const moved = (await ask(sharedWorld(), { apiKey, path: '/v1/account/transactions' })).body
    expect(valueAt(moved, 'data', 0)).toMatchObject({
      type: 'refund',
      amount: '-3.00',
      running_balance: '1.00',
      bucket: 'paid',
      reference: 'refund:rest',
    })
    const credits = (await ask(sharedWorld(), { apiKey, path: '/v1/credits' })).body
    expect(valueAt(credits, 'data')).toEqual({ total_credits: 1, total_usage: 0 })
  })

  test('beyond what was paid, or while it is spent, is refused with the figure', async () => {
    const account = await payer()
    expect((await operator(account, '/adjustments', spent('-1.50'))).status).toBe(201)
    for (const body of [{ amount: '3.51' }, { amount: '5.00', payment: 'adjustment:paid' }]) {
      const refused = await refund(account, body)
      expect([refused.status, refused.errorCode]).toEqual([409, 'beyond_refundable'])
      expect(valueAt(refused.body, 'error', 'metadata')).toEqual({ refundable: '3.50' })
      expect(refused.message).toContain('$3.50')
    }
    expect(await shown(account)).toMatchObject({ current_balance: '4.50' })
  })

  test('leaves a running call its hold', async () => {
    const account = await payer()
    const { apiKey } = account
    const body = chatOf({ tokens: 3, firstMs: 2_500 })
    const running = ask(sharedWorld(), { apiKey, body })
    await holdOf(account)
    // All that was given first: then the hold rests on nothing but what was paid.
    const all = await refund(account, {})
    const { status, callId } = await running
    expect([status, all.status]).toEqual([200, 201])
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), account, callId)
    const left = Number(valueAt(await shown(account), 'current_balance')) * 1e9
    expect(Math.round(left)).toBeGreaterThanOrEqual(0)
    expect(costNanoUsd).toBeGreaterThan(0)
    expect(await shown(account)).toMatchObject({ held: '0.00', debt: '0.00' })
  })

  test.each([
    { amount: '0' },
    { amount: '-1.00' },
    { amount: '1e3' },
    { amount: 'NaN' },
    { amount: null },
    { amount: 1 },
    { amount: '1000000.01' },
    { payment: '' },
    { payment: null },
    { payment: 'grant:nothing' },
    { reason: '' },
    { idempotency_key: '' },
    { bucket: 'bonus' },
  ])('with %j is refused and books nothing', async (wrong) => {
    const account = await payer()
    expect(await refund(account, { amount: '1.00', ...wrong })).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({ current_balance: '6.00' })
  })

  test('of money that was given is refused', async () => {
    const account = await payer()
    const grant = { amount: '3.00', reason: 'a gift', idempotency_key: 'gift' }
    await operator(account, '/grants', grant)
    expect(await refund(account, { payment: 'grant:gift' })).toMatchObject({ status: 400 })
    expect(await shown(account)).toMatchObject({ current_balance: '9.00' })
  })
})

const spent = (amount: string) => ({ amount, reason: 'a correction', idempotency_key: 'spent' })

async function holdOf({ apiKey }: Account): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const { body } = await ask(sharedWorld(), { apiKey, path: '/v1/account/holds' })
    if (valueAt(body, 'data', 0, 'id') !== undefined) return
  }
  throw new Error('the call holds nothing')
}
