// What an endpoint is sent and when, and what its answers make of it.

import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { readAccountId } from '#core/ids.ts'
import { endpointFailsForMs, webhookDelaysMs } from './retry-times.ts'
import { endOf, reasonToDisable } from './send-webhooks.ts'
import { readEndpointChange, readNewEndpoint } from './webhook-input.ts'
import { makeWebhookSecret, webhookBody, webhookHeaders } from './webhook-message.ts'

const accountId = readAccountId('acct_w00000000000001')
if (accountId === undefined) throw new Error('an account id has this form')

const secretOf = (seed: number) => makeWebhookSecret((bytes) => new Uint8Array(bytes).fill(seed))

describe('a message', () => {
  // Cases: payments 56
  test('verifies with either of two secrets by the convention’s own library, and with no other', () => {
    const atMs = Date.now()
    const body = webhookBody({ accountId, type: 'receipt', figures: { amount: '1.00' }, atMs })
    const headers = webhookHeaders({ id: 'msg_1', body, atMs, secrets: [secretOf(2), secretOf(1)] })
    const read = {
      type: 'receipt',
      timestamp: new Date(atMs).toISOString(),
      data: { account_id: accountId, amount: '1.00' },
    }
    for (const secret of [secretOf(1), secretOf(2)])
      expect(new Webhook(secret).verify(body, headers)).toEqual(read)
    expect(() => new Webhook(secretOf(3)).verify(body, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secretOf(1)).verify(`${body} `, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secretOf(1)).verify(body, { ...headers, 'webhook-id': 'msg_2' })).toThrow()
  })

  test('has a secret of the usual form, and never more than its 20 KB', () => {
    expect(secretOf(7)).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/)
    const figures = { reference: 'a'.repeat(20_000) }
    expect(() => webhookBody({ accountId, type: 'receipt', figures, atMs: 0 })).toThrow('few figures')
  })
})

describe('a delivery', () => {
  // Cases: payments 56
  test('that fails is tried again on its schedule, and given up after nearly four days', () => {
    const ends = Array.from({ length: 10 }, (_, at) => endOf({ status: 500 }, at + 1))
    expect(ends.slice(0, -1)).toEqual(webhookDelaysMs.map((dueMs) => ({ state: 'waiting', dueMs })))
    expect(ends.at(-1)).toEqual({ state: 'failed', dueMs: 0 })
    expect(webhookDelaysMs.slice(0, 3)).toEqual([minuteMs, 5 * minuteMs, 30 * minuteMs])
    expect(webhookDelaysMs.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(3 * dayMs)
  })

  test.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [302, 'waiting'],
    [404, 'waiting'],
    [429, 'waiting'],
    [503, 'waiting'],
    [null, 'waiting'],
    [410, 'failed'],
  ])('that is answered %s is %s', (status, state) => {
    expect(endOf({ status }, 1).state).toBe(state)
  })
})

describe('an endpoint', () => {
  // Cases: payments 56
  test.each([
    [410, null, 'gone'],
    [500, 0, 'failing'],
    [null, 0, 'failing'],
    [200, 0, undefined],
    [500, null, undefined],
    [500, hourMs, undefined],
  ])('that answers %s and has failed since %s is disabled as %s', (status, failingSinceMs, reason) => {
    expect(reasonToDisable({ failingSinceMs }, { status }, endpointFailsForMs)).toBe(reason)
  })

  const url = 'https://hooks.customer.com/'

  test('is made of an address, and of a text and types where they are given', () => {
    expect(readNewEndpoint({ url }, undefined)).toEqual({
      ok: true,
      value: { url, description: '', types: null },
    })
    const types = ['receipt', 'receipt', 'credit_balance_low']
    expect(readNewEndpoint({ url, description: 'ours', types }, undefined)).toEqual({
      ok: true,
      value: { url, description: 'ours', types: ['receipt', 'credit_balance_low'] },
    })
    expect(readEndpointChange({ enabled: true, types: null }, undefined)).toEqual({
      ok: true,
      value: { isEnabled: true, types: null },
    })
  })

  test.each([
    [{}, 'url'],
    [{ url: 'http://hooks.customer.com/' }, 'url'],
    [{ url: 'https://10.0.0.1/' }, 'url'],
    [{ url, description: 'a\nb' }, 'description'],
    [{ url, description: 'a'.repeat(201) }, 'description'],
    [{ url, types: [] }, 'types'],
    [{ url, types: ['receipts'] }, 'types'],
    [{ url, types: 'receipt' }, 'types'],
    [{ url, secret: 'whsec_mine' }, 'secret'],
  ])('is refused where it is %j', (body, param) => {
    expect(readNewEndpoint(body, undefined)).toMatchObject({ ok: false, param })
  })

  test('is changed by what is named, and by nothing else', () => {
    expect(readEndpointChange({}, undefined)).toMatchObject({ ok: false })
    expect(readEndpointChange({ enabled: 1 }, undefined)).toMatchObject({ ok: false, param: 'enabled' })
    expect(readEndpointChange({ url: 'https://localhost/' }, undefined)).toMatchObject({
      ok: false,
      param: 'url',
    })
  })
})
