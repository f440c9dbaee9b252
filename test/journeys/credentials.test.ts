// Whoever has no live key here: forged and malformed ones, two at once, every route without one, addresses spelled oddly.
// In production the edge writes the client's address into a header; here each test does, to have an address of its own.

import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { keyNumber, makeAccountId } from '#core/ids.ts'
import type { RouteDescription } from '#core/route-table.ts'
import { gatewayRouteTable } from '#gateway/route-table.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import { healthRouteTable } from '#ops/health.ts'
import { openapiRouteTable } from '#ops/openapi.ts'
import { operatorRouteTable } from '#ops/operator.ts'
import { readingRouteTable } from '#reading/routes.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, expectNothingCharged } from '../world/charges.ts'
import { type WireAnswer, ask, chatOf, chatPath } from '../world/gateway.ts'
import { sharedWorld, workerLog } from '../world/shared-world.ts'

const routes: readonly RouteDescription[] = [
  ...gatewayRouteTable,
  ...readingRouteTable,
  ...operatorRouteTable,
  ...healthRouteTable,
  ...openapiRouteTable,
]

let ada: Account
let bob: Account

beforeAll(async () => {
  ada = await sharedWorld().newAccount()
  bob = await sharedWorld().newAccount()
})

const from = (address: string) => ({ 'cf-connecting-ip': address })
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

/** A key in the right form for an account that nobody has opened, signed by somebody else. */
async function forgedKey(): Promise<string> {
  const { key } = await mintApiKey({
    prefix: 'sk-sluice-',
    accountId: makeAccountId('e', random),
    keyNumber: keyNumber(1),
    keySecret: "not this deployment's secret, but as long as one",
    random,
  })
  return key
}

/** One file per object that was ever woken: the local platform writes them there. */
function objectsOnDisk(): number {
  const folder = join(dirname(sharedWorld().logFile ?? ''), 'objects')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((name) => /AccountObject.*[0-9a-f]{64}\.sqlite$/.test(name)).length
}

/** Every way of sending one credential that the HTTP of the world allows. */
const waysToSend: readonly ((key: string) => { readonly [name: string]: string })[] = [
  (key) => ({ authorization: `Bearer ${key}` }),
  (key) => ({ authorization: `bearer   ${key}` }),
  (key) => ({ 'x-api-key': key }),
]

/** Messages name no code: their error's type says it. */
const reasonOf = (answer: WireAnswer) => answer.errorCode ?? valueAt(answer.body, 'error', 'type')
const invalidKeyAt = (path: string) =>
  path.startsWith('/v1/messages') ? 'authentication_error' : 'invalid_api_key'

describe('a forged or malformed key', () => {
  // Cases: billing-bugs 55, 66
  test('is refused on every route that needs one, and wakes no object', async () => {
    const keys = [await forgedKey(), 'sk-sluice-', "' OR 1=1; --", '%_'.repeat(100), 'sk-sluice-\u0131']
    await sharedWorld().newAccount()
    const before = objectsOnDisk()
    expect(before, 'accounts are counted there').toBeGreaterThan(0)
    for (const [at, key] of keys.entries())
      for (const [way, headersOf] of waysToSend.entries())
        for (const { method, path } of [...gatewayRouteTable, ...readingRouteTable].filter(needsKey)) {
          const headers = { ...headersOf(encodeURI(key)), ...from(`10.${at}.${way}.1`) }
          const answer = await ask(sharedWorld(), { method: method.toUpperCase(), path, headers })
          expect(answer.status, `${path} ${key}`).toBe(401)
          expect(reasonOf(answer)).toBe(invalidKeyAt(path))
        }
    expect(objectsOnDisk()).toBe(before)
    await sharedWorld().newAccount()
    expect(objectsOnDisk(), 'one more account is one more object').toBe(before + 1)
  })

  // Cases: billing-bugs 66
  test('is what a good one is in any scheme but Bearer', async () => {
    const { operatorToken } = sharedWorld()
    for (const [path, good] of [
      ['/v1/account', ada.apiKey],
      ['/operator/v1/findings', operatorToken],
    ] as const)
      for (const authorization of [
        good,
        `Basic ${good}`,
        `Bearer:${good}`,
        `Bearer${good}`,
        `Token Bearer ${good}`,
        `Bearer ${good} ${good}`,
        `Bearer x ${good}`,
      ]) {
        const answer = await ask(sharedWorld(), { path, headers: { authorization, ...from('10.4.0.1') } })
        expect([answer.status, answer.errorCode], authorization).toEqual([401, 'invalid_api_key'])
      }
  })

  // Cases: billing-bugs 55
  test('is throttled by its address after a hundred failures, and others are not', async () => {
    const send = (address: string, apiKey: string) =>
      ask(sharedWorld(), { apiKey, path: '/v1/key', headers: from(address) })
    const key = await forgedKey()
    const statuses: number[] = []
    // The platform counts in windows of a minute; where one ends meanwhile, the next begins to count anew.
    while (statuses.at(-1) !== 429 && statuses.length < 250)
      statuses.push((await send('10.9.9.9', key)).status)
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([401]))
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.length).toBeGreaterThan(100)
    expect((await send('10.9.9.8', key)).status).toBe(401)
    expect((await send('10.9.9.9', ada.apiKey)).status, 'a good key is never asked').toBe(200)
  })

  // Cases: billing-bugs 55
  test('whatever it is made of gives 401 and never a fault', async () => {
    const faultsBefore = faults()
    const made = [
      "'; DROP TABLE accounts; --",
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Basic c2stc2x1aWNlOng=',
      'Bearer \\x00\\n',
      `Bearer ${'a'.repeat(8_000)}`,
      `Bearer sk-sluice-${'0'.repeat(69)}`,
      `Bearer sk-sluice-${'z'.repeat(69)}`,
      `Bearer ${ada.apiKey}x`,
      `Bearer ${ada.apiKey.toUpperCase()}`,
      `Bearer ${ada.apiKey.replace('sk-', 'SK-')}`,
      `Digest username="${ada.apiKey}"`,
      `Bearer ${sharedWorld().operatorToken}`,
    ]
    for (const authorization of made) {
      const headers = { authorization, ...from('10.8.8.8') }
      const answer = await ask(sharedWorld(), { path: chatPath, body: chatOf({}), headers })
      expect(answer.status, authorization).toBe(401)
      expect(answer.errorCode).toBe('invalid_api_key')
    }
    expect(faults()).toBe(faultsBefore)
  })
})

