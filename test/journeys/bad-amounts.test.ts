// Every door through which an amount or a count can come in, with everything that is none: 400 with the field's name, no entry,
// nothing changed. Written as JSON text, so that what JSON cannot say (NaN) or says too largely (1e309) goes in as well.

import { beforeAll, describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

/** Each as it stands in the body; none is an amount of dollars at any door. */
const noAmounts = [
  '-5',
  '5',
  '0.5',
  '1e309',
  'true',
  '[]',
  '{}',
  '"-1"',
  '"-0.000000001"',
  '"0.0000000001"',
  '"1e3"',
  '"NaN"',
  '"Infinity"',
  '"five"',
  '""',
  '" 1"',
  '"1,5"',
  '"0x10"',
  '"٥"',
  '"9007199254740993"',
  '"99999999999999999999999999"',
]
/** An amount below zero is what an adjustment is for. */
const negative = new Set(['"-1"', '"-0.000000001"'])
const noCounts = ['-1', '0.5', '1e309', '"5"', '1000000001', '9007199254740993', 'true', '[]', '{}', '""']

/** Nor is a date in the past, or a number where a date belongs. */
const noDates = [
  '-1',
  '0',
  '0.5',
  '1e309',
  '4102444800000',
  '"2020-01-01"',
  '"-1"',
  '"NaN"',
  'true',
  '[]',
  '{}',
]

/** How a door writes the value into its body, and the field that the refusal names. */
type Door = {
  param: string
  method: string
  path: string
  body: (value: string) => string
  values: readonly string[]
}

/** What may be said about a key, by whoever makes or changes one. */
const keyDoors = (method: string, path: string, rest: string): readonly Door[] => [
  ...['limits', 'end_user_limits'].map((list) => ({
    param: `${list}[0].amount`,
    method,
    path,
    body: (value: string) => `{${rest}"${list}":[{"window":"day","amount":${value}}]}`,
    values: [...noAmounts, 'null', '"0"'],
  })),
  ...['rpm', 'tpm', 'in_flight'].map((field) => ({
    param: field,
    method,
    path,
    body: (value: string) => `{${rest}"${field}":${value}}`,
    values: noCounts,
  })),
  {
    param: 'expires_at',
    method,
    path,
    body: (value) => `{${rest}"expires_at":${value}}`,
    values: noDates,
  },
]

const granted = (value: string) => `{"amount":${value},"reason":"r","idempotency_key":"k"}`
const patched = (field: string) => (value: string) => `{"${field}":${value},"reason":"r"}`
const operatorDoors: readonly Door[] = [
  { param: 'amount', method: 'POST', path: '/grants', body: granted, values: [...noAmounts, 'null', '"0"'] },
  {
    param: 'amount',
    method: 'POST',
    path: '/adjustments',
    body: granted,
    values: [...noAmounts.filter((value) => !negative.has(value)), 'null', '"0"', '"-1000000.01"'],
  },
  {
    param: 'amount',
    method: 'POST',
    path: '/reversals',
    body: (value) =>
      `{"generation_id":"gen_0000000000000000000000","amount":${value},"reason":"r","idempotency_key":"k"}`,
    values: [...noAmounts, 'null', '"0"'],
  },
  {
    param: 'amount',
    method: 'POST',
    path: '/refunds',
    body: (value) => `{"amount":${value},"reason":"r","idempotency_key":"k"}`,
    values: [...noAmounts, 'null', '"0"'],
  },
  ...['credit_limit', 'low_balance_threshold'].map((field) => ({
    param: field,
    method: 'PATCH',
    path: '',
    body: patched(field),
    values: [...noAmounts, 'null'],
  })),
  {
    param: 'monthly_spend_limit',
    method: 'PATCH',
    path: '',
    body: patched('monthly_spend_limit'),
    values: noAmounts,
  },
  {
    param: 'end_user_limits[0].amount',
    method: 'PATCH',
    path: '',
    body: (value) => `{"reason":"r","end_user_limits":[{"window":"day","amount":${value}}]}`,
    values: [...noAmounts, 'null', '"0"'],
  },
  ...['rpm', 'tpm', 'in_flight', 'keys_max'].map((field) => ({
    param: field,
    method: 'PATCH',
    path: '',
    body: patched(field),
    values: [...noCounts, 'null'],
  })),
  {
    param: 'expires_in_days',
    method: 'POST',
    path: '/grants',
    body: (value) => `{"amount":"1","reason":"r","idempotency_key":"k","expires_in_days":${value}}`,
    values: [...noCounts, '0', '3651'],
  },
  {
    param: 'anchor_day',
    method: 'PUT',
    path: '/plan',
    body: (value) => `{"plan":"free","reason":"r","idempotency_key":"k","anchor_day":${value}}`,
    values: [...noCounts, '0', '29'],
  },
  {
    param: 'from',
    method: 'POST',
    path: '/resend',
    body: (value) => `{"from":${value}}`,
    values: [...noCounts, 'null', '0', '2'],
  },
  ...keyDoors('POST', '/keys', '"name":"k",'),
  ...keyDoors('PATCH', '/keys/1', ''),
]

const customerDoors: readonly Door[] = [
  ...keyDoors('POST', '/v1/keys', '"name":"k",'),
  ...keyDoors('PATCH', '/v1/keys/1', ''),
  {
    param: 'grace_seconds',
    method: 'POST',
    path: '/v1/keys/1/rotate',
    body: (value) => `{"grace_seconds":${value}}`,
    values: [...noCounts, '86401'],
  },
  {
    param: 'quantity',
    method: 'POST',
    path: '/v1/meter',
    body: (value) => `{"consumable":"sms","quantity":${value},"idempotency_key":"k"}`,
    values: [...noCounts, 'null', '0'],
  },
]

let account: { accountId: string; apiKey: string }
let before: unknown

/** All that an amount could have changed: figures, settings, keys and every entry. */
async function standing(): Promise<unknown> {
  const { accountId } = account
  const shown = (await askOperator('GET', `/accounts/${accountId}`)).body
  const { status, body } = await askOperator('GET', `/accounts/${accountId}/statement`)
  expect(status).toBe(200)
  return { shown, statement: body }
}

beforeAll(async () => {
  const key = { scopes: ['inference', 'balance:read', 'keys:manage'] }
  account = await sharedWorld().newAccount({ creditUsd: '1.00', key })
  before = figuresOf(await standing())
})

/** What moves by itself (times, what Postgres has confirmed by now) is left out. */
function figuresOf(value: unknown): unknown {
  const shown = valueAt(value, 'shown')
  const names = ['balance', 'held', 'credit_limit', 'monthly_spend_limit', 'low_balance_threshold'] as const
  const limits = ['rpm', 'tpm', 'in_flight', 'keys_max', 'end_user_limits', 'keys'] as const
  return {
    head: valueAt(shown, 'entries', 'head'),
    ...Object.fromEntries([...names, ...limits].map((name) => [name, valueAt(shown, name)])),
  }
}

// Cases: billing-bugs 30
describe.each([
  ['the operator', operatorDoors],
  ['a customer', customerDoors],
])('what is no amount is refused by its field and changes nothing: %s', (who, doors) => {
  test.each(doors)('$method $path, $param', async ({ method, path, body, param, values }) => {
    for (const value of values) {
      const headers = { 'content-type': 'application/json' }
      const answer =
        who === 'the operator'
          ? await askOperator(method, `/accounts/${account.accountId}${path}`, body(value))
          : await ask(sharedWorld(), {
              apiKey: account.apiKey,
              method,
              path,
              headers,
              body: body(value),
            })
      expect([answer.status, answer.errorCode, valueAt(answer.body, 'error', 'param')], value).toEqual([
        400,
        'invalid_request',
        param,
      ])
    }
    expect(figuresOf(await standing())).toEqual(before)
  })

  test('a number that JSON does not know', async () => {
    for (const { method, path, body } of doors) {
      const answer =
        who === 'the operator'
          ? await askOperator(method, `/accounts/${account.accountId}${path}`, body('NaN'))
          : await ask(sharedWorld(), { apiKey: account.apiKey, method, path, body: body('NaN') })
      expect([answer.status, answer.errorCode], path).toEqual([400, 'invalid_request'])
    }
    expect(figuresOf(await standing())).toEqual(before)
  })
})

// Cases: billing-bugs 30
test.each(operatorDoors.filter(({ path, method }) => path === '' && method === 'PATCH'))(
  'an account with what is no amount is not opened: settings.$param',
  async ({ param, body, values }) => {
    const name = `never opened with ${param}`
    for (const value of values) {
      const settings = body(value).replace(',"reason":"r"', '').replace('"reason":"r",', '')
      const answer = await askOperator('POST', '/accounts', `{"name":"${name}","settings":${settings}}`)
      expect([answer.status, answer.errorCode, valueAt(answer.body, 'error', 'param')], value).toEqual([
        400,
        'invalid_request',
        `settings.${param}`,
      ])
    }
    expect(await sharedWorld().sql('select 1 from accounts where name = $1', [name])).toEqual([])
  },
)

/** As they stand in an address: none is a whole number of at least 1. */
const noPlaces = [
  '-1',
  '0',
  '1.5',
  '1e3',
  'NaN',
  'Infinity',
  '٥',
  '',
  ' 1',
  '+1',
  '0x1',
  'null',
  'constructor',
  '9'.repeat(30),
]
/** Where nothing, or 0, is the beginning. */
const noCursors = noPlaces.filter((text) => text !== '0')

const askedWith: readonly (readonly [path: string, param: string, values: readonly string[]])[] = [
  ['/v1/account/usage', 'limit', [...noPlaces, '101']],
  ['/v1/account/usage', 'cursor', noPlaces],
  ['/v1/account/transactions', 'limit', [...noPlaces, '101']],
  ['/v1/account/transactions', 'cursor', noCursors],
  ['/v1/keys', 'limit', [...noPlaces, '101']],
  ['/v1/keys', 'cursor', noCursors],
  ['/v2/cost_management/', 'step', [...noPlaces, '5']],
  ['/v2/cost_management/', 'token', noPlaces],
  ['/operator/v1/findings', 'limit', [...noPlaces, '201']],
  ['/operator/v1/findings', 'cursor', noCursors],
  ['/operator/v1/accounts/{id}/statement', 'cursor', noPlaces],
]

// Cases: billing-bugs 30
test.each(askedWith)('%s?%s= with what is no number is refused', async (path, param, values) => {
  const { accountId, apiKey } = account
  const { operatorToken } = sharedWorld()
  const isOperators = path.startsWith('/operator')
  for (const value of values) {
    const answer = await ask(sharedWorld(), {
      apiKey: isOperators ? operatorToken : apiKey,
      path: `${path.replace('{id}', accountId)}?${param}=${encodeURIComponent(value)}`,
    })
    expect([answer.status, answer.errorCode], value).toEqual([400, 'invalid_request'])
  }
})

// Cases: billing-bugs 30
test('a key whose number is none is not there', async () => {
  const { accountId, apiKey } = account
  for (const number of ['-1', '0', '1.5', '1e0', '01', '+1', 'NaN', '1'.repeat(30)]) {
    const path = `/v1/keys/${number}`
    const answers = [
      await ask(sharedWorld(), { apiKey, path }),
      await ask(sharedWorld(), { apiKey, method: 'PATCH', path, body: { rpm: 1 } }),
      await ask(sharedWorld(), { apiKey, method: 'DELETE', path }),
      await askOperator('PATCH', `/accounts/${accountId}/keys/${number}`, { rpm: 1 }),
      await askOperator('DELETE', `/accounts/${accountId}/keys/${number}`),
    ]
    expect(
      answers.map(({ status }) => status),
      number,
    ).toEqual([404, 404, 404, 404, 404])
  }
  expect(figuresOf(await standing())).toEqual(before)
})

// Cases: billing-bugs 30
test.each(['-1', '1.5', '1e3', 'NaN', '1'.repeat(30)])('Last-Event-ID: %s is refused', async (text) => {
  const headers = { 'last-event-id': text }
  const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path: '/v1/account/events', headers })
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
})

// Cases: billing-bugs 30
test.each(['-1', '0', '0.0000000001', 'NaN', '1e3', '99999999999999999999', 'null', '0x1', ''])(
  'X-Max-Cost: %s is refused before anything is held',
  async (text) => {
    const answer = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      headers: { 'x-max-cost': text },
      body: chatOf({ tokens: 1 }),
    })
    expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    expect(figuresOf(await standing())).toEqual(before)
  },
)
