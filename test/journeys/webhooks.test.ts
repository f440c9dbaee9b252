// Customers' webhooks: signed, tried again on a schedule, kept in a log, and never sent where a stranger should not look.

import { Webhook } from 'standardwebhooks'
import { describe, expect, test, vi } from 'vitest'
import type { ReceivedHook } from '../../dev/webhook-inbox.ts'
import { valueAt } from '../world/chat.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { mailsTo } from '../world/mailbox.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

const patience = { timeout: 30_000 }

async function api(accountId: string, method: string, path: string, body?: object): Promise<WireAnswer> {
  const { operatorToken } = sharedWorld()
  const [bare = '', query = ''] = path.split('?')
  const asked = { apiKey: operatorToken, method, path: `/api${bare}?account_id=${accountId}&${query}` }
  return ask(sharedWorld(), body === undefined ? asked : { ...asked, body })
}

const hookUrl = (name: string) => `${sharedWorld().mailboxUrl}/hooks/${name}`

async function received(name: string): Promise<readonly ReceivedHook[]> {
  // The receiver's own list.
  return (await (await fetch(hookUrl(name))).json()) as readonly ReceivedHook[]
}

async function answerWith(name: string, answer: object): Promise<void> {
  await fetch(hookUrl(name), { method: 'PUT', body: JSON.stringify(answer) })
}

type Endpoint = { accountId: string; name: string; id: string; secret: string }

async function endpointOf(more: object = {}): Promise<Endpoint> {
  const { accountId } = await sharedWorld().newAccount({ creditUsd: '5.00' })
  return addEndpoint(accountId, accountId, more)
}

async function addEndpoint(accountId: string, name: string, more: object = {}): Promise<Endpoint> {
  const made = await api(accountId, 'POST', '/webhooks', { url: hookUrl(name), ...more })
  expect(made.status).toBe(201)
  return {
    accountId,
    name,
    id: String(valueAt(made.body, 'id')),
    secret: String(valueAt(made.body, 'secret')),
  }
}

const adjust = (accountId: string, amount: string) =>
  sharedWorld().operator('POST', `/accounts/${accountId}/adjustments`, {
    amount,
    reason: 'a test',
    idempotency_key: `adjust ${amount}`,
  })

/** The test's own message, once the endpoint has answered it. */
async function tryOut({ accountId, id }: Endpoint, status: number | null): Promise<unknown> {
  const sent = await api(accountId, 'POST', `/webhooks/${id}/test`, {})
  expect(sent.status).toBe(202)
  const deliveryId = valueAt(sent.body, 'delivery_id')
  return vi.waitFor(async () => {
    const [newest] = await deliveries({ accountId, id })
    expect(newest).toMatchObject({ id: deliveryId, last_status: status })
    return newest
  }, patience)
}

async function deliveries({
  accountId,
  id,
}: Pick<Endpoint, 'accountId' | 'id'>): Promise<readonly unknown[]> {
  const data = valueAt((await api(accountId, 'GET', `/webhooks/${id}/deliveries`)).body, 'data')
  return Array.isArray(data) ? data : []
}

/** Time passes for what waits, and whatever brings the next task sends it. */
async function later({ id }: Endpoint): Promise<void> {
  await sharedWorld().sql(
    "update webhook_deliveries set due_at = now() - interval '1 second' where endpoint_id = $1 and state = 'waiting'",
    [id],
  )
  const { accountId } = await sharedWorld().newAccount({ creditUsd: '5.00' })
  await adjust(accountId, '-5.00')
}

const show = async ({ accountId, id }: Endpoint) => (await api(accountId, 'GET', `/webhooks/${id}`)).body

function verified(message: ReceivedHook | undefined, secret: string): unknown {
  const { headers = {}, body = '' } = message ?? {}
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  return new Webhook(secret).verify(body, flat)
}

