// Every route under `/api` passes one guard: who asks, for which account, in which form. The table of routes is asked, so that a
// new one is tested by being there.

import { beforeAll, describe, expect, test } from 'vitest'
import { consoleRouteTable } from '#console/routes.ts'
import { newBuyer, type Buyer } from '../world/buying.ts'
import type { Account } from '../world/charges.ts'
import { valueAt } from '../world/chat.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const routes = consoleRouteTable
  .filter(({ path }) => path.startsWith('/api/'))
  .map(({ method, path }) => ({
    method: method.toUpperCase(),
    path,
    name: `${method.toUpperCase()} ${path}`,
  }))
const changing = routes.filter(({ method }) => method !== 'GET' && method !== 'DELETE')

/** Well formed, and nobody's. */
const noAccount = 'acct_w00000000000000'
const someId = 'we_0000000000000000000000'

type Door = { readonly method: string; readonly path: string }

/** The request that a route takes, as far as its guard looks. */
function knock({ method, path }: Door, accountId: string | undefined, apiKey?: string): Promise<WireAnswer> {
  const isRead = method === 'GET' || method === 'DELETE'
  const named = accountId === undefined ? {} : { account_id: accountId }
  return ask(sharedWorld(), {
    method,
    path: `${path.replace(/\{\w+\}/, someId)}${isRead && accountId !== undefined ? `?account_id=${accountId}` : ''}`,
    ...(apiKey !== undefined && { apiKey }),
    ...(!isRead && { body: named }),
  })
}

let customer: Account

beforeAll(async () => {
  customer = await sharedWorld().newAccount()
})

test('the table of routes is the whole of them', () => {
  expect(routes.length).toBeGreaterThan(20)
  expect(changing.length).toBeGreaterThan(8)
})

describe.each(routes)('$name', (door) => {
  // Cases: billing-bugs 54
  test('answers nobody without the credential, and no program with an account’s own key', async () => {
    const { accountId, apiKey } = customer
    for (const key of [undefined, apiKey, 'x'.repeat(40)])
      expect(await knock(door, accountId, key)).toMatchObject({ status: 401, errorCode: 'invalid_api_key' })
  })

  // Cases: billing-bugs 54, 59
  test('is about an account that is named and there', async () => {
    const { operatorToken } = sharedWorld()
    expect(await knock(door, undefined, operatorToken)).toMatchObject({ status: 400 })
    expect(await knock(door, 'acct_%', operatorToken)).toMatchObject({ status: 400 })
    const answer = await knock(door, noAccount, operatorToken)
    expect(answer, answer.text).toMatchObject({ status: 404, errorCode: 'not_found' })
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })

  test('is open to no page of somebody else’s', async () => {
    const { operatorToken: apiKey } = sharedWorld()
    const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': door.method }
    const path = door.path.replace(/\{\w+\}/, someId)
    for (const method of ['OPTIONS', door.method]) {
      const body = method === 'GET' || method === 'DELETE' || method === 'OPTIONS' ? {} : { body: {} }
      const answer = await ask(sharedWorld(), { apiKey, method, path, headers, ...body })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
  })
})

describe.each(changing)('$name', ({ method, path }) => {
  const send = (body: string | undefined, headers: { readonly [name: string]: string }) =>
    ask(sharedWorld(), {
      apiKey: sharedWorld().operatorToken,
      method,
      path: path.replace(/\{\w+\}/, someId),
      headers,
      body,
    })

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'account_id=x'],
    ['a form of parts', 'multipart/form-data; boundary=x', '--x--'],
    ['plain text', 'text/plain', '{}'],
    ['what only begins like JSON', 'application/jsonp', '{}'],
    ['nothing at all', '', undefined],
  ])('takes JSON alone, and not %s', async (_name, type, body) => {
    const answer = await send(body, type === '' ? {} : { 'content-type': type })
    expect(answer).toMatchObject({ status: 415, errorCode: 'unsupported_media_type' })
  })

  // Cases: billing-bugs 64
  test('takes no body that is too large, packed or no JSON', async () => {
    const json = { 'content-type': 'application/json; charset=utf-8' }
    const large = await send(JSON.stringify({ account_id: 'x'.repeat(70_000) }), json)
    expect(large).toMatchObject({ status: 413, errorCode: 'body_too_large' })
    const packed = await send('{}', { ...json, 'content-encoding': 'gzip' })
    expect(packed).toMatchObject({ status: 415, errorCode: 'unsupported_encoding' })
    const broken = await send('{"account_id": ', json)
    expect(broken).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  })
})

// Cases: billing-bugs 59
test('what one account has is not there for another one that names it', async () => {
  const [ada, bob] = [await newBuyer(sharedWorld()), await newBuyer(sharedWorld())]
  const { orderId } = await ada.buy('10')
  const hook = await ada.api('POST', '/api/webhooks', { url: `${sharedWorld().mailboxUrl}/hooks/${orderId}` })
  const hookId = String(valueAt(hook.body, 'id'))
  const doors = [
    ['GET', `/api/top-ups/${orderId}`],
    ['GET', `/api/webhooks/${hookId}`],
    ['GET', `/api/webhooks/${hookId}/deliveries`],
    ['DELETE', `/api/webhooks/${hookId}`],
    ['POST', `/api/webhooks/${hookId}/rotate`],
    ['POST', `/api/webhooks/${hookId}/test`],
    ['DELETE', '/api/payment-methods/pm_somebody'],
  ] as const
  const asked = (buyer: Buyer, method: string, path: string) =>
    buyer.api(method, path, method === 'POST' ? {} : undefined)
  for (const [method, path] of doors)
    expect((await asked(bob, method, path)).status, `${method} ${path}`).toBe(404)
  expect((await asked(ada, 'GET', `/api/top-ups/${orderId}`)).status).toBe(200)
  expect((await asked(ada, 'GET', `/api/webhooks/${hookId}`)).status).toBe(200)
})
