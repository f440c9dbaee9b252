// The key codec: what is minted is read, and everything else dies without a question.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type AccountId, type Random, keyNumber, makeAccountId } from '#core/ids.ts'
import { mintApiKey, readApiKey } from './api-key.ts'

const random: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes))
const prefix = 'sk-sluice-'
const keySecret = 'a secret of at least 32 characters, really'
const keyring = { prefix, keySecrets: [keySecret] }
const accountId = makeAccountId('w', random)
const mint = (changes = {}) =>
  mintApiKey({ prefix, accountId, keyNumber: keyNumber(7), keySecret, random, ...changes })

// Requirements: 29
test('a minted key is the prefix and 69 letters and digits, and names its account and number', async () => {
  const { key, secretHash } = await mint()
  expect(key).toMatch(/^sk-sluice-[0-9A-Za-z]{69}$/)
  expect(await readApiKey(key, keyring)).toEqual({ ok: true, accountId, keyNumber: 7, secretHash })
  const other = await mint({ prefix: 'acme_' })
  expect(await readApiKey(other.key, { ...keyring, prefix: 'acme_' })).toMatchObject({ ok: true })
})

test('every account, number and secret survives the way through the text', { timeout: 30_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 0xffff_ffff }),
      fc.uint8Array({ minLength: 34, maxLength: 34 }),
      fc.constantFrom('0', '9', 'a', 'w', 'z'),
      async (number, noise, region) => {
        const id = makeAccountId(region, () => noise.subarray(24))
        const { key, secretHash } = await mint({
          accountId: id,
          keyNumber: keyNumber(number),
          random: () => noise.subarray(0, 24),
        })
        const read = await readApiKey(key, keyring)
        expect(read).toEqual({ ok: true, accountId: id, keyNumber: number, secretHash })
      },
    ),
    { numRuns: 100 },
  )
})

describe('a key is nobody’s when', () => {
  // Cases: billing-bugs 55
  test('any one character of it is another', async () => {
    const { key } = await mint()
    for (let index = 0; index < key.length; index += 1) {
      const other = key[index] === 'x' ? 'y' : 'x'
      const forged = key.slice(0, index) + other + key.slice(index + 1)
      expect(await readApiKey(forged, keyring), forged).toEqual({ ok: false })
    }
  })

  // Cases: billing-bugs 55
  test.each([
    '',
    'sk-sluice-',
    `sk-sluice-${'0'.repeat(69)}`,
    `sk-sluice-${'z'.repeat(69)}`,
    `sk-sluice-${'A'.repeat(68)}`,
    `sk-sluice-${'A'.repeat(70)}`,
    `sk-sluice-${'A'.repeat(1_000_000)}`,
    `sk-other--${'A'.repeat(69)}`,
    `sk-sluice-${"' OR 1=1; DROP TABLE entry; --".padEnd(69, 'x')}`,
    `sk-sluice-${'é'.repeat(69)}`,
    `sk-sluice-${'\0'.repeat(69)}`,
    `sk-sluice-${'\ud800'.repeat(69)}`,
  ])('it is malformed: %.40s', async (text) => {
    expect(await readApiKey(text, keyring)).toEqual({ ok: false })
  })

  // Cases: billing-bugs 55
  test('it is any text at all', { timeout: 30_000 }, async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String().map((tail) => prefix + tail),
      fc.stringMatching(/^[0-9A-Za-z]{69}$/).map((tail) => prefix + tail),
    )
    await fc.assert(
      fc.asyncProperty(text, async (forged) => {
        expect(await readApiKey(forged, keyring)).toEqual({ ok: false })
      }),
      { numRuns: 200 },
    )
  })

  test('it was signed with another secret, or the ring is empty', async () => {
    const { key } = await mint()
    expect(await readApiKey(key, { prefix, keySecrets: ['another secret of 32 characters.....'] })).toEqual({
      ok: false,
    })
    expect(await readApiKey(key, { prefix, keySecrets: [] })).toEqual({ ok: false })
  })

  test('it is extended, cut, padded or in another case', async () => {
    const { key } = await mint()
    for (const forged of [
      `${key}0`,
      `${key} `,
      ` ${key}`,
      key.slice(0, -1),
      key.toUpperCase(),
      key.toLowerCase(),
    ]) {
      expect(await readApiKey(forged, keyring), forged).toEqual({ ok: false })
    }
  })
})

test('while secrets are rolled, keys under both are read', async () => {
  const old = await mint({ keySecret: 'the previous secret, 32 characters or more' })
  const rolled = { prefix, keySecrets: [keySecret, 'the previous secret, 32 characters or more'] }
  expect(await readApiKey(old.key, rolled)).toMatchObject({ ok: true })
  expect(await readApiKey((await mint()).key, rolled)).toMatchObject({ ok: true })
})

test('what is kept of a key is the hash of its secret, and two keys never share it', async () => {
  const [a, b] = await Promise.all([mint(), mint()])
  expect(a.secretHash).toMatch(/^[0-9a-f]{64}$/)
  expect(a.secretHash).not.toBe(b.secretHash)
  expect(a.key).not.toContain(a.secretHash)
})

test('a key whose account has no form of ours is none, though its signature is right', async () => {
  const accountId = 'acct_A00000000000000' as AccountId
  const { key } = await mint({ accountId })
  expect(await readApiKey(key, keyring)).toEqual({ ok: false })
})

test('an account id of more than 80 bits gets no key', async () => {
  const accountId = 'acct_wzzzzzzzzzzzzzz' as AccountId
  await expect(mint({ accountId })).rejects.toThrow('An account id holds 80 bits.')
})