describe('a webhook', () => {
  // Requirements: 75, 76
  test('tells once what has happened, signed by the convention, to those who asked for it', async () => {
    const all = await endpointOf()
    const { accountId } = all
    const some = await addEndpoint(accountId, `${accountId}-some`, { types: ['credit_balance_depleted'] })
    await adjust(accountId, '-4.50')
    await adjust(accountId, '-0.50')
    await vi.waitFor(async () => {
      expect(await received(all.name)).toHaveLength(2)
      expect(await received(some.name)).toHaveLength(1)
    }, patience)
    const messages = (await received(all.name)).map((message) => verified(message, all.secret))
    expect(messages).toContainEqual({
      type: 'credit_balance_low',
      timestamp: expect.any(String),
      data: { account_id: accountId, balance: '0.50', threshold: '1.00' },
    })
    const [used] = await received(some.name)
    expect(verified(used, some.secret)).toMatchObject({ type: 'credit_balance_depleted' })
    await sharedWorld().operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
    await later(all)
    expect(await deliveries(all)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }])
    expect(await received(all.name)).toHaveLength(2)
  })

  // Cases: payments 56
  test('that fails is tried again on its schedule under the same id, and can be asked for again', async () => {
    const endpoint = await endpointOf()
    const { accountId, id, name } = endpoint
    await answerWith(name, { status: 500, body: 'x'.repeat(5_000) })
    const first = await tryOut(endpoint, 500)
    expect(first).toMatchObject({
      type: 'webhook_test',
      state: 'waiting',
      attempts: 1,
      last_answer: 'x'.repeat(1_024),
    })
    const waitMs = Date.parse(String(valueAt(first, 'next_attempt_at'))) - Date.now()
    expect(waitMs).toBeGreaterThan(30_000)
    expect(waitMs).toBeLessThan(61_000)
    await later(endpoint)
    // A try counts from its claim on; only one that is over says when the next one is.
    const over = [{ attempts: 2, next_attempt_at: expect.any(String) }]
    await vi.waitFor(async () => expect(await deliveries(endpoint)).toMatchObject(over), patience)
    // The last of the schedule.
    await sharedWorld().sql('update webhook_deliveries set attempts = 9 where endpoint_id = $1', [id])
    await later(endpoint)
    await vi.waitFor(
      async () => expect(await deliveries(endpoint)).toMatchObject([{ state: 'failed', attempts: 10 }]),
      patience,
    )
    expect(valueAt(await show(endpoint), 'failing_since')).toEqual(expect.any(String))
    await answerWith(name, { status: 204 })
    const deliveryId = String(valueAt(first, 'id'))
    const again = await api(accountId, 'POST', `/webhooks/${id}/redeliver`, { delivery_id: deliveryId })
    expect(again.status).toBe(202)
    await vi.waitFor(
      async () =>
        expect(await deliveries(endpoint)).toMatchObject([{ state: 'delivered', last_status: 204 }]),
      patience,
    )
    const ids = (await received(name)).map(({ headers }) => headers['webhook-id'])
    expect(ids).toEqual(Array.from({ length: 4 }, () => deliveryId))
    expect(valueAt(await show(endpoint), 'failing_since')).toBeNull()
  })

  // Cases: payments 56
  test('to an endpoint that answers 410 switches it off, which its customer is told', async () => {
    const endpoint = await endpointOf()
    const { accountId, id, name } = endpoint
    const email = `${accountId}@customer.example`
    await api(accountId, 'PUT', '/billing-emails', { billing_emails: [email] })
    await answerWith(name, { status: 410 })
    expect(await tryOut(endpoint, 410)).toMatchObject({ state: 'failed' })
    await vi.waitFor(
      async () => expect(await show(endpoint)).toMatchObject({ enabled: false, disabled_reason: 'gone' }),
      patience,
    )
    await later(endpoint)
    await vi.waitFor(async () => expect(await mailsTo(sharedWorld(), email)).toHaveLength(1), patience)
    expect((await mailsTo(sharedWorld(), email))[0]?.subject).toBe('A webhook endpoint has been switched off')
    expect(await api(accountId, 'POST', `/webhooks/${id}/test`, {})).toMatchObject({ status: 400 })
    await answerWith(name, { status: 200 })
    const enabled = await api(accountId, 'PATCH', `/webhooks/${id}`, { enabled: true })
    expect(enabled.body).toMatchObject({ enabled: true, disabled_reason: null })
    expect(await tryOut(endpoint, 200)).toMatchObject({ state: 'delivered' })
  })

  // Cases: payments 56
  test('that has been failing for days switches its endpoint off', async () => {
    const endpoint = await endpointOf()
    await answerWith(endpoint.name, { status: 500 })
    await tryOut(endpoint, 500)
    await sharedWorld().sql(
      "update webhook_endpoints set failing_since = now() - interval '5 days' where id = $1",
      [endpoint.id],
    )
    await later(endpoint)
    await vi.waitFor(
      async () => expect(await show(endpoint)).toMatchObject({ enabled: false, disabled_reason: 'failing' }),
      patience,
    )
  })

  // Cases: payments 56
  test('is signed with two secrets after a rotation, and with the new one alone a day later', async () => {
    const endpoint = await endpointOf()
    const { accountId, id, name, secret } = endpoint
    const rotated = await api(accountId, 'POST', `/webhooks/${id}/rotate`, {})
    const fresh = String(valueAt(rotated.body, 'secret'))
    await tryOut(endpoint, 200)
    const [both] = await received(name)
    for (const one of [secret, fresh]) expect(verified(both, one)).toMatchObject({ type: 'webhook_test' })
    await sharedWorld().sql('update webhook_endpoints set previous_until = now() where id = $1', [id])
    await tryOut(endpoint, 200)
    const newest = (await received(name)).at(-1)
    expect(verified(newest, fresh)).toMatchObject({ type: 'webhook_test' })
    expect(() => verified(newest, secret)).toThrow('No matching signature')
    expect(JSON.stringify(await show(endpoint))).not.toContain('whsec_')
  })

  test('has a secret that whoever reads the database cannot sign with', async () => {
    const endpoint = await endpointOf()
    await api(endpoint.accountId, 'POST', `/webhooks/${endpoint.id}/rotate`, {})
    await tryOut(endpoint, 200)
    const rows = await Promise.all(
      ['webhook_endpoints', 'webhook_deliveries', 'notices', 'ledger_entries'].map((table) =>
        sharedWorld().sql(`select to_json(t)::text from ${table} t`),
      ),
    )
    const text = JSON.stringify(rows)
    expect(text).toContain(endpoint.id)
    expect(text).not.toMatch(/whsec_[\w+/]{20}/)
  })

  test('is not sent elsewhere by a redirect', async () => {
    const endpoint = await endpointOf()
    const elsewhere = `${endpoint.name}-elsewhere`
    await answerWith(endpoint.name, { status: 302, location: hookUrl(elsewhere) })
    expect(await tryOut(endpoint, 302)).toMatchObject({ state: 'waiting' })
    expect(await received(elsewhere)).toEqual([])
  })

  // Cases: payments 56
  test('to a place that has become private is not sent at all', async () => {
    const endpoint = await endpointOf()
    await sharedWorld().sql("update webhook_endpoints set url = 'https://169.254.169.254/' where id = $1", [
      endpoint.id,
    ])
    expect(await tryOut(endpoint, null)).toMatchObject({ state: 'waiting', last_error: 'private_address' })
  })
})

