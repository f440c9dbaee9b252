// Every address that a key can reach either costs something and says so in the books, or is marked as free and costs nothing.

import { expect, test } from 'vitest'
import { gatewayRouteTable } from '#gateway/route-table.ts'
import { keysRouteTable } from '#keys/routes.ts'
import { readingRouteTable } from '#reading/routes.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { movementsOf, settledCharges } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

const routes = [...gatewayRouteTable, ...readingRouteTable, ...keysRouteTable]
const addressOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

/** A request of each charged route that is served. A new charged route has to be added here, or the test fails. */
const requests: { readonly [address: string]: object } = {
  'post /v1/chat/completions': chatOf({ tokens: 3 }),
  'post /v1/responses': {
    model: 'gpt-5.4-mini',
    max_output_tokens: 200,
    input: directiveText({ tokens: 3 }),
  },
  'post /v1/messages': {
    model: 'claude-haiku-4-5',
    max_tokens: 200,
    messages: [{ role: 'user', content: directiveText({ tokens: 3 }) }],
  },
  'post /v1/completions': { model: 'gpt-5.4-mini', prompt: directiveText({ tokens: 3 }) },
  'post /v1/embeddings': { model: 'text-embedding-3-small', input: 'Hello' },
  'post /v1/meter': { consumable: 'sms', quantity: 1, idempotency_key: 'one' },
}

const scopes = ['inference', 'balance:read', 'keys:manage']

// Cases: billing-bugs 21
test('a charged route that answers with success has written its entry', async () => {
  const chargedRoutes = routes.filter(({ charged }) => charged)
  expect(chargedRoutes.map(addressOf).toSorted()).toEqual(Object.keys(requests).toSorted())
  for (const { method, path } of chargedRoutes) {
    const account = await sharedWorld().newAccount()
    const body = requests[addressOf({ method, path })]
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, method: 'POST', path, body })
    expect(answer.status, path).toBe(200)
    const charges = await settledCharges(sharedWorld(), account)
    expect(charges, path).toHaveLength(1)
    expect(charges[0]?.costNanoUsd, path).toBeGreaterThan(0)
  }
})

// Cases: billing-bugs 21
test('a route that is marked as free moves no money, whatever it answers', async () => {
  const { accountId } = await sharedWorld().newAccount({ creditUsd: '1.00' })
  // The routes that take a key's number try theirs on the first.
  const spare = { name: 'spare', scopes }
  const made = await askOperator('POST', `/accounts/${accountId}/keys`, spare)
  expect(made.status, made.text).toBe(201)
  const apiKey = String(valueAt(made.body, 'key'))
  const before = await movementsOf(sharedWorld(), { accountId, apiKey })
  const free = routes.filter(({ charged, path }) => !charged && !path.endsWith('/events'))
  let served = 0
  for (const { method, path } of free) {
    const address = path.replaceAll(/\{\w+\}/g, '1')
    const body = method === 'get' || method === 'delete' ? undefined : { name: 'of a free route' }
    const answer = await ask(sharedWorld(), { apiKey, method: method.toUpperCase(), path: address, body })
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(500)
    if (answer.status < 300) served += 1
  }
  expect(served).toBeGreaterThan(free.length / 2)
  expect(await movementsOf(sharedWorld(), { accountId, apiKey })).toEqual(before)
})

// Cases: billing-bugs 35
test('credit that was confirmed to one client is there for every other at once', async () => {
  const { accountId, apiKey } = await sharedWorld().newAccount({ creditUsd: '0' })
  const other = await askOperator('POST', `/accounts/${accountId}/keys`, { name: 'another client' })
  const keys = [apiKey, String(valueAt(other.body, 'key'))]
  for (let times = 1; times <= 5; times += 1) {
    const grant = { amount: '1.00', reason: 'a test', idempotency_key: `grant ${times}` }
    expect(await askOperator('POST', `/accounts/${accountId}/grants`, grant)).toMatchObject({ status: 201 })
    const read = await Promise.all(
      keys.flatMap((key) =>
        Array.from({ length: 5 }, () => ask(sharedWorld(), { apiKey: key, path: '/v1/account' })),
      ),
    )
    const balances = new Set(read.map(({ body }) => valueAt(body, 'current_balance')))
    expect([...balances]).toEqual([`${times}.00`])
  }
})
