// Who is asking: every form of the authentication headers leads to one caller or to 401, without a network call.
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { keyNumber, makeAccountId } from '#core/ids.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import { type AuthenticateParts, KnownKeys, authenticate, callerName, presentedKey } from './authenticate.ts'

const prefix = 'sk-sluice-'
const keySecret = 'a secret of the operator, long enough'
const previousSecret = 'the secret before the last roll, long'
const accountId = makeAccountId('e', (bytes) => new Uint8Array(bytes).fill(3))

async function mint(number: number, secret = keySecret) {
  const random = (bytes: number) => new Uint8Array(bytes).fill(number)
  return mintApiKey({ prefix, accountId, keyNumber: keyNumber(number), keySecret: secret, random })
}

let key = ''
let secretHash = ''
let otherKey = ''
let failures: string[] = []
let isThrottled = false
let parts: AuthenticateParts

beforeAll(async () => {
  ;({ key, secretHash } = await mint(1))
  otherKey = (await mint(2)).key
})

beforeEach(() => {
  failures = []
  isThrottled = false
  parts = {
    keyring: { prefix, keySecrets: [keySecret, previousSecret] },
    knownKeys: new KnownKeys(),
    authFailures: {
      allows: async (address) => {
        failures.push(address)
        return !isThrottled
      },
    },
  }
})

const ask = (headers: Record<string, string>) =>
  authenticate(new Request('https://api.test/v1/chat/completions', { headers }), parts)

describe('a genuine key', () => {
  // Cases: billing-bugs 57
  // Requirements: 29
  test.each([
    ['Authorization: Bearer', () => ({ authorization: `Bearer ${key}` })],
    ['a scheme in small letters', () => ({ authorization: `bearer ${key}` })],
    ['a scheme in capitals', () => ({ authorization: `BEARER ${key}` })],
    ['more than one space', () => ({ authorization: `Bearer   ${key}` })],
    ['space around it', () => ({ authorization: `  Bearer ${key}  ` })],
    ['x-api-key', () => ({ 'x-api-key': key })],
    ['x-api-key with space around it', () => ({ 'x-api-key': ` ${key} ` })],
    ['both headers with the same key', () => ({ authorization: `Bearer ${key}`, 'x-api-key': key })],
    ['both headers, one of them empty', () => ({ authorization: `Bearer ${key}`, 'x-api-key': ' ' })],
  ])('by %s names its caller, the same in every form', async (_name, headers) => {
    const expected = { ok: true, caller: { accountId, keyNumber: 1, secretHash } }
    expect(await ask(headers())).toEqual(expected)
    // Once more: the isolate remembers the key, and nothing changes by that.
    expect(await ask(headers())).toEqual(expected)
    expect(failures).toEqual([])
  })

  test('that was signed before the last roll still opens', async () => {
    const old = await mint(4, previousSecret)
    expect(await ask({ 'x-api-key': old.key })).toMatchObject({ ok: true, caller: { keyNumber: 4 } })
    parts = { ...parts, keyring: { prefix, keySecrets: [keySecret] }, knownKeys: new KnownKeys() }
    expect((await ask({ 'x-api-key': old.key })).ok).toBe(false)
  })

  test('of one caller never stands for another', async () => {
    const callers = [await ask({ 'x-api-key': key }), await ask({ 'x-api-key': otherKey })]
    const names = callers.map((read) => (read.ok ? callerName(read.caller) : ''))
    expect(new Set(names).size).toBe(2)
  })
})

/** With the last character replaced, or another one. */
const forged = (at: number) => {
  const character = key.at(at) === 'A' ? 'B' : 'A'
  return at === -1 ? key.slice(0, -1) + character : key.slice(0, at) + character + key.slice(at + 1)
}

