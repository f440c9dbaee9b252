// What every answer says beside its words: how much of the minute is left, what a call would cost, and what a browser
// may read of it.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { type Account, expectNothingCharged } from '../world/charges.ts'
import { ask, chatOf, chatPath, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const short = { inputTokens: 10, tokens: 2 }

const newAccount = () => sharedWorld().newAccount()

describe('the headers of an answer', () => {
  test.each([chatOf(short), streamOf(short)])('say how much of the minute is left', async (body) => {
    const account = await sharedWorld().newAccount({ settings: { rpm: 7, tpm: 9_000 } })
    const answers = []
    for (let calls = 0; calls < 2; calls += 1)
      answers.push(await ask(sharedWorld(), { apiKey: account.apiKey, body }))
    for (const [at, { headers }] of answers.entries()) {
      expect(headers.get('x-ratelimit-limit-requests')).toBe('7')
      expect(headers.get('x-ratelimit-remaining-requests')).toBe(String(6 - at))
      expect(headers.get('x-ratelimit-limit-tokens')).toBe('9000')
      expect(Number(headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(9_000)
      expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+(\.\d+)?s$/)
      expect(headers.get('x-ratelimit-reset-tokens')).toMatch(/^\d+(\.\d+)?s$/)
    }
  })

  // Cases: dialects 20
  test('of a stream are ours alone: no length, no encoding, no cache, no buffering', async () => {
    const account = await newAccount()
    const { headers } = await ask(sharedWorld(), { apiKey: account.apiKey, body: streamOf(short) })
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('content-length')).toBeNull()
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('cache-control')).toBe('private, no-store, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    // The stand-in's own begin with `req_local`.
    expect(headers.get('x-request-id')).not.toMatch(/^req_local/)
    expect(headers.get('x-generation-id')).toMatch(/^gen_/)
  })
})

describe('?dryRun=true', () => {
  const path = `${chatPath}?dryRun=true`
  const dryRun = async (account: Account, more: object = {}) =>
    ask(sharedWorld(), {
      apiKey: account.apiKey,
      path,
      body: chatOf(short, { user: account.accountId, ...more }),
    })

  // Requirements: 58, 59
  test('says what a call can cost, and executes, holds and charges nothing', async () => {
    const account = await newAccount()
    const { status, body } = await dryRun(account)
    expect(status).toBe(200)
    expect(body).toMatchObject({ dry_run: true, currency: 'USD', would_be_admitted: true })
    const [least, likely, most] = ['cost_min', 'cost_estimate', 'cost_max'].map((name) =>
      Number(valueAt(body, name)),
    )
    expect(least).toBeGreaterThan(0)
    expect(likely).toBeGreaterThanOrEqual(least ?? Number.NaN)
    expect(most).toBeGreaterThanOrEqual(likely ?? Number.NaN)
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toEqual([])
    await expectNothingCharged(sharedWorld(), account)
  })

  test('knows the refusal that the call would get', async () => {
    const poor = await sharedWorld().newAccount({ creditUsd: '0.000001' })
    expect((await dryRun(poor)).body).toMatchObject({
      would_be_admitted: false,
      refusal: 'insufficient_credits',
    })
    const bound = await sharedWorld().newAccount({ key: { allowed_models: ['gpt-6-luna'] } })
    expect((await dryRun(bound)).body).toMatchObject({
      would_be_admitted: false,
      refusal: 'model_not_allowed',
    })
  })

  test('refuses bad input and unknown keys like the call itself', async () => {
    expect(await dryRun(await newAccount(), { n: 0 })).toMatchObject({
      status: 400,
      errorCode: 'invalid_request',
    })
    const nobody = { accountId: '', apiKey: 'sk-sluice-nobody' }
    expect(await dryRun(nobody)).toMatchObject({ status: 401, errorCode: 'invalid_api_key' })
  })
})

describe('a browser', () => {
  const origin = { origin: 'https://app.example' }

  test('may call from any page, without credentials, and read our headers', async () => {
    const preflight = await fetch(`${sharedWorld().baseUrl}${chatPath}`, {
      method: 'OPTIONS',
      headers: {
        ...origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/x-stainless-lang/i)
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    const account = await newAccount()
    const bodies = [chatOf(short), streamOf(short), chatOf({ status: 500 }), '{']
    for (const body of bodies) {
      const { headers } = await ask(sharedWorld(), { apiKey: account.apiKey, body, headers: origin })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      const exposed = headers.get('access-control-expose-headers')?.toLowerCase().split(/, ?/)
      expect(exposed).toEqual(
        expect.arrayContaining(['x-request-id', 'x-cost', 'retry-after', 'x-balance-check']),
      )
    }
    const { headers } = await ask(sharedWorld(), { apiKey: 'nobody', path: '/v1/account', headers: origin })
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  test('is not let near the operator API', async () => {
    const { baseUrl, operatorToken } = sharedWorld()
    for (const method of ['OPTIONS', 'GET']) {
      const headers = {
        ...origin,
        authorization: `Bearer ${operatorToken}`,
        'access-control-request-method': 'GET',
      }
      const answer = await fetch(`${baseUrl}/operator/v1/findings`, { method, headers })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})
