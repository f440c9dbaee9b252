// A customer's own keys through /v1/keys: made, limited, rotated, deleted, and never beyond what the key that asks has.

import { beforeAll, describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { type Account, presentOf, settledCharges } from '../world/charges.ts'
import { ask, chatOf, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { range } from '../world/storm.ts'

const short = { inputTokens: 10, tokens: 2 }
const call = (apiKey: string) => ask(sharedWorld(), { apiKey, body: chatOf(short) })
const keys = (apiKey: string, method: string, path = '', body?: object) =>
  ask(sharedWorld(), { apiKey, method, path: `/v1/keys${path}`, ...(body === undefined ? {} : { body }) })
const secretOf = (answer: WireAnswer) => String(valueAt(answer.body, 'key'))
const idOf = (answer: WireAnswer) => String(valueAt(answer.body, 'id'))

const everything = ['inference', 'balance:read', 'keys:manage']
const managed = (key: object = {}) => sharedWorld().newAccount({ key: { scopes: everything, ...key } })

let account: Account

beforeAll(async () => {
  account = await managed()
})

describe('a key with keys:manage', () => {
  // Cases: billing-bugs 29
  // Requirements: 29, 30
  test('makes, shows, edits, rotates and deletes keys, and the balance stays', async () => {
    const before = await presentOf(sharedWorld(), account)
    const limits = [{ window: 'month', amount: '1.00' }]
    const made = await keys(account.apiKey, 'POST', '', { name: 'app', limits, rpm: 7 })
    expect(made).toMatchObject({ status: 201, body: { name: 'app', rpm: 7, state: 'active' } })
    expect((await call(secretOf(made))).status).toBe(200)
    await settledCharges(sharedWorld(), account)
    const id = idOf(made)
    const shown = await keys(account.apiKey, 'GET', `/${id}`)
    expect(shown.text).not.toContain(secretOf(made))
    const used = valueAt(shown.body, 'used')
    expect(used).not.toBe('0.00')

    const edited = await keys(account.apiKey, 'PATCH', `/${id}`, { name: 'web', limits: [], tpm: 90_000 })
    expect(edited).toMatchObject({ status: 200, body: { name: 'web', limits: [], tpm: 90_000, rpm: 7 } })

    const rotated = await keys(account.apiKey, 'POST', `/${id}/rotate`, { grace_seconds: 3_600 })
    expect(rotated).toMatchObject({ status: 201, body: { name: 'web', rpm: 7, used } })
    expect((await call(secretOf(rotated))).status).toBe(200)
    expect((await call(secretOf(made))).status, 'the old one has its grace').toBe(200)

    const deleted = await keys(account.apiKey, 'DELETE', `/${idOf(rotated)}`)
    expect(deleted).toMatchObject({ status: 200, body: { deleted: true } })
    expect(await call(secretOf(rotated))).toMatchObject({ status: 403, errorCode: 'key_disabled' })
    const charges = await settledCharges(sharedWorld(), account)
    const spent = charges.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
    expect(await presentOf(sharedWorld(), account)).toMatchObject({
      balanceNanoUsd: before.balanceNanoUsd + before.spentNanoUsd - spent,
    })
  })

  test('lists keys page by page, without those that are deleted', async () => {
    const own = await managed()
    const made = await Promise.all(range(4, (n) => keys(own.apiKey, 'POST', '', { name: `k${n}` })))
    const [first] = made
    if (first !== undefined) await keys(own.apiKey, 'DELETE', `/${idOf(first)}`)
    const names: unknown[] = []
    let cursor = ''
    for (let page = 0; page < 3; page += 1) {
      const answer = await keys(own.apiKey, 'GET', `?limit=2${cursor}`)
      const data = valueAt(answer.body, 'data')
      if (Array.isArray(data)) names.push(...data.map((key: unknown) => valueAt(key, 'id')))
      const next = valueAt(answer.body, 'next_cursor')
      cursor = `&cursor=${String(next)}`
      if (next === null) break
    }
    expect(names).toEqual([...new Set(names)])
    expect(names).toHaveLength(4)
  })

  // Cases: billing-bugs 31
  test('disables a key, whose next call is refused, and enables it again', async () => {
    const made = await keys(account.apiKey, 'POST', '', { name: 'switch', disabled: true })
    expect(valueAt(made.body, 'state')).toBe('disabled')
    expect((await keys(account.apiKey, 'PATCH', `/${idOf(made)}`, { disabled: false })).status).toBe(200)
    expect((await call(secretOf(made))).status).toBe(200)
    await keys(account.apiKey, 'PATCH', `/${idOf(made)}`, { disabled: true })
    expect(await call(secretOf(made))).toMatchObject({ status: 403, errorCode: 'key_disabled' })
  })

  test('gives a key rates of its own, which refuse by name while other keys go on', async () => {
    const made = await keys(account.apiKey, 'POST', '', { name: 'slow', rpm: 1 })
    const first = await call(secretOf(made))
    expect(first.status).toBe(200)
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('1')
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    for (const refused of [await call(secretOf(made)), await call(secretOf(made))]) {
      expect(refused).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
      expect(refused.headers.get('x-ratelimit-limit-requests')).toBe('1')
      expect(refused.message).toContain('This API key may use 1 requests per minute.')
      expect(valueAt(refused.body, 'error', 'metadata')).toMatchObject({
        limit_source: 'key_rpm',
        limit: 1,
        remaining: 0,
        resets_in_seconds: expect.any(Number),
      })
    }
    expect((await call(account.apiKey)).status).toBe(200)
  })
})

describe('refused', () => {
  // Cases: billing-bugs 56
  test.each([
    [{ name: 'x', user_role: 'admin' }, 'user_role'],
    [{ name: 'x', allowed_routes: ['/operator/*'] }, 'allowed_routes'],
    [{ name: 'x', scopes: ['operator'] }, 'scopes'],
    [{ name: 'x', balance: '100' }, 'balance'],
    [{ name: 'x', secret_hash: '0'.repeat(64) }, 'secret_hash'],
  ])('%j names the field that nobody may set', async (body, param) => {
    for (const answer of [
      await keys(account.apiKey, 'POST', '', body),
      await keys(account.apiKey, 'PATCH', '/1', body),
    ]) {
      expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
      expect(valueAt(answer.body, 'error', 'param')).toBe(param)
    }
  })

  // Cases: billing-bugs 56
  test('a key that has limits or fewer scopes gives nobody more than it has, itself included', async () => {
    const own = await managed({ scopes: ['keys:manage', 'inference'], rpm: 100 })
    for (const answer of [
      await keys(own.apiKey, 'POST', '', { name: 'free' }),
      await keys(own.apiKey, 'POST', '', { name: 'reads', scopes: ['balance:read'] }),
      await keys(own.apiKey, 'PATCH', '/1', { rpm: null }),
      await keys(own.apiKey, 'PATCH', '/1', { scopes: everything }),
    ]) {
      expect(answer).toMatchObject({ status: 403, errorCode: 'insufficient_role' })
    }
    expect((await keys(own.apiKey, 'PATCH', '/1', { rpm: 99 })).status).toBe(200)
  })

  test('every route without the scope, with 403 insufficient_role', async () => {
    const plain = await sharedWorld().newAccount()
    const answers = [
      await keys(plain.apiKey, 'GET'),
      await keys(plain.apiKey, 'POST', '', { name: 'x' }),
      await keys(plain.apiKey, 'GET', '/1'),
      await keys(plain.apiKey, 'PATCH', '/1', { name: 'x' }),
      await keys(plain.apiKey, 'POST', '/1/rotate', {}),
      await keys(plain.apiKey, 'DELETE', '/1'),
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 403, errorCode: 'insufficient_role' })
    }
    expect((await call(plain.apiKey)).status).toBe(200)
  })

  test('what another account has is not there', async () => {
    for (const [method, path] of [
      ['GET', '/77'],
      ['PATCH', '/77'],
      ['POST', '/77/rotate'],
      ['DELETE', '/77'],
      ['GET', '/acct_x'],
    ] as const) {
      const body =
        method === 'GET' || method === 'DELETE' ? undefined : path.endsWith('rotate') ? {} : { rpm: 1 }
      expect(await keys(account.apiKey, method, path, body)).toMatchObject({ status: 404 })
    }
  })

  // Requirements: 30
  test('a key beyond keys_max, until the operator raises it', async () => {
    const own = await sharedWorld().newAccount({ settings: { keys_max: 1 }, key: { scopes: everything } })
    const beyond = await keys(own.apiKey, 'POST', '', { name: 'x' })
    expect(beyond).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    expect(beyond.message).toContain('keys_max')
    await sharedWorld().operator('PATCH', `/accounts/${own.accountId}`, { keys_max: 2, reason: 'a test' })
    expect((await keys(own.apiKey, 'POST', '', { name: 'x' })).status).toBe(201)
  })

  test('a key without inference calls nothing, one without balance:read reads its own figures alone', async () => {
    const reader = await keys(account.apiKey, 'POST', '', { name: 'r', scopes: ['balance:read'] })
    expect(await call(secretOf(reader))).toMatchObject({ status: 403, errorCode: 'insufficient_role' })
    const caller = await keys(account.apiKey, 'POST', '', { name: 'c', scopes: ['inference'] })
    const read = (path: string) => ask(sharedWorld(), { apiKey: secretOf(caller), path })
    expect((await call(secretOf(caller))).status).toBe(200)
    expect((await read('/v1/key')).status).toBe(200)
    expect(await read('/v1/account')).toMatchObject({ status: 403, errorCode: 'insufficient_role' })
  })
})

// Cases: billing-bugs 57
test('Authorization and x-api-key lead to the same decision, and two different keys to none', async () => {
  const bound = await keys(account.apiKey, 'POST', '', { name: 'b', allowed_models: ['gpt-6-luna'] })
  const secret = secretOf(bound)
  const as = (headers: { readonly [name: string]: string }) =>
    ask(sharedWorld(), { body: chatOf(short), headers })
  const answers = [
    await as({ authorization: `Bearer ${secret}` }),
    await as({ 'x-api-key': secret }),
    await as({ authorization: `Bearer ${secret}`, 'x-api-key': secret }),
  ]
  for (const answer of answers) expect(answer).toMatchObject({ status: 403, errorCode: 'model_not_allowed' })
  const both = await as({ authorization: `Bearer ${secret}`, 'x-api-key': account.apiKey })
  expect(both).toMatchObject({ status: 401, errorCode: 'invalid_api_key' })
})
