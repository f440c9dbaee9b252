// Hundreds of clients of every dialect that leave at the same moment, half of them from models that finish and half from models
// that stop: drains are bounded, nothing is lost, and the books add up.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { type World, startWorld } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { dialectIds, requestOf } from '../world/dialect-requests.ts'
import { type LiveStream, openStream } from '../world/live-stream.ts'
import { openLimits, range, report, storm } from '../world/storm.ts'
import { countOf, expectSettledOnce, quietBooks } from '../world/storm-books.ts'

/** A drain lasts 25 s of the product's time; hundreds of clients on two cores need their share of it. */
const scale = Math.min(storm.scale, 4)
const leavers = storm.isLong ? 500 : 240
const quietWithinMs = 60_000 + Math.ceil(120_000 / scale)
const tokens = 60
const wordsBefore = 2
const wordMark = / word\d+/g

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: String(scale) } })
})

afterAll(() => world.stop())

/** One that is always heard out within a drain, one that is hung up on. */
const models = ['mistral-large-4', 'ministral-8b-2512'] as const

// Cases: billing-bugs 1, 2, 3
test('clients of every dialect leave at once: each call is charged once, half are heard out, half are hung up on, the books add up', async () => {
  const account = await world.newAccount({ creditUsd: '50.00', settings: openLimits })
  await world.resetUpstream()
  const streams = await Promise.all(
    range(leavers, async (index) => {
      const client = dialectIds[index % dialectIds.length] ?? 'chat'
      const model = models[Math.floor(index / dialectIds.length) % models.length] ?? models[0]
      const directive = { inputTokens: 100, tokens, gapMs: 60, usage: 'every' as const }
      const { path, body } = requestOf({ client, upstream: 'chat', isStreamed: true }, account, directive)
      const stream = await openStream(world, account.apiKey, { ...Object(body), model }, path)
      return { stream, model }
    }),
  )
  expect(countOf(streams.map(({ stream }) => String(stream.status)))).toEqual({ '200': leavers })
  await Promise.all(streams.map(({ stream }) => stream.until((text) => wordsIn(text) >= wordsBefore)))
  for (const { stream } of streams) stream.leave()
  const leftAt = Date.now()

  const books = await quietBooks(world, account, quietWithinMs)
  const settledMs = Date.now() - leftAt
  expectSettledOnce(
    books,
    streams.map(({ stream }) => stream),
  )
  const rules = countOf([...books.charges.values()].map(({ entries }) => entries[0]?.rule ?? ''))
  const upstreams = world.upstream.requests
  await vi.waitFor(() => expect(upstreams.filter(({ endedAt }) => endedAt === null)).toEqual([]), {
    timeout: 30_000,
  })
  // Behind its terminator we may have hung up before the upstream did.
  const aborted = upstreams.filter(({ isAborted, outputTokens }) => isAborted && outputTokens < tokens)
  const stopping = aborted.filter(({ body }) => valueAt(body, 'model') === 'ministral-8b-2512')
  expect(stopping, 'every model that stops was hung up on').toHaveLength(leavers / models.length)
  // A drain that takes too long on a busy machine is cut off at its limit, and never lost.
  const cutOff = Object.entries(rules).filter(([rule]) => rule.startsWith('drain_limit'))
  expect(aborted.length - stopping.length).toBeLessThanOrEqual(
    cutOff.reduce((sum, [, count]) => sum + count, 0),
  )
  expect(rules['client_gone_usage_said']).toBeGreaterThanOrEqual(leavers / models.length)
  report(`${leavers} clients of all dialects leave at once`, { ...rules, 'all settled after ms': settledMs })
}, 240_000)

function wordsIn(text: LiveStream['text']): number {
  return text.match(wordMark)?.length ?? 0
}
