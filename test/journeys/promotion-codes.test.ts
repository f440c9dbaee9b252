// Promotion codes: the operator makes them, accounts redeem them, each once and never more of them than there are uses.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

let made = 0
const nextName = () => `CODE-${String(Date.now())}-${String((made += 1))}`

async function newCode(more: object = {}): Promise<string> {
  const code = nextName()
  const body = { code, amount: '10', uses_max: 1_000, reason: 'a test', ...more }
  expect(await askOperator('POST', '/promotion-codes', body)).toMatchObject({ status: 201 })
  return code
}

async function newAccount(): Promise<string> {
  const { accountId } = await sharedWorld().newAccount({ creditUsd: '1' })
  return accountId
}

function redeem(accountId: string, code: unknown): Promise<WireAnswer> {
  const { operatorToken } = sharedWorld()
  const body = { account_id: accountId, code }
  return ask(sharedWorld(), {
    apiKey: operatorToken,
    method: 'POST',
    path: '/api/promotion-codes/redeem',
    body,
  })
}

async function balanceOf(accountId: string): Promise<unknown> {
  return valueAt((await askOperator('GET', `/accounts/${accountId}`)).body, 'balance')
}

async function usesOf(code: string): Promise<unknown> {
  // Names are in their order, so the page before this one ends just below it.
  const { body } = await askOperator('GET', `/promotion-codes?cursor=${code.slice(0, -1)}`)
  const rows = valueAt(body, 'data')
  const all: readonly unknown[] = Array.isArray(rows) ? rows : []
  return valueAt(
    all.find((row) => valueAt(row, 'code') === code),
    'uses',
  )
}

describe('a promotion code', () => {
  test('brings its credit at once, however it is typed', async () => {
    const code = await newCode()
    const accountId = await newAccount()
    expect(await redeem(accountId, ` ${code.toLowerCase()} `)).toMatchObject({
      status: 201,
      body: { code, amount: '10.00', balance: '11.00' },
    })
    expect(await balanceOf(accountId)).toBe('11.00')
  })

  // Cases: payments 49; billing-bugs 51
  test('for one use is redeemed by one of sixty-four accounts that come at once', async () => {
    const code = await newCode({ uses_max: 1 })
    const accounts = await Promise.all(Array.from({ length: 64 }, newAccount))
    const answers = await Promise.all(accounts.map((accountId) => redeem(accountId, code)))
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([201, ...Array.from({ length: 63 }, () => 404)])
    expect(await usesOf(code)).toBe(1)
    const balances = await Promise.all(accounts.map(balanceOf))
    expect(balances.filter((balance) => balance === '11.00')).toHaveLength(1)
  }, 60_000)

  // Cases: payments 49
  test('is redeemed by an account once, though it comes twenty times at once', async () => {
    const code = await newCode()
    const accountId = await newAccount()
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(accountId, code)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)
    expect(answers.find(({ status }) => status === 409)).toMatchObject({
      body: { error: { code: 'promotion_code_redeemed' } },
    })
    expect(await balanceOf(accountId)).toBe('11.00')
    expect(await usesOf(code)).toBe(1)
  })

  test('that does not exist, has ended, is past its day or is no code at all gets one answer', async () => {
    const accountId = await newAccount()
    const ended = await newCode()
    expect(await askOperator('POST', '/promotion-codes/disable', { code: ended })).toMatchObject({
      status: 200,
      body: { disabled: true },
    })
    const past = await newCode({ redeem_by: '2020-01-01T00:00:00Z' })
    for (const code of ['NO-SUCH-CODE', ended, past, '%_%', "'; drop table x", 5, null])
      expect(await redeem(accountId, code)).toMatchObject({
        status: 404,
        body: { error: { code: 'promotion_code_not_valid' } },
      })
    expect(await balanceOf(accountId)).toBe('1.00')
  })

  test('is used up by no account that does not exist', async () => {
    const code = await newCode({ uses_max: 1 })
    expect(await redeem('acct_w00000000000000', code)).toMatchObject({ status: 404 })
    expect(await usesOf(code)).toBe(0)
    expect(await redeem(await newAccount(), code)).toMatchObject({ status: 201 })
  })

  test('is not used up by an account that can hold no more', async () => {
    const code = await newCode({ uses_max: 1, amount: '1000000' })
    expect(await redeem(await newAccount(), code)).toMatchObject({ status: 400 })
    expect(await usesOf(code)).toBe(0)
  })
})

describe('the operator', () => {
  test('makes a code once, and the same name with other figures is refused', async () => {
    const body = { code: nextName(), amount: '5', uses_max: 3, credit_days: 30, reason: 'a test' }
    expect(await askOperator('POST', '/promotion-codes', body)).toMatchObject({
      status: 201,
      body: { amount: '5.00', uses: 0, uses_max: 3, credit_days: 30, redeem_by: null, disabled: false },
    })
    expect(await askOperator('POST', '/promotion-codes', body)).toMatchObject({ status: 200 })
    expect(await askOperator('POST', '/promotion-codes', { ...body, amount: '6' })).toMatchObject({
      status: 422,
    })
  })

  test.each([
    ['code', { code: 'a b' }],
    ['amount', { amount: 10 }],
    ['amount', { amount: '-1' }],
    ['uses_max', { uses_max: 0 }],
    ['uses_max', { uses_max: 1.5 }],
    ['credit_days', { credit_days: '30' }],
    ['redeem_by', { redeem_by: '2027-01-31' }],
    ['bonus', { bonus: true }],
  ])('is told that %s is wrong, and no code is made', async (param, wrong) => {
    const body = { code: nextName(), amount: '5', uses_max: 3, reason: 'a test', ...wrong }
    expect(await askOperator('POST', '/promotion-codes', body)).toMatchObject({
      status: 400,
      body: { error: { param } },
    })
  })

  test('is told when a cursor is none', async () => {
    for (const cursor of ['%00', "'--", 'a'])
      expect(await askOperator('GET', `/promotion-codes?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { error: { param: 'cursor' } },
      })
  })
})
