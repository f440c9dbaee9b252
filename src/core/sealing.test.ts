// What is sealed opens with the key in its own place, and in no other way.

import { expect, test } from 'vitest'
import { type Sealer, sealerOf } from './sealing.ts'

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const keyA = 'a'.repeat(32)
const keyB = 'b'.repeat(32)
const place = 'webhook acct_1 we_1'

const sealer = (key: string, previousKey?: string): Promise<Sealer> => sealerOf({ key, previousKey }, random)

test('a sealed text shows nothing of itself, is another one each time, and opens in its place', async () => {
  const a = await sealer(keyA)
  const sealed = await Promise.all([a.seal('whsec_abc', place), a.seal('whsec_abc', place)])
  expect(sealed[0]).toMatch(/^sealed:[0-9a-f]{8}:[\w+/]+={0,2}$/)
  expect(sealed[0]).not.toBe(sealed[1])
  expect(atob(sealed[0].split(':')[2] ?? '')).not.toContain('whsec_')
  expect(await Promise.all(sealed.map((one) => a.open(one, place)))).toEqual(['whsec_abc', 'whsec_abc'])
})

test('a text that was put in another place, changed or sealed under a strange key does not open', async () => {
  const [a, b] = [await sealer(keyA), await sealer(keyB)]
  const sealed = await a.seal('whsec_abc', place)
  expect(await a.open(sealed, 'webhook acct_2 we_1')).toBeUndefined()
  expect(await b.open(sealed, place)).toBeUndefined()
  const at = sealed.length - 6
  const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
  expect(await a.open(changed, place)).toBeUndefined()
  for (const wrong of [a.prefix, `${a.prefix}AAAA`, `${a.prefix}%%%%`, 'sealed:', 'sealed::'])
    expect(await a.open(wrong, place), wrong).toBeUndefined()
})

test('during a roll the previous key opens what it has sealed, and the present one seals', async () => {
  const [before, during, after] = [await sealer(keyA), await sealer(keyB, keyA), await sealer(keyB)]
  const old = await before.seal('whsec_abc', place)
  expect(await during.open(old, place)).toBe('whsec_abc')
  const sealed = await during.seal('whsec_abc', place)
  expect(sealed.startsWith(after.prefix)).toBe(true)
  expect(old.startsWith(after.prefix)).toBe(false)
  expect(await after.open(sealed, place)).toBe('whsec_abc')
})

test('a text from before there was a key is read as it is', async () => {
  expect(await (await sealer(keyA)).open('whsec_abc', place)).toBe('whsec_abc')
})
