// What an account reads about itself with an API key, and what nobody else may.

import { beforeAll, describe, expect, test, vi } from 'vitest'
import { readingRouteTable } from '#reading/routes.ts'
import { chatMany, chatModel, chatOnce, valueAt, type ChatAnswer } from '../world/chat.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { sharedWorld, workerLog } from '../world/shared-world.ts'

type Account = { accountId: string; apiKey: string; calls: readonly ChatAnswer[] }

let ada: Account
let bob: Account

beforeAll(async () => {
  ada = await accountWithCalls(3)
  bob = await accountWithCalls(1)
})

async function accountWithCalls(count: number): Promise<Account> {
  const account = await sharedWorld().newAccount({ key: { limits: [{ window: 'day', amount: '4' }] } })
  const calls = await chatMany(count, 1, () =>
    chatOnce(sharedWorld().baseUrl, account.apiKey, { tokens: 5, cachedTokens: 2, inputTokens: 40 }),
  )
  expect(calls.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 200))
  return { ...account, calls }
}

async function get(path: string, headers: { readonly [name: string]: string }) {
  const response = await fetch(`${sharedWorld().baseUrl}${path}`, { headers })
  const body: unknown = await response.json()
  return { status: response.status, headers: response.headers, body }
}

const as = (account: Account) => ({ authorization: `Bearer ${account.apiKey}` })
const dollars = (nano: number) => (nano / 1e9).toFixed(9).replace(/0{1,7}$/, '')
const spentNano = (calls: readonly ChatAnswer[]) =>
  calls.reduce((sum, { costUsd }) => sum + Math.round(costUsd * 1e9), 0)

async function usageOf(account: Account, query = '') {
  return vi.waitFor(
    async () => {
      const answer = await get(`/v1/account/usage${query}`, as(account))
      expect(answer.status).toBe(200)
      expect(valueAt(answer.body, 'pending_entries')).toBe(0)
      return answer.body
    },
    { timeout: 30_000, interval: 200 },
  )
}

