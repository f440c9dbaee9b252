// The account's object freezes, is away, restarts or is evicted while fifty streams run over it. Money and limits hold, and
// a client gets either what is covered or a proper end.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import type { World } from '../../dev/world.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { openLimits, range, report, scaledMs, storm } from '../world/storm.ts'
import { type Account, type Books, lowestBalance, quietBooks } from '../world/storm-books.ts'
import { type Running, type StormStream, costOfWords, startStream } from '../world/storm-client.ts'

const streams = 50
/** From the client's socket to the line of the test that notes the time; an event loop under load needs it. */
const readingMs = 300
/** The consumer of parked captures pauses for up to some minutes of real time between its tries. */
const quietWithinMs = 60_000 + scaledMs(300)

let world: World

beforeAll(async () => {
  world = await startFaultyWorld({ vars: { TIME_SCALE: String(storm.scale) } })
})

afterAll(() => world.stop())

/** One word per second of the product's time, unless told otherwise. */
function startStreams(
  account: Account,
  count: number,
  upstreamOf: (index: number) => DirectiveChange,
): Running[] {
  const endpoint = { baseUrl: world.baseUrl, apiKey: account.apiKey }
  return range(count, (index) => {
    const upstream = { gapMs: scaledMs(1), ...upstreamOf(index) }
    return startStream(endpoint, { upstream, outputTokens: upstream.tokens ?? 1 })
  })
}

const endOf = (running: readonly Running[]) => Promise.all(running.map(({ ended }) => ended))

function untilWords(running: readonly Running[], words: number): Promise<void> {
  return vi.waitFor(
    () => expect(running.every(({ stream }) => stream.words >= words || stream.isDone)).toBe(true),
    { timeout: scaledMs(words * 4) + 10_000, interval: 10 },
  )
}

type Seen = { constructions: number; acknowledgedAt: { readonly [callId: string]: number } }

async function seenOf({ accountId }: Account): Promise<Seen> {
  const response = await fetch(`${world.baseUrl}/__fault?accountId=${accountId}`)
  // The answer of our own faulty Worker.
  return (await response.json()) as Seen
}

/** How many captures of this account were parked, by the Worker's log. */
function parkedOf({ accountId }: Account): number {
  const log = world.logFile === null ? '' : readFileSync(world.logFile, 'utf8')
  return log.split('\n').filter((line) => line.includes('"capture_parked"') && line.includes(accountId))
    .length
}

/** Parked captures may come long after the holds have expired: the books are final when they say what was delivered. */
function untilChargedAsDelivered(account: Account, ended: readonly StormStream[]): Promise<Books> {
  return vi.waitFor(
    async () => {
      const books = await quietBooks(world, account, quietWithinMs)
      expectChargedAsDelivered(books, ended)
      return books
    },
    { timeout: quietWithinMs, interval: 500 },
  )
}

/** Every stream is booked for exactly what its client got and was told, however many entries that took. */
function expectChargedAsDelivered(books: Books, ended: readonly StormStream[]): void {
  for (const { callId, words, costNanoUsd } of ended) {
    expect(costNanoUsd, callId).toBe(costOfWords(words))
    expect(books.charges.get(callId)?.costNanoUsd, callId).toBe(costNanoUsd)
  }
  const delivered = ended.reduce((sum, { words }) => sum + costOfWords(words), 0)
  const charged = [...books.charges.values()].reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
  expect(charged, 'Σ charges = Σ delivered').toBe(delivered)
  expect(books.charges.size).toBe(ended.length)
  expect(lowestBalance(books)).toBe(0)
}

const rulesOf = (books: Books) => [...books.charges.values()].flatMap(({ entries }) => entries)
const expiredOf = (books: Books) => rulesOf(books).filter(({ rule }) => rule === 'hold_expired').length
const lateOf = (books: Books) => rulesOf(books).filter(({ kind }) => kind === 'late').length

