// X-Max-Cost from outside: nobody pays more for a call than was allowed for it.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall, expectNothingCharged, presentOf } from '../world/charges.ts'
import { ask, chatOf, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const openEnded = { max_completion_tokens: undefined }
const headers = { 'x-max-cost': '0.001' }

describe('a call with X-Max-Cost', () => {
  test('that leaves its length open is asked upstream for what is allowed, and says so', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const body = chatOf({ tokens: 5 }, { ...openEnded, user: account.accountId })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body, headers })
    expect(answer.status).toBe(200)
    const lowered = Number(answer.headers.get('x-max-tokens-lowered'))
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(valueAt(sent, 'body', 'max_completion_tokens')).toBe(lowered)
    const dryRun = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      path: '/v1/chat/completions?dryRun=true',
      method: 'POST',
      body,
      headers,
    })
    expect(valueAt(dryRun.body, 'cost_max')).toBe('0.001')
  })

  test('and too little credit for that is lowered once more, with one limit in its body', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '0.0005' })
    const body = chatOf({ tokens: 5 }, { ...openEnded, user: account.accountId })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body, headers })
    expect(answer.status).toBe(200)
    const lowered = Number(answer.headers.get('x-max-tokens-lowered'))
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(valueAt(sent, 'body', 'max_completion_tokens')).toBe(lowered)
    expect(lowered).toBeLessThan(500)
  })

  test('that asks for more than is allowed is refused with the figures, and nothing is sent or charged', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const body = chatOf({ tokens: 5 }, { max_completion_tokens: 5_000, user: account.accountId })
    const refused = await ask(sharedWorld(), { apiKey: account.apiKey, body, headers })
    expect(refused).toMatchObject({ status: 402, errorCode: 'max_cost_exceeded' })
    expect(refused.headers.get('x-should-retry')).toBe('false')
    expect(valueAt(refused.body, 'error', 'metadata')).toMatchObject({
      limit: '0.001',
      limit_source: 'max_cost',
    })
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toEqual([])
    await expectNothingCharged(sharedWorld(), account)
  })

  test('that streams from a model that can be stopped ends there with "length"', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const model = { model: 'ministral-8b-2512', max_tokens: undefined, ...openEnded, user: account.accountId }
    const body = streamOf({ tokens: 50_000, inputTokens: 100, usage: 'none' }, model)
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body, headers })
    const finishes = answer.events.map((event) => valueAt(event, 'choices', 0, 'finish_reason'))
    expect(finishes.filter((reason) => typeof reason === 'string')).toEqual(['length'])
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), account, answer.callId)
    expect(costNanoUsd).toBeGreaterThan(500_000)
    expect(costNanoUsd).toBeLessThanOrEqual(1_000_000)
    expect((await presentOf(sharedWorld(), account)).heldNanoUsd).toBe(0)
  })

  // Cases: billing-bugs 30
  test.each(['-1', '0', 'NaN', '1e9', 'five'])('of %s is refused, and nothing is charged', async (text) => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const answer = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: chatOf({ tokens: 5 }),
      headers: { 'x-max-cost': text },
    })
    expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    await expectNothingCharged(sharedWorld(), account)
  })
})