describe('an account reads', () => {
  // Requirements: 4, 67, 68, 69
  test('its balance, what it ever added and spent, and its five newest movements', async () => {
    const { status, body } = await get('/v1/account', as(ada))
    const balance = dollars(10e9 - spentNano(ada.calls))
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: ada.accountId,
      current_balance: balance,
      held: '0.00',
      available: balance,
      low_balance: false,
      lifetime_spent: dollars(spentNano(ada.calls)),
    })
    const recent = valueAt(body, 'recent_transactions')
    expect(recent).toMatchObject([
      { type: 'consumption', running_balance: balance, reference: ada.calls[2]?.callId },
      { type: 'consumption' },
      { type: 'consumption' },
      { type: 'grant', amount: '10.00', running_balance: '10.00' },
    ])
  })

  // The API's half: the badge is shown where this is true.
  // Requirements: 66
  test('that its balance is low at the threshold and below it, and not a billionth of a dollar above it', async () => {
    const { accountId, apiKey } = await sharedWorld().newAccount({ creditUsd: '2.00' })
    const shownAt = async (threshold: string) => {
      const change = { low_balance_threshold: threshold, reason: 'a test' }
      await sharedWorld().operator('PATCH', `/accounts/${accountId}`, change)
      const { body } = await get('/v1/account', { authorization: `Bearer ${apiKey}` })
      return ['current_balance', 'low_balance', 'low_balance_threshold'].map((name) => valueAt(body, name))
    }
    expect(await shownAt('1.999999999')).toEqual(['2.00', false, '1.999999999'])
    expect(await shownAt('2')).toEqual(['2.00', true, '2.00'])
    expect(await shownAt('2.50')).toEqual(['2.00', true, '2.50'])
    const grant = { amount: '0.500000001', reason: 'a test', idempotency_key: 'above' }
    await sharedWorld().operator('POST', `/accounts/${accountId}/grants`, grant)
    expect(await shownAt('2.50')).toEqual(['2.500000001', false, '2.50'])
  })

  test("its credits and its key in OpenRouter's fields, as JSON numbers", async () => {
    expect((await get('/v1/credits', as(ada))).body).toEqual({
      data: { total_credits: 10, total_usage: spentNano(ada.calls) / 1e9 },
    })
    const used = spentNano(ada.calls) / 1e9
    expect((await get('/v1/key', as(ada))).body).toMatchObject({
      data: {
        label: 'first key',
        usage: used,
        usage_daily: used,
        limit: 4,
        limit_remaining: (4e9 - spentNano(ada.calls)) / 1e9,
        limit_reset: 'daily',
        is_free_tier: false,
      },
    })
  })

  // Requirements: 24, 37
  test('what a call cost and why, line by line, as soon as it has ended', async () => {
    const [call] = ada.calls
    const { body } = await get(`/v1/generation?id=${call?.callId}`, as(ada))
    expect(body).toMatchObject({
      data: {
        id: call?.callId,
        model: chatModel,
        provider: 'openai',
        provider_name: 'OpenAI',
        executed_model: chatModel,
        total_cost: call?.costUsd,
        tokens_prompt: 40,
        tokens_completion: 5,
        native_tokens_cached: 2,
        streamed: false,
        cancelled: false,
        charge: { cost: dollars(spentNano(ada.calls.slice(0, 1))), usage_source: 'final', status: 'ok' },
      },
    })
    const lines = valueAt(body, 'data', 'charge', 'lines')
    const sum = (Array.isArray(lines) ? lines : []).reduce(
      (total: number, line: unknown) =>
        total + Number(valueAt(line, 'units')) * Number(valueAt(line, 'unit_price')),
      0,
    )
    expect(Math.ceil(Number((sum * 1e9).toFixed(3)))).toBe(Math.round((call?.costUsd ?? 0) * 1e9))
  })

  test('a row of each call in Postgres that says the same', async () => {
    const [call] = ada.calls
    await usageOf(ada)
    const rows = await sharedWorld().sql(
      'select cost_nano_usd, model, rule, usage_source, input_tokens, output_tokens from charges where call_id = $1',
      [call?.callId],
    )
    expect(rows).toMatchObject([
      {
        cost_nano_usd: Math.round((call?.costUsd ?? 0) * 1e9),
        model: chatModel,
        usage_source: 'final',
        input_tokens: 40,
        output_tokens: 5,
      },
    ])
  })

  test('every movement of money page by page, and nothing twice', async () => {
    const seen: unknown[] = []
    let cursor = ''
    for (let page = 0; page < 10; page += 1) {
      const { body } = await get(`/v1/account/transactions?limit=1${cursor}`, as(ada))
      const data = valueAt(body, 'data')
      seen.push(...(Array.isArray(data) ? data : []).map((item: unknown) => valueAt(item, 'type')))
      const next = valueAt(body, 'next_cursor')
      if (typeof next !== 'string') break
      cursor = `&cursor=${next}`
    }
    expect(seen).toEqual(['consumption', 'consumption', 'consumption', 'grant'])
  })

  // Requirements: 4, 24, 37
  test('its usage call by call, page by page, with totals of the whole range', async () => {
    const whole = await usageOf(ada)
    const cost = spentNano(ada.calls) / 1e9
    expect(whole).toMatchObject({
      balance: dollars(10e9 - spentNano(ada.calls)),
      totals: { requests: 3, cost, input_tokens: 120, output_tokens: 15 },
    })
    const first = await usageOf(ada, '?limit=2')
    const second = await usageOf(ada, `?limit=2&cursor=${String(valueAt(first, 'next_cursor'))}`)
    const ids = [first, second].flatMap((page) => {
      const data = valueAt(page, 'data')
      return (Array.isArray(data) ? data : []).map((item: unknown) => valueAt(item, 'id'))
    })
    expect(ids).toEqual(ada.calls.map(({ callId }) => callId).toReversed())
    expect(valueAt(second, 'next_cursor')).toBeNull()
    expect(valueAt(whole, 'data', 0)).toMatchObject({
      model: chatModel,
      key: 1,
      status: 'ok',
      usage_source: 'final',
      cached_tokens: 2,
      latency_ms: expect.any(Number),
    })
  })

  test('its usage by model, by key and by day', async () => {
    const totals = { requests: 3, cost: spentNano(ada.calls) / 1e9 }
    const day = new Date().toISOString().slice(0, 10)
    expect(valueAt(await usageOf(ada, '?group_by=model'), 'data')).toMatchObject([
      { model: chatModel, ...totals },
    ])
    expect(valueAt(await usageOf(ada, '?group_by=key'), 'data')).toMatchObject([{ key: 1, ...totals }])
    expect(valueAt(await usageOf(ada, '?group_by=day'), 'data')).toMatchObject([{ day, ...totals }])
  })

  test('its usage by end user, under pseudonyms, where end users are limited', async () => {
    const settings = { end_user_limits: [{ window: 'day', amount: '5.00' }] }
    const account = await sharedWorld().newAccount({ settings })
    const cost = new Map<string, number>()
    for (const endUser of ['ann@example.com', 'ben', 'ann@example.com', '']) {
      const { body } = await ask(sharedWorld(), {
        apiKey: account.apiKey,
        body: chatOf({ tokens: 3 }),
        headers: endUser === '' ? {} : { 'x-end-user': endUser },
      })
      cost.set(endUser, (cost.get(endUser) ?? 0) + Math.round(Number(valueAt(body, 'cost')) * 1e9))
    }
    const read = (query: string) => usageOf({ ...account, calls: [] }, `?group_by=end_user${query}`)
    const groups = valueAt(await read(''), 'data')
    expect(groups).toMatchObject([{ end_user: null, requests: 1 }, { requests: expect.any(Number) }, {}])
    const [, one, other] = Array.isArray(groups) ? groups : []
    const [ann, ben] = valueAt(one, 'requests') === 2 ? [one, other] : [other, one]
    expect(ann).toMatchObject({ requests: 2, cost: (cost.get('ann@example.com') ?? 0) / 1e9 })
    expect(ben).toMatchObject({ requests: 1, cost: (cost.get('ben') ?? 0) / 1e9 })
    for (const group of [ann, ben]) expect(valueAt(group, 'end_user')).toMatch(/^[0-9a-f]{32}$/)
    const first = await read('&limit=1')
    expect(valueAt(first, 'data')).toMatchObject([{ end_user: null }])
    const rest = await read(`&cursor=${String(valueAt(first, 'next_cursor'))}`)
    expect(valueAt(rest, 'data')).toEqual([one, other])
  })

  test('nothing outside the range that it asks for', async () => {
    expect(await usageOf(ada, '?from=2020-01-01&to=2020-02-01')).toMatchObject({
      totals: { requests: 0 },
      data: [],
    })
  })
})