describe('endpoints', () => {
  // Cases: payments 56
  test.each(['https://127.0.0.1/', 'https://2130706433/', 'https://[::1]/', 'http://hooks.customer.com/'])(
    'at %s are refused',
    async (url) => {
      const { accountId } = await sharedWorld().newAccount({ creditUsd: '0' })
      const refused = await api(accountId, 'POST', '/webhooks', { url })
      expect(refused).toMatchObject({ status: 400, errorCode: 'invalid_request' })
      expect(valueAt(refused.body, 'error', 'param')).toBe('url')
    },
  )

  test('are ten at most, changed and deleted by their account alone', async () => {
    const endpoint = await endpointOf({ description: 'ours' })
    const { accountId, id } = endpoint
    const url = hookUrl(accountId)
    const others = await Promise.all(
      Array.from({ length: 12 }, () => api(accountId, 'POST', '/webhooks', { url })),
    )
    expect(others.filter(({ status }) => status === 201)).toHaveLength(9)
    expect(others.filter(({ status }) => status === 400)).toHaveLength(3)
    const stranger = (await sharedWorld().newAccount({ creditUsd: '0' })).accountId
    for (const [method, path, body] of [
      ['GET', `/webhooks/${id}`],
      ['PATCH', `/webhooks/${id}`, { enabled: false }],
      ['POST', `/webhooks/${id}/rotate`, {}],
      ['POST', `/webhooks/${id}/test`, {}],
      ['GET', `/webhooks/${id}/deliveries`],
      ['DELETE', `/webhooks/${id}`],
      ['GET', '/webhooks/we_x'],
    ] as const)
      expect((await api(stranger, method, path, body)).status, `${method} ${path}`).toBe(404)
    expect(await show(endpoint)).toMatchObject({ description: 'ours', enabled: true, url })
    const changed = await api(accountId, 'PATCH', `/webhooks/${id}`, { types: ['receipt'], enabled: false })
    expect(changed.body).toMatchObject({ types: ['receipt'], enabled: false, disabled_reason: 'customer' })
    expect((await api(accountId, 'DELETE', `/webhooks/${id}`)).body).toEqual({ id, deleted: true })
    expect((await api(accountId, 'DELETE', `/webhooks/${id}`)).status).toBe(404)
    const listed = valueAt((await api(accountId, 'GET', '/webhooks')).body, 'data')
    expect(listed).toHaveLength(9)
  })

  test('have a log that is read in pages', async () => {
    const endpoint = await endpointOf()
    const { accountId, id } = endpoint
    for (let times = 0; times < 3; times += 1) await tryOut(endpoint, 200)
    const path = `/webhooks/${id}/deliveries`
    const first = (await api(accountId, 'GET', `${path}?limit=2`)).body
    expect(valueAt(first, 'data')).toHaveLength(2)
    const cursor = String(valueAt(first, 'next_cursor'))
    const rest = (await api(accountId, 'GET', `${path}?limit=2&cursor=${cursor}`)).body
    expect(valueAt(rest, 'data')).toHaveLength(1)
    expect(valueAt(rest, 'next_cursor')).toBeNull()
    for (const query of ['limit=0', 'limit=x', 'cursor=1'])
      expect((await api(accountId, 'GET', `${path}?${query}`)).status).toBe(400)
    const unknown = { delivery_id: 'msg_x' }
    expect((await api(accountId, 'POST', `/webhooks/${id}/redeliver`, unknown)).status).toBe(404)
  })

  test('are no business of whoever has no credential, nor of an account that is none', async () => {
    const { accountId } = await sharedWorld().newAccount({ creditUsd: '0' })
    expect((await ask(sharedWorld(), { path: `/api/webhooks?account_id=${accountId}` })).status).toBe(401)
    const none = await api('acct_w00000000000000', 'POST', '/webhooks', { url: hookUrl('none') })
    expect(none.status).toBe(404)
    const emails = await api('acct_w00000000000000', 'PUT', '/billing-emails', { billing_emails: [] })
    expect(emails.status).toBe(404)
    expect((await askOperator('GET', `/accounts/${accountId}/billing-emails`)).status).toBe(200)
  })
})
