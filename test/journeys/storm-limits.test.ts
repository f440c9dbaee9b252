// Limits that an object keeps in memory survive its eviction between any two calls: what it is built from says the same.

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { World } from '../../dev/world.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { openLimits, range, report, storm } from '../world/storm.ts'
import { type Account, type Books, quietBooks } from '../world/storm-books.ts'
import { type StormStream, startStream } from '../world/storm-client.ts'

/** Requests and tokens per minute are counted over a real minute at every scale. */
const windowMs = 60_000
/** Long enough for two and a half windows at real scale; a part of one in `npm test`. */
const trafficMs = storm.isLong ? 2.5 * windowMs : 8_000
const callersAtOnce = 4
const quietWithinMs = 60_000
/** Fewer than the text makes us expect, so that no call turns out larger than what it was admitted with. */
const statedInput = 20
const outputTokens = 50
const tokensPerCall = statedInput + outputTokens
const tokensLimit = 20 * tokensPerCall

let world: World

beforeAll(async () => {
  world = await startFaultyWorld()
})

afterAll(() => world.stop())

async function evictedAccount(settings: { readonly [name: string]: number }): Promise<Account> {
  const account = await world.newAccount({ settings: { ...openLimits, ...settings } })
  await world.fault({ kind: 'evict', accountId: account.accountId, ms: trafficMs + quietWithinMs })
  return account
}

/** Calls without a pause by a few callers, until the time is over. */
async function traffic(account: Account, tokens: number): Promise<StormStream[]> {
  const endAt = Date.now() + trafficMs
  const endpoint = { baseUrl: world.baseUrl, apiKey: account.apiKey }
  const caller = async () => {
    const ended: StormStream[] = []
    while (Date.now() < endAt) {
      ended.push(
        await startStream(endpoint, { upstream: { tokens, inputTokens: statedInput }, outputTokens: tokens })
          .ended,
      )
      // Isolates remember a refusal; a pause lets the next call reach the object.
      await setTimeout(50)
    }
    return ended
  }
  return (await Promise.all(range(callersAtOnce, caller))).flat()
}

const servedOf = (ended: readonly StormStream[]) => ended.filter(({ status }) => status === 200)

/** The most that any minute saw, of what `sizeOf` makes of each admitted call; by the object's own times. */
function busiestMinute(books: Books, sizeOf: number): number {
  const times = books.entries.filter(({ kind }) => kind === 'usage').map(({ admittedAtMs }) => admittedAtMs)
  const inMinuteFrom = (start: number) => times.filter((at) => at >= start && at < start + windowMs).length
  return Math.max(...times.map(inMinuteFrom)) * sizeOf
}

async function builtOf({ accountId }: Account): Promise<number> {
  const response = await fetch(`${world.baseUrl}/__fault?accountId=${accountId}`)
  // The answer of our own faulty Worker.
  return ((await response.json()) as { constructions: number }).constructions
}

describe('an object that is evicted between any two calls', () => {
  test(
    'never lets more requests through in a minute than the limit',
    async () => {
      const account = await evictedAccount({ rpm: 30 })
      const ended = await traffic(account, 3)
      const built = await builtOf(account)
      await world.fault({ kind: 'clear' })
      const books = await quietBooks(world, account, quietWithinMs)
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set([200, 429]))
      expect(busiestMinute(books, 1)).toBe(30)
      expect(servedOf(ended)).toHaveLength(books.charges.size)
      expect(built).toBeGreaterThan(20)
      report('evicted between calls, 30 requests a minute', {
        asked: ended.length,
        served: servedOf(ended).length,
        'busiest minute': busiestMinute(books, 1),
        'objects built': built,
      })
    },
    trafficMs + 120_000,
  )

  test(
    'never lets more tokens through in a minute than the limit',
    async () => {
      const account = await evictedAccount({ tpm: tokensLimit })
      const ended = await traffic(account, outputTokens)
      const built = await builtOf(account)
      await world.fault({ kind: 'clear' })
      const books = await quietBooks(world, account, quietWithinMs)
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set([200, 429]))
      const busiest = busiestMinute(books, tokensPerCall)
      expect(busiest).toBeLessThanOrEqual(tokensLimit)
      expect(busiest).toBeGreaterThan(tokensLimit - 2 * tokensPerCall)
      report('evicted between calls, tokens a minute', {
        limit: tokensLimit,
        'busiest minute': busiest,
        asked: ended.length,
        served: servedOf(ended).length,
        'objects built': built,
      })
    },
    trafficMs + 120_000,
  )

  test('never runs more calls at the same time than the limit', async () => {
    const limit = 5
    const account = await evictedAccount({ in_flight: limit })
    const endpoint = { baseUrl: world.baseUrl, apiKey: account.apiKey }
    const upstream = { tokens: 10, gapMs: 60 }
    const waves = []
    for (let wave = 0; wave < 4; wave += 1) {
      const running = range(12, () => startStream(endpoint, { upstream, outputTokens: 10 }))
      waves.push(...(await Promise.all(running.map(({ ended }) => ended))))
    }
    const built = await builtOf(account)
    await world.fault({ kind: 'clear' })
    await quietBooks(world, account, quietWithinMs)
    expect(new Set(waves.map(({ status }) => status))).toEqual(new Set([200, 429]))
    expect(mostAtOnce(servedOf(waves))).toBe(limit)
    report('evicted between calls, 5 in flight', {
      asked: waves.length,
      served: servedOf(waves).length,
      'most at once': mostAtOnce(servedOf(waves)),
      'objects built': built,
    })
  }, 120_000)
})

/** Between its first and its last word a call is surely in flight: it is admitted before and captured after. */
function mostAtOnce(streams: readonly StormStream[]): number {
  const spans = streams.map(({ wordsAt }) => ({ from: wordsAt[0] ?? 0, to: wordsAt.at(-1) ?? 0 }))
  return Math.max(
    ...spans.map(({ from }) => spans.filter((span) => span.from <= from && from < span.to).length),
  )
}