describe('nobody reads what is not theirs', () => {
  // Cases: billing-bugs 59
  test("another account's call is not there", async () => {
    // Where both stores know it: neither may give it away.
    await usageOf(bob)
    const { status, body } = await get(`/v1/generation?id=${bob.calls[0]?.callId}`, as(ada))
    expect(status).toBe(404)
    expect(valueAt(body, 'error', 'code')).toBe('not_found')
    expect((await get(`/v1/generation?id=${bob.calls[0]?.callId}`, as(bob))).status).toBe(200)
  })

  // Cases: billing-bugs 62
  test('two accounts that ask the same get each their own, never from a cache', async () => {
    // Both were given the same, and nothing of theirs runs.
    const alike = new Set(['/v1/account/holds', '/v1/dashboard/billing/subscription'])
    const answering = readingRouteTable.filter(({ contentType }) => contentType === undefined)
    for (const { path } of answering) {
      const query = path === '/v1/generation' ? `?id=${ada.calls[0]?.callId}` : ''
      const [mine, theirs] = await Promise.all([get(path + query, as(ada)), get(path + query, as(bob))])
      expect(mine.status, path).toBe(200)
      for (const { headers } of [mine, theirs])
        expect(headers.get('cache-control'), path).toMatch(/^private, no-store/)
      if (!alike.has(path)) expect(mine.body, path).not.toEqual(theirs.body)
    }
  })

  // Cases: billing-bugs 54, 55
  test('every reading route refuses whoever has no live key, before anything else', async () => {
    const strange = [
      {},
      { authorization: "Bearer ' or '1'='1" },
      { authorization: `Bearer ${'%_'.repeat(100)}` },
      { authorization: 'Basic c2stc2x1aWNlOng=' },
      { 'x-api-key': `${ada.apiKey.slice(0, -1)}${ada.apiKey.endsWith('a') ? 'b' : 'a'}` },
      { authorization: `Bearer ${sharedWorld().operatorToken}` },
    ]
    for (const { path } of readingRouteTable)
      for (const headers of strange) {
        const { status, body } = await get(`${path}?limit=-1`, headers)
        expect(status, `${path} ${JSON.stringify(headers)}`).toBe(401)
        // Of another platform, whose errors are texts.
        if (path.startsWith('/v2/')) expect(valueAt(body, 'error')).toContain('API key')
        else expect(valueAt(body, 'error', 'code')).toBe('invalid_api_key')
      }
  })

  // Cases: billing-bugs 57
  test('a key counts the same in either header, and two different ones are refused', async () => {
    const bearer = await get('/v1/account', as(ada))
    const header = await get('/v1/account', { 'x-api-key': ada.apiKey })
    expect(header.status).toBe(200)
    expect(header.body).toEqual(bearer.body)
    expect((await get('/v1/key', { ...as(ada), 'x-api-key': bob.apiKey })).status).toBe(401)
    expect((await get('/v1/key', { ...as(ada), 'x-api-key': ada.apiKey })).status).toBe(200)
  })
})