describe('anything else is 401', () => {
  // Cases: billing-bugs 55, 57, 66
  test.each([
    ['no header', () => ({})],
    ['an empty Authorization', () => ({ authorization: '' })],
    ['a scheme without a key', () => ({ authorization: 'Bearer' })],
    ['a scheme and space', () => ({ authorization: 'Bearer    ' })],
    ['an empty x-api-key', () => ({ 'x-api-key': '' })],
    ['the key without a scheme', () => ({ authorization: key })],
    ['another scheme', () => ({ authorization: `Basic ${key}` })],
    ['Basic with the key as the password', () => ({ authorization: `Basic ${btoa(`user:${key}`)}` })],
    ['a scheme that only begins alike', () => ({ authorization: `Bearerx ${key}` })],
    ['a tab for the space', () => ({ authorization: `Bearer\t${key}` })],
    ['two keys in one header', () => ({ authorization: `Bearer ${key} ${key}` })],
    ['two headers joined by a proxy', () => ({ authorization: `Bearer ${key}, Bearer ${key}` })],
    ['two headers joined without a space', () => ({ authorization: `Bearer ${key},${key}` })],
    ['a bad Authorization beside a good x-api-key', () => ({ authorization: 'Bearer', 'x-api-key': key })],
    ['another scheme beside a good x-api-key', () => ({ authorization: 'Basic x', 'x-api-key': key })],
    ['a forged signature', () => ({ 'x-api-key': forged(-1) })],
    ['a changed account', () => ({ 'x-api-key': forged(prefix.length + 5) })],
    ['a changed key number', () => ({ 'x-api-key': forged(prefix.length + 20) })],
    ['a changed secret', () => ({ 'x-api-key': forged(prefix.length + 40) })],
    ['a key cut short', () => ({ 'x-api-key': key.slice(0, -1) })],
    ['a key with more behind it', () => ({ 'x-api-key': `${key}0` })],
    ['a key in other letters', () => ({ 'x-api-key': key.toLowerCase() })],
    ['another prefix', () => ({ 'x-api-key': key.replace(prefix, 'sk-other--') })],
    ['only the prefix', () => ({ 'x-api-key': prefix })],
    ['SQL', () => ({ authorization: "Bearer ' OR 1=1 --" })],
    ['SQL without a space', () => ({ authorization: "Bearer '||(SELECT'1')||'" })],
    ['SQL behind a key', () => ({ 'x-api-key': `${key}'; DROP TABLE accounts; --` })],
    ['a template', () => ({ 'x-api-key': '${7*7}{{7*7}}' })],
    ['a megabyte', () => ({ 'x-api-key': 'A'.repeat(1_000_000) })],
  ])('by %s', async (_name, headers) => {
    expect(await ask(headers())).toMatchObject({ ok: false, code: 'invalid_api_key' })
  })

  // Cases: billing-bugs 57
  test('two different keys, since nobody could say who pays, in either order', async () => {
    for (const [bearer, header] of [
      [key, otherKey],
      [otherKey, key],
      [key, 'garbage'],
    ]) {
      const refused = await ask({ authorization: `Bearer ${bearer}`, 'x-api-key': header ?? '' })
      expect(refused).toMatchObject({
        ok: false,
        code: 'invalid_api_key',
        message: expect.stringMatching(/^Two different/),
      })
    }
  })

  // Cases: billing-bugs 55
  test('whatever text the headers hold', async () => {
    const text = fc.string({
      unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
    })
    await fc.assert(
      fc.asyncProperty(text, text, async (authorization, header) => {
        const refused = await ask({ authorization, 'x-api-key': header })
        expect(refused).toMatchObject({ ok: false, code: 'invalid_api_key' })
      }),
    )
  })

  // Cases: billing-bugs 61
  test('and the refusal never repeats what was sent', async () => {
    for (const headers of [
      { 'x-api-key': forged(-1) },
      { authorization: `Bearer ${forged(-1)}` },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${key}`, 'x-api-key': otherKey },
    ])
      expect(JSON.stringify(await ask(headers))).not.toMatch(/sk-sluice-\w/)
  })
})

describe('a failed key', () => {
  test("is counted for the client's address", async () => {
    await ask({ 'x-api-key': forged(-1), 'cf-connecting-ip': '192.0.2.7' })
    await ask({ 'x-api-key': forged(-1) })
    expect(failures).toEqual(['192.0.2.7', 'unknown'])
  })

  test('from an address that failed too often asks to wait, while a good one from there still opens', async () => {
    isThrottled = true
    expect(await ask({ 'x-api-key': forged(-1) })).toMatchObject({
      ok: false,
      code: 'rate_limit_exceeded',
      retryAfterSeconds: 60,
    })
    expect((await ask({ 'x-api-key': key })).ok).toBe(true)
  })

  test('is not remembered as a good one', async () => {
    await ask({ 'x-api-key': forged(-1) })
    expect(parts.knownKeys.get(forged(-1))).toBeUndefined()
    expect((await ask({ 'x-api-key': forged(-1) })).ok).toBe(false)
  })
})

test('an isolate remembers a bounded number of keys and forgets the oldest', () => {
  const known = new KnownKeys()
  const caller = { accountId, keyNumber: keyNumber(1), secretHash: '' }
  for (let index = 0; index <= 10_000; index += 1) known.add(`key ${index}`, caller)
  expect([known.get('key 0'), known.get('key 1'), known.get('key 10000')]).toEqual([
    undefined,
    caller,
    caller,
  ])
})

test('the presented key is the text as it was sent, not yet believed', () => {
  expect(presentedKey(new Headers({ authorization: 'Bearer abc' }))).toEqual({ ok: true, key: 'abc' })
})