const needsKey = ({ auth }: RouteDescription) => auth === 'key'
const faults = () => workerLog().filter((line) => line.includes('"level":"error"')).length

describe('every route of the table', () => {
  const filled = (path: string) => path.replace('{id}', 'acct_e00000000000000').replace('{number}', '1')

  // Cases: billing-bugs 54
  test.each(routes.map(({ method, path, auth }) => [method.toUpperCase(), path, auth] as const))(
    '%s %s asks for: %s',
    async (method, path, auth) => {
      const isModel = path.startsWith('/v1/models/')
      const address = { method, path: isModel ? '/v1/models/gpt-5.4-mini' : filled(path) }
      const without = await ask(sharedWorld(), { ...address, headers: from('10.7.0.1') })
      if (auth === 'none') return expect(without.status).toBe(200)
      expect(without.status).toBe(401)
      // The other guard's credential opens nothing here.
      const wrong = auth === 'operator' ? ada.apiKey : sharedWorld().operatorToken
      const other = await ask(sharedWorld(), { ...address, apiKey: wrong, headers: from('10.7.0.2') })
      expect(other.status).toBe(401)
      expect(reasonOf(other)).toBe(invalidKeyAt(path))
    },
  )

  // Cases: billing-bugs 54, 66
  test.each([
    '/v1/%61ccount',
    '/%761/account',
    '//v1/account',
    '/v1//account',
    '/v1/account/',
    '/V1/account',
    '/v1/models/../account',
    '/v1/models/%2e%2e/account',
    '/v1/models/..%2faccount',
    '/v1/account;x=1',
    '/v1/account%00',
    '/operator/v1/../v1/findings',
    '/operator%2fv1/findings',
    '/healthz/../v1/account',
  ])('spelled %s gives nothing away', async (path) => {
    // fetch would tidy the path before it is sent.
    const { status, text } = await sendRaw({ path, headers: from('10.6.0.1') })
    expect([400, 401, 404], `${path}: ${text}`).toContain(status)
    expect(text).not.toContain('balance')
  })
})

/** A request whose path and headers go out as they are written, repeated ones included. */
function sendRaw(given: {
  path: string
  method?: string
  headers: { readonly [name: string]: string | readonly string[] }
  body?: string
}): Promise<{ status: number; text: string }> {
  const { path, method = 'GET', body = '' } = given
  const headers = Object.entries(given.headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [name, one]),
  )
  const { hostname, port } = new URL(sharedWorld().baseUrl)
  return new Promise((answered, failed) => {
    const sized = [...headers, 'host', hostname, 'content-length', String(Buffer.byteLength(body))]
    const sent = httpRequest({ hostname, port, path, method, headers: sized }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        answered({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    sent.on('error', failed)
    sent.end(body)
  })
}

describe('a request with two credentials', () => {
  const body = JSON.stringify(chatOf({ tokens: 1 }))

  // Cases: billing-bugs 57
  test('is refused where they differ, and served where they are the same', async () => {
    const bearer = { authorization: `Bearer ${ada.apiKey}` }
    for (const path of [chatPath, '/v1/account', '/v1/key']) {
      const send = (more: { readonly [name: string]: string }) =>
        ask(sharedWorld(), {
          path,
          headers: { ...bearer, ...more },
          ...(path === chatPath ? { body: chatOf({ tokens: 1 }) } : {}),
        })
      const differing = await send({ 'x-api-key': bob.apiKey })
      expect(differing).toMatchObject({ status: 401, errorCode: 'invalid_api_key' })
      expect(differing.message).toContain('Two different API keys')
      expect((await send({ 'x-api-key': ada.apiKey })).status).toBe(200)
    }
  })

  // Cases: billing-bugs 57
  test('is refused where one header is sent twice, whichever comes first', async () => {
    await expectNothingCharged(sharedWorld(), bob)
    const both = [`Bearer ${ada.apiKey}`, `Bearer ${bob.apiKey}`]
    for (const headers of [
      { authorization: both },
      { authorization: both.toReversed() },
      { 'x-api-key': [ada.apiKey, bob.apiKey] },
      { 'x-api-key': [bob.apiKey, ada.apiKey] },
    ]) {
      const { status, text } = await sendRaw({
        path: chatPath,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', ...from('10.5.0.1') },
        body,
      })
      expect(status, text).toBe(401)
    }
    await expectNothingCharged(sharedWorld(), bob)
  })
})