describe('secrets stay where they are', () => {
  // Cases: billing-bugs 61
  test('neither Postgres nor the log holds a key, a part of one, or the operator credential, failures included', async () => {
    const world = sharedWorld()
    const { baseUrl, operatorToken, keySecret } = world
    const canary = `sk-sluice-${'c4n4ry'.repeat(12)}`
    await get(`/v1/generation?id=${canary}`, as(ada))
    await get('/v1/account', { authorization: `Bearer ${canary}` })
    await get(`/v1/account/usage?cursor=${canary}`, as(ada))
    await fetch(`${baseUrl}/operator/v1/accounts/${canary}`, {
      headers: { authorization: `Bearer ${canary}` },
    })
    await chatOnce(baseUrl, ada.apiKey, { status: 500 })
    await usageOf(ada)
    const tables = ['accounts', 'api_keys', 'ledger_entries', 'ledger_marks', 'charges', 'findings']
    const rows = await Promise.all(
      tables.map((table) => world.sql(`select to_json(t)::text as line from ${table} t`)),
    )
    const kept = [...rows.flat().map(({ line }) => String(line)), ...workerLog()].join('\n')
    expect(kept).toContain(ada.accountId)
    const secrets = [
      ada.apiKey,
      ada.apiKey.slice(-24),
      bob.apiKey,
      operatorToken,
      keySecret,
      canary.slice(0, 30),
    ]
    for (const secret of secrets) expect(kept.includes(secret), `${secret.slice(0, 12)}…`).toBe(false)
  })
})

describe('a bad question is refused by the name of what is wrong', () => {
  // Cases: billing-bugs 60
  test.each([
    ['/v1/generation', 400, 'id'],
    ['/v1/generation?id=%25_%25', 404, 'id'],
    ['/v1/generation?id=gen_0000000000000000000000', 404, 'id'],
    ['/v1/account/usage?limit=0', 400, 'limit'],
    ['/v1/account/usage?from=yesterday', 400, 'from'],
    ['/v1/account/usage?group_by=colour', 400, 'group_by'],
    ["/v1/account/usage?cursor=';--", 400, 'cursor'],
    ['/v1/account/usage?cursor=1.%25_%25', 400, 'cursor'],
    ['/v1/account/transactions?cursor=-1', 400, 'cursor'],
    ['/v1/account/transactions?limit=1.5', 400, 'limit'],
  ])('%s', async (path, status, param) => {
    const answer = await get(path, as(ada))
    expect(answer.status).toBe(status)
    expect(valueAt(answer.body, 'error', 'param')).toBe(param)
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  })
})
