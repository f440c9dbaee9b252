// Idempotency-Key: whatever is sent again, at once or later, one call is executed and charged.

import { describe, expect, test } from 'vitest'
import { chatOnce, valueAt } from '../world/chat.ts'
import { settledCharges } from '../world/charges.ts'
import { ask, chatOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { openLimits, range } from '../world/storm.ts'

const headers = { 'idempotency-key': 'order-66' }

async function newCaller() {
  const account = await sharedWorld().newAccount({ settings: openLimits })
  const body = chatOf({ tokens: 5, inputTokens: 100 }, { user: account.accountId })
  return { account, body, apiKey: account.apiKey }
}

// Cases: billing-bugs 22
test('twenty simultaneous requests with one Idempotency-Key are one call and one charge', async () => {
  const { account, body, apiKey } = await newCaller()
  const answers = await Promise.all(range(20, () => ask(sharedWorld(), { apiKey, body, headers })))
  const served = answers.filter(({ status }) => status === 200)
  expect(served).toHaveLength(1)
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(answer.status).toBe(409)
    expect(['idempotency_in_progress', 'idempotency_completed']).toContain(answer.errorCode)
    expect(valueAt(answer.body, 'error', 'metadata', 'generation_id')).toBe(served[0]?.callId)
    const isRunning = answer.errorCode === 'idempotency_in_progress'
    expect(answer.headers.get('x-should-retry')).toBe(String(isRunning))
  }
  expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(1)
})

describe('a request that is sent again later', () => {
  // Cases: billing-bugs 22
  test('gets the receipt of the first, with its cost and where to look it up', async () => {
    const { account, body, apiKey } = await newCaller()
    const first = await ask(sharedWorld(), { apiKey, body, headers })
    await settledCharges(sharedWorld(), account)
    const again = await ask(sharedWorld(), { apiKey, body, headers })
    expect(again).toMatchObject({ status: 409, errorCode: 'idempotency_completed' })
    expect(valueAt(again.body, 'error', 'metadata')).toEqual({
      generation_id: first.callId,
      cost: first.headers.get('x-cost'),
    })
    const { body: explained } = await ask(sharedWorld(), {
      apiKey,
      path: `/v1/generation?id=${first.callId}`,
    })
    expect(valueAt(explained, 'data', 'total_cost')).toBe(valueAt(first.body, 'cost'))
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })

  test('with another body is refused, and without the key it is a call of its own', async () => {
    const { account, body, apiKey } = await newCaller()
    await ask(sharedWorld(), { apiKey, body, headers })
    const other = await ask(sharedWorld(), { apiKey, body: { ...body, temperature: 0.5 }, headers })
    expect(other).toMatchObject({ status: 422, errorCode: 'idempotency_key_reused' })
    expect((await chatOnce(sharedWorld().baseUrl, apiKey)).status).toBe(200)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(2)
  })

  test('after a failure that cost nothing is executed', async () => {
    const { account, apiKey } = await newCaller()
    const body = chatOf({ status: 500 }, { user: account.accountId })
    expect((await ask(sharedWorld(), { apiKey, body, headers })).status).toBe(502)
    expect((await ask(sharedWorld(), { apiKey, body, headers })).status).toBe(502)
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(2)
    expect(await settledCharges(sharedWorld(), account)).toEqual([])
  })
})

test.each(['', 'x'.repeat(256)])('an Idempotency-Key of %j is refused with one sentence', async (key) => {
  const { account, body, apiKey } = await newCaller()
  const answer = await ask(sharedWorld(), { apiKey, body, headers: { 'idempotency-key': key } })
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  expect(answer.message).toBe('The Idempotency-Key must have 1 to 255 characters.')
  expect(await settledCharges(sharedWorld(), account)).toEqual([])
})
