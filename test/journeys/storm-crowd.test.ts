// Crowds of clients that behave badly: two hundred that read slowly or not at all, five hundred that leave at once. Memory is
// bounded, drains are, and everything is settled.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { type World, startWorld } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { watchMemory } from '../world/memory.ts'
import { type SlowAnswer, type Pace, readSlowly } from '../world/slow-client.ts'
import { openLimits, range, report, storm } from '../world/storm.ts'
import { type Account, type Books, countOf, expectSettledOnce, quietBooks } from '../world/storm-books.ts'
import { type Running, costOfWords, startStream } from '../world/storm-client.ts'

/** Is aborted as soon as its client has gone. */
const stoppingModel = 'ministral-8b-2512'
/** Not as fast as other storms: with hundreds of clients on two cores, a second of delay must stay small beside a drain. */
const scale = Math.min(storm.scale, 4)
const ownMs = (seconds: number) => Math.ceil((seconds * 1_000) / scale)
const quietWithinMs = 60_000 + ownMs(120)

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: String(scale) } })
})

afterAll(() => world.stop())

const endpointOf = ({ apiKey }: Account) => ({ baseUrl: world.baseUrl, apiKey })

const rulesOf = (books: Books) =>
  countOf([...books.charges.values()].map(({ entries }) => entries[0]?.rule ?? ''))

describe('slow readers', () => {
  const wordBytes = 16 * 1_024
  const slowWords = 64
  /** More than all the buffers between an upstream and a client can hold. */
  const endlessWords = 4_096
  const streams = { slow: 150, stopped: 50 }
  const memoryMbMax = 500
  const pace: Pace = { biteBytes: 64 * 1_024, pauseMs: 100 }

  test('two hundred of them, fifty of whom stop reading: memory stays bounded, the upstream is not read ahead, all settle', async () => {
    const account = await world.newAccount({ creditUsd: '100.00', settings: openLimits })
    await world.resetUpstream()
    const memory = watchMemory(world)
    const leaving = new AbortController()
    const callOf = (words: number) => ({
      upstream: { tokens: words, wordBytes, gapMs: 5 },
      outputTokens: words,
    })
    const slow = range(streams.slow, () => readSlowly(endpointOf(account), callOf(slowWords), pace))
    // Of a model that stops when its client has gone: what was written until then was written to this client.
    const endlessCall = { ...callOf(endlessWords), model: stoppingModel }
    const stopped = range(streams.stopped, () =>
      readSlowly({ ...endpointOf(account), leave: leaving.signal }, endlessCall, {
        ...pace,
        stopsAfterBytes: pace.biteBytes,
      }),
    )

    const read: SlowAnswer[] = await Promise.all(slow)
    const endings = read.map(({ status, isDone }) => `${status} ${isDone ? 'whole' : 'cut'}`)
    expect(countOf(endings)).toEqual({ '200 whole': streams.slow })
    const books = await quietBooks(world, account, quietWithinMs)
    leaving.abort()
    const gone = await Promise.all(stopped)
    const grownMb = memory.end()

    expectSettledOnce(books, [...read, ...gone])
    const endless = world.upstream.requests.filter(({ body }) => valueAt(body, 'max_tokens') === endlessWords)
    const written = endless.map(({ chunksWritten }) => chunksWritten)
    expect(written).toHaveLength(streams.stopped)
    expect(Math.max(...written), 'of each endless answer the upstream got rid of').toBeLessThan(
      endlessWords / 2,
    )
    expect(grownMb).toBeLessThan(memoryMbMax)
    report('200 slow readers, 50 of them stopped', {
      'memory grew by, MB': grownMb,
      'answers, MB': Math.round(
        ((streams.slow * slowWords + streams.stopped * endlessWords) * wordBytes) / 1e6,
      ),
      'most written of an endless answer, MB': Math.round((Math.max(...written) * wordBytes) / 1e6),
      ...rulesOf(books),
    })
  }, 180_000)
})

