// Upstreams that hang, fail and refuse, two hundred calls at once: every client gets its answer, and nothing stays held.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { type World, startWorld } from '../../dev/world.ts'
import { openLimits, range, report, scaledMs, storm } from '../world/storm.ts'
import { countOf, expectSettledOnce, quietBooks } from '../world/storm-books.ts'
import { type Running, type StormStream, costOfWords, startStream } from '../world/storm-client.ts'

const quietWithinMs = 60_000 + scaledMs(120)

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: String(storm.scale) } })
})

afterAll(() => world.stop())

describe('upstreams', () => {
  test(
    'that hang, fail and refuse under 200 calls: every client gets its answer, and what was not delivered is free',
    async () => {
      const account = await world.newAccount({ settings: openLimits })
      const start = (count: number, upstream: DirectiveChange) =>
        range(count, () =>
          startStream({ baseUrl: world.baseUrl, apiKey: account.apiKey }, { upstream, outputTokens: 20 }),
        )
      const stalled = start(40, { tokens: 20, gapMs: 10, stallAfter: 6 })
      const silent = start(20, { firstMs: scaledMs(700) })
      const refused = start(100, { status: 429, retryAfterSeconds: 7 })
      const failed = start(40, { status: 500 })
      const ends = async (running: readonly Running[]) => Promise.all(running.map(({ ended }) => ended))
      const [stalls, silences, refusals, failures] = [
        await ends(stalled),
        await ends(silent),
        await ends(refused),
        await ends(failed),
      ]
      const said = (streams: readonly StormStream[]) =>
        countOf(streams.map(({ status, errorCode }) => `${status} ${errorCode}`))
      expect(said(stalls)).toEqual({ '200 upstream_timeout': 40 })
      expect(said(silences)).toEqual({ '504 upstream_timeout': 20 })
      expect(said(refusals)).toEqual({ '503 upstream_overloaded': 100 })
      expect(said(failures)).toEqual({ '502 upstream_error': 40 })

      const books = await quietBooks(world, account, quietWithinMs)
      expectSettledOnce(books, stalls)
      for (const { callId, words } of stalls)
        expect(books.charges.get(callId)?.costNanoUsd).toBe(costOfWords(words))
      report('hanging and refusing upstreams under 200 calls', {
        ...said(stalls),
        ...said(silences),
        ...said(refusals),
        ...said(failures),
        charged: books.charges.size,
      })
    },
    quietWithinMs + scaledMs(400),
  )
})