describe('fifty streams', () => {
  test(
    'over an object that freezes for 120 s: no byte later than 40 s after the last beat, and what was delivered is charged',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      // Some end by themselves under the frozen object, most are cut by the fence.
      const running = startStreams(account, streams, (index) => ({ tokens: 25 + 4 * index }))
      await untilWords(running, 20)
      const frozenAt = Date.now()
      await world.fault({ kind: 'freeze', accountId: account.accountId, ms: scaledMs(120) })
      const ended = await endOf(running)
      const { acknowledgedAt } = await seenOf(account)
      expect(Date.now(), 'the object is still frozen').toBeLessThan(frozenAt + scaledMs(120))

      const lateness = ended.map(({ callId, lastByteAt }) => lastByteAt - (acknowledgedAt[callId] ?? 0))
      expect(Math.max(...lateness)).toBeLessThanOrEqual(scaledMs(40) + readingMs)
      expect(ended.every(({ isDone }) => isDone)).toBe(true)
      const cut = ended.filter(({ finish }) => finish === 'length')
      expect(cut.length).toBeGreaterThan(0)
      expect(cut.length).toBeLessThan(streams)

      const books = await untilChargedAsDelivered(account, ended)
      report('object frozen for 120 s under 50 streams', {
        'latest byte after its last beat, ms': Math.max(...lateness),
        'fence, ms': scaledMs(40),
        'ended by the fence': cut.length,
        'ended by themselves': streams - cut.length,
        'captures parked': parkedOf(account),
        'holds expired': expiredOf(books),
        'booked late': lateOf(books),
      })
    },
    quietWithinMs + scaledMs(400),
  )

  test(
    'over an object that restarts five times: none is expired or cut',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      const running = startStreams(account, streams, () => ({ tokens: 90 }))
      const before = await seenOf(account)
      for (const words of [10, 25, 40, 55, 70]) {
        await untilWords(running, words)
        await world.fault({ kind: 'restart', accountId: account.accountId })
      }
      const ended = await endOf(running)
      const books = await quietBooks(world, account, quietWithinMs)
      const after = await seenOf(account)
      expect(after.constructions - before.constructions).toBeGreaterThanOrEqual(5)
      expectWhole(ended, 90)
      expectChargedAsDelivered(books, ended)
      expect(expiredOf(books)).toBe(0)
      report('object restarted 5 times under 50 streams', {
        whole: ended.length,
        'holds expired': 0,
        'objects built': after.constructions - before.constructions,
      })
    },
    quietWithinMs + scaledMs(200),
  )

  test(
    'over an object that is evicted between any two calls: none is expired or cut',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      const before = await seenOf(account)
      await world.fault({ kind: 'evict', accountId: account.accountId, ms: 3_600_000 })
      const running = startStreams(account, streams, () => ({ tokens: 90 }))
      const ended = await endOf(running)
      const books = await quietBooks(world, account, quietWithinMs)
      const built = (await seenOf(account)).constructions - before.constructions
      await world.fault({ kind: 'clear' })
      expect(built).toBeGreaterThan(streams)
      expectWhole(ended, 90)
      expectChargedAsDelivered(books, ended)
      expect(expiredOf(books)).toBe(0)
      report('object evicted between any two calls under 50 streams', {
        whole: ended.length,
        'holds expired': 0,
        'objects built': built,
      })
    },
    quietWithinMs + scaledMs(200),
  )

  test(
    'over an object that is away for 3 minutes: every finished answer is charged in full through its parked capture',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      // Forty end well within the fence, on a slow machine as well; the last ten would run for as long as the outage.
      const running = startStreams(account, streams, (index) => ({
        tokens: index < 40 ? 10 + (index >> 2) : 200,
      }))
      await untilWords(running, 5)
      await world.fault({ kind: 'unreachable', accountId: account.accountId, ms: scaledMs(180) })
      const ended = await endOf(running)
      expect(ended.every(({ isDone }) => isDone)).toBe(true)
      const whole = ended.filter(({ finish }) => finish === 'stop')
      expect(whole).toHaveLength(40)

      const books = await untilChargedAsDelivered(account, ended)
      expectWhole(ended.slice(0, 40), undefined)
      const parked = parkedOf(account)
      expect(parked).toBeGreaterThan(0.8 * streams)
      expect(expiredOf(books)).toBeGreaterThan(0)
      report('object away for 3 min under 50 streams', {
        'finished and charged in full': whole.length,
        'ended by the fence': streams - whole.length,
        'captures parked': parked,
        'holds expired meanwhile': expiredOf(books),
        'booked late': lateOf(books),
      })
    },
    quietWithinMs + scaledMs(500),
  )
})

function expectWhole(ended: readonly StormStream[], words: number | undefined): void {
  for (const stream of ended) {
    expect(stream).toMatchObject({ status: 200, isDone: true, isBroken: false, finish: 'stop' })
    if (words !== undefined) expect(stream.words).toBe(words)
  }
}