describe('clients that leave', () => {
  /** A word every 4 s of the product's time, so that a drain of 25 s sees six of them. */
  const gapMs = ownMs(4)
  const wordsInDrain = 7
  /** Each asks for a number of its own, so that the upstream's records can be told apart. */
  const wordsOf = (index: number) => 5 + (index % 40)

  // Cases: billing-bugs 3
  test(
    'five hundred at once: what ends within the drain time is charged in full, the rest is aborted and charged as produced',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      await world.resetUpstream()
      const running = range(500, (index) => {
        const tokens = wordsOf(index)
        return startStream(endpointOf(account), { upstream: { tokens, gapMs }, outputTokens: tokens })
      })
      await untilWords(running, 2)
      const wordsThen = running.map(({ stream }) => stream.words)
      for (const { leave } of running) leave()
      const left = await Promise.all(running.map(({ ended }) => ended))
      const leftAt = Date.now()

      const books = await quietBooks(world, account, quietWithinMs)
      const settledMs = Date.now() - leftAt
      expectSettledOnce(books, left)
      let drained = 0
      for (const [index, { callId, isBroken }] of left.entries()) {
        const charge = books.charges.get(callId)
        const isCutOff = charge?.entries[0]?.rule === 'drain_limit_usage_said'
        drained += isBroken && !isCutOff ? 1 : 0
        if (!isCutOff) expect(charge?.costNanoUsd).toBe(costOfWords(wordsOf(index)))
        else expect(charge?.costNanoUsd).toBeGreaterThanOrEqual(costOfWords(wordsThen[index] ?? 0))
      }
      const cutOff = world.upstream.requests.filter(
        ({ outputTokens, body }) => outputTokens < Number(valueAt(body, 'max_completion_tokens')),
      )
      // Some had all their words and were waiting for the upstream to say that this was the end.
      expect(cutOff.length).toBeLessThanOrEqual(rulesOf(books)['drain_limit_usage_said'] ?? 0)
      expect(cutOff.every(({ isAborted }) => isAborted)).toBe(true)
      expect(cutOff.length).toBeGreaterThan(50)
      expect(drained).toBeGreaterThan(10)
      const mostThen = Math.max(...wordsThen)
      const mostWritten = Math.max(...cutOff.map(({ outputTokens }) => outputTokens))
      expect(mostWritten, 'no drain is longer than its limit').toBeLessThan(mostThen + 2 * wordsInDrain)
      report('500 clients leave at once', {
        ...rulesOf(books),
        'ended while draining': drained,
        'most words at the leaving': mostThen,
        'most words written': mostWritten,
        'all settled after ms': settledMs,
      })
    },
    120_000 + ownMs(240),
  )

  test('a hundred at once from a model that stops: the upstream is aborted, and what was produced is charged', async () => {
    const account = await world.newAccount({ settings: openLimits })
    await world.resetUpstream()
    const call = { upstream: { tokens: 200, gapMs: 50 }, outputTokens: 200, model: stoppingModel }
    const running = range(100, () => startStream(endpointOf(account), call))
    await untilWords(running, 3)
    for (const { leave } of running) leave()
    const left = await Promise.all(running.map(({ ended }) => ended))

    const books = await quietBooks(world, account, quietWithinMs)
    expectSettledOnce(books, left)
    expect(rulesOf(books)).toEqual({ client_gone_usage_said: 100 })
    await vi.waitFor(
      () => expect(world.upstream.requests.filter(({ isAborted }) => isAborted)).toHaveLength(100),
      { timeout: 30_000 },
    )
    const most = Math.max(...world.upstream.requests.map(({ outputTokens }) => outputTokens))
    expect(most).toBeLessThan(100)
    report('100 clients leave a model that stops', { ...rulesOf(books), 'most words written': most })
  }, 120_000)
})

function untilWords(running: readonly Running[], words: number): Promise<void> {
  const others = () =>
    running
      .filter(({ stream }) => stream.words < words)
      .map(
        ({ stream }) =>
          `${stream.status} ${stream.errorCode} ${stream.words} ${stream.finish} ${stream.isBroken}`,
      )
  return vi.waitFor(() => expect(others()).toEqual([]), { timeout: 60_000, interval: 10 })
}
