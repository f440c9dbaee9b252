// Limits that span isolates, against the local Upstash endpoint, a Redis that hangs and one that is not there. Time is the
// test's: a slow Redis costs what the limit allows and nothing real.
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { upstashWindowLimit } from '#limits/upstash-window.ts'
import { LocalWindow, type WindowLimit, limitTimeoutMs } from '#limits/window-limit.ts'
import { closeServer, listen, localHost } from '../../dev/ports.ts'
import { type Upstash, startUpstash } from '../../dev/upstash-endpoint.ts'
import { HandClock, settled } from '../world/hand-clock.ts'

let upstash: Upstash
/** Takes requests and never answers. */
let hanging: Server
let hangingUrl = ''
let clock = new HandClock()
let logged: string[] = []
let names = 0

beforeAll(async () => {
  upstash = await startUpstash()
  hanging = createServer(() => undefined)
  hangingUrl = `http://${localHost}:${await listen(hanging, 0)}`
})

afterAll(async () => {
  hanging.closeAllConnections()
  await Promise.all([upstash.stop(), closeServer(hanging)])
})

beforeEach(() => {
  clock = new HandClock()
  logged = []
  names += 1
})

type Credentials = { url: string; token: string }

/** One isolate's view of a limit of three requests per ten minutes. */
function limitAt(credentials: Credentials): WindowLimit {
  const settings = { name: `limit-${names}`, requests: 3, windowMs: 600_000, timeoutMs: limitTimeoutMs }
  return upstashWindowLimit(credentials, settings, {
    clock,
    log: { info: () => undefined, error: (event) => void logged.push(event) },
  })
}

async function allowed(limit: WindowLimit, key: string, times: number): Promise<boolean[]> {
  const results: boolean[] = []
  for (let index = 0; index < times; index += 1) results.push(await limit.allows(key))
  return results
}

describe('with Redis there', () => {
  test('a key may go on as often as the window allows, in all isolates together', async () => {
    const [one, other] = [limitAt(upstash), limitAt(upstash)]
    expect(await allowed(one, 'ada', 2)).toEqual([true, true])
    expect(await allowed(other, 'ada', 2)).toEqual([true, false])
    expect(await allowed(one, 'ada', 1)).toEqual([false])
    expect([logged, clock.sleepers]).toEqual([[], 0])
  })

  test('one key leaves another its own window', async () => {
    const limit = limitAt(upstash)
    await allowed(limit, 'ada', 4)
    expect(await limit.allows('bob')).toBe(true)
  })
})

describe('with Redis away', () => {
  // Cases: billing-bugs 67
  test('a Redis that hangs costs at most a quarter second, and the local limit answers', async () => {
    expect(limitTimeoutMs).toBeLessThanOrEqual(250)
    const limit = limitAt({ url: hangingUrl, token: 'any' })
    for (const isAllowed of [true, true, true, false]) {
      let answer: boolean | undefined
      const asking = limit.allows('ada').then((allows) => {
        answer = allows
      })
      await clock.advance(limitTimeoutMs - 1)
      expect(answer).toBeUndefined()
      await clock.advance(1)
      await asking
      expect(answer).toBe(isAllowed)
    }
    expect(clock.sleepers).toBe(0)
  })

  // Cases: billing-bugs 67
  test.each([
    ['is not there', () => ({ url: `http://${localHost}:1`, token: 'any' })],
    ['refuses the credential', () => ({ url: upstash.url, token: 'wrong' })],
  ])(
    'a Redis that %s neither opens nor closes the door: the local limit answers',
    async (_name, credentials) => {
      const limit = limitAt(credentials())
      expect(await allowed(limit, 'ada', 4)).toEqual([true, true, true, false])
      expect(await limit.allows('bob')).toBe(true)
      expect(new Set(logged)).toEqual(new Set(['limit_unavailable']))
      expect(clock.sleepers).toBe(0)
    },
  )

  test('an answer that comes after the local one changes nothing and throws nowhere', async () => {
    const limit = limitAt({ url: hangingUrl, token: 'any' })
    const asking = limit.allows('ada')
    await clock.advance(limitTimeoutMs)
    expect(await asking).toBe(true)
    hanging.closeAllConnections()
    await settled()
  })
})

describe('the local window', () => {
  const settings = { requests: 2, windowMs: 60_000 }

  test('allows its requests per key and starts anew with the next window', async () => {
    const local = new LocalWindow(settings, clock)
    expect(['ada', 'ada', 'ada', 'bob'].map((key) => local.allows(key))).toEqual([true, true, false, true])
    await clock.advance(59_999)
    expect(local.allows('ada')).toBe(false)
    await clock.advance(1)
    expect(local.allows('ada')).toBe(true)
  })

  test('refuses no new key after a flood of others', () => {
    const local = new LocalWindow(settings, clock)
    const keys = Array.from({ length: 50_000 }, (_, index) => `key ${index}`)
    expect(keys.every((key) => local.allows(key))).toBe(true)
  })
})
