// The operator API from outside: accounts, credit and keys, and what it refuses.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { sharedWorld } from '../world/shared-world.ts'

async function call(method: string, path: string, body?: unknown, token = sharedWorld().operatorToken) {
  const response = await fetch(`${sharedWorld().baseUrl}/operator/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  return { status: response.status, headers: response.headers, body: answer }
}

async function openAccount(): Promise<string> {
  return String(valueAt((await call('POST', '/accounts', { name: 'Ada' })).body, 'id'))
}

async function mayRead(apiKey: unknown): Promise<number> {
  const response = await fetch(`${sharedWorld().baseUrl}/v1/credits`, {
    headers: { authorization: `Bearer ${String(apiKey)}` },
  })
  return response.status
}

const refusal = (status: number, code: string, param: string | null) => ({
  status,
  body: { error: { code, param } },
})

describe('an operator', () => {
  test('opens an account, gives it limits and credit, and reads it all back', async () => {
    const opened = await call('POST', '/accounts', {
      name: 'Ada',
      region: 'apac',
      settings: { rpm: 7, monthly_spend_limit: '25' },
    })
    expect(opened.status).toBe(201)
    expect(opened.headers.get('cache-control')).toBe('private, no-store')
    const id = String(valueAt(opened.body, 'id'))
    expect(id).toMatch(/^acct_a/)
    const changed = await call('PATCH', `/accounts/${id}`, { tpm: 9_000, frozen: true, reason: 'a test' })
    expect(changed.status).toBe(200)
    const grant = { amount: '12.5', reason: 'start', idempotency_key: 'g1' }
    expect((await call('POST', `/accounts/${id}/grants`, grant)).status).toBe(201)
    expect(await call('GET', `/accounts/${id}`)).toMatchObject({
      status: 200,
      body: {
        id,
        name: 'Ada',
        region: 'apac',
        balance: '12.50',
        rpm: 7,
        tpm: 9_000,
        monthly_spend_limit: '25.00',
        frozen: true,
        keys: [],
      },
    })
  })

  test('grants credit once, however often the request is repeated, at once or later', async () => {
    const id = await openAccount()
    const grant = { amount: '5.00', reason: 'start', idempotency_key: 'again' }
    const answers = await Promise.all([1, 2, 3, 4].map(() => call('POST', `/accounts/${id}/grants`, grant)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(await call('POST', `/accounts/${id}/grants`, { ...grant, amount: '6.00' })).toMatchObject(
      refusal(422, 'idempotency_key_reused', 'idempotency_key'),
    )
    expect(await call('GET', `/accounts/${id}`)).toMatchObject({ body: { balance: '5.00' } })
  })

  test('changes an account once per idempotency key, however late the repeat', async () => {
    const id = await openAccount()
    const change = { rpm: 9, reason: 'a test', idempotency_key: 'c1' }
    await call('PATCH', `/accounts/${id}`, change)
    await call('PATCH', `/accounts/${id}`, { rpm: 5, reason: 'a test', idempotency_key: 'c2' })
    expect(await call('PATCH', `/accounts/${id}`, change)).toMatchObject({ status: 200, body: { rpm: 5 } })
  })

  // Cases: billing-bugs 29
  test('issues keys under different numbers at the same moment, and revoking one moves no money', async () => {
    const id = await openAccount()
    await call('POST', `/accounts/${id}/grants`, { amount: '5.00', reason: 'r', idempotency_key: 'k' })
    const issued = await Promise.all(
      [1, 2, 3, 4].map(() => call('POST', `/accounts/${id}/keys`, { name: 'k' })),
    )
    expect(new Set(issued.map(({ body }) => valueAt(body, 'key_number')))).toEqual(new Set([1, 2, 3, 4]))
    const key = valueAt(issued[0]?.body, 'key')
    expect(await mayRead(key)).toBe(200)
    const number = String(valueAt(issued[0]?.body, 'key_number'))
    expect(await call('DELETE', `/accounts/${id}/keys/${number}`)).toMatchObject({ status: 200 })
    expect(await call('DELETE', `/accounts/${id}/keys/${number}`)).toMatchObject({ status: 200 })
    expect(await mayRead(key)).toBe(403)
    expect(await mayRead(valueAt(issued[1]?.body, 'key'))).toBe(200)
    const { body } = await call('GET', `/accounts/${id}`)
    expect(valueAt(body, 'balance')).toBe('5.00')
    expect(JSON.stringify(body)).not.toContain(String(key).slice(-20))
  })

  test('cannot issue more keys than the account may have', async () => {
    const id = await openAccount()
    await call('PATCH', `/accounts/${id}`, { keys_max: 1, reason: 'a test' })
    expect((await call('POST', `/accounts/${id}/keys`, { name: 'one' })).status).toBe(201)
    const second = await call('POST', `/accounts/${id}/keys`, { name: 'two' })
    expect(second).toMatchObject(refusal(400, 'invalid_request', null))
    expect(valueAt(second.body, 'error', 'message')).toContain('keys_max')
  })

  test('hears it when there is no such account or key, and nothing comes into being', async () => {
    const nobody = 'acct_e00000000000000'
    const grant = { amount: '1', reason: 'r', idempotency_key: 'k' }
    for (const [method, path, body] of [
      ['GET', `/accounts/${nobody}`, undefined],
      ['GET', '/accounts/nonsense', undefined],
      ['POST', `/accounts/${nobody}/grants`, grant],
      ['POST', `/accounts/${nobody}/keys`, { name: 'k' }],
      ['PATCH', `/accounts/${nobody}`, { rpm: 1, reason: 'r' }],
      ['POST', `/accounts/${nobody}/resend`, undefined],
      ['DELETE', `/accounts/${nobody}/keys/1`, undefined],
    ] as const)
      expect(await call(method, path, body), `${method} ${path}`).toMatchObject(
        refusal(404, 'not_found', null),
      )
    const id = await openAccount()
    expect(await call('DELETE', `/accounts/${id}/keys/9`)).toMatchObject(refusal(404, 'not_found', null))
    expect(await call('GET', `/accounts/${nobody}`)).toMatchObject({ status: 404 })
  })
})

describe('the operator API refuses', () => {
  // Cases: billing-bugs 55, 66
  test('every other credential, an API key of an account included', async () => {
    const { apiKey } = await sharedWorld().newAccount()
    const { operatorToken } = sharedWorld()
    for (const token of [apiKey, `${operatorToken}x`, operatorToken.slice(1), "' or 1=1 --"]) {
      const answer = await call('GET', '/findings', undefined, token)
      expect(answer).toMatchObject(refusal(401, 'invalid_api_key', null))
    }
  })

  // Cases: billing-bugs 56
  test('fields that are not offered, by name, and changes nothing', async () => {
    const id = await openAccount()
    for (const [method, path, body, param] of [
      ['POST', '/accounts', { name: 'x', balance: '100' }, 'balance'],
      ['PATCH', `/accounts/${id}`, { rpm: 5, credits: '100', reason: 'r' }, 'credits'],
      ['POST', `/accounts/${id}/keys`, { name: 'k', user_role: 'proxy_admin' }, 'user_role'],
      [
        'POST',
        `/accounts/${id}/grants`,
        { amount: '1', reason: 'r', idempotency_key: 'k', kind: 'purchase' },
        'kind',
      ],
    ] as const)
      expect(await call(method, path, body), path).toMatchObject(refusal(400, 'invalid_request', param))
    expect(await call('GET', `/accounts/${id}`)).toMatchObject({
      body: { rpm: 50, balance: '0.00', keys: [] },
    })
  })

  // Cases: billing-bugs 30
  test('amounts that are no positive decimal text', async () => {
    const id = await openAccount()
    for (const amount of ['-1000', -1000, 5, '0', '1e3', null, '1000001'])
      expect(
        await call('POST', `/accounts/${id}/grants`, { amount, reason: 'r', idempotency_key: 'k' }),
        String(amount),
      ).toMatchObject(refusal(400, 'invalid_request', 'amount'))
    expect(await call('GET', `/accounts/${id}`)).toMatchObject({ body: { balance: '0.00' } })
  })

  test('a balance beyond what one account may hold', async () => {
    const id = await openAccount()
    const grant = (idempotency_key: string) => ({ amount: '1000000', reason: 'r', idempotency_key })
    expect((await call('POST', `/accounts/${id}/grants`, grant('one'))).status).toBe(201)
    expect(await call('POST', `/accounts/${id}/grants`, grant('two'))).toMatchObject(
      refusal(400, 'invalid_request', 'amount'),
    )
  })

  test('a body that is no JSON, or none at all', async () => {
    const id = await openAccount()
    expect(await call('POST', `/accounts/${id}/grants`, '{"amount": ')).toMatchObject(
      refusal(400, 'invalid_request', null),
    )
    expect(await call('POST', '/accounts')).toMatchObject(refusal(400, 'invalid_request', null))
    expect(await call('POST', '/accounts', `{"name": "${'x'.repeat(70_000)}"}`)).toMatchObject(
      refusal(413, 'body_too_large', null),
    )
  })
})
