// A whole call with an upstream that misbehaves: what its client gets, and what the ledger is told.

import { expect, test } from 'vitest'

import { callIdOf, makeRequestId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { timings } from '#ledger/timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { execute } from './execution.ts'
import { aCall } from './test-call.ts'
import { anAdmission, testParts, ToldLedger } from './test-parts.ts'
import { answerBytesMax } from './whole-answer.ts'

type Told = Pick<ToldLedger, 'captures' | 'releases'>

/** One call with this answer of the upstream, and what the ledger heard of it. */
async function called(upstream: Response, isStreamed: boolean): Promise<Told & { response: Response }> {
  const ledger = new ToldLedger()
  const parts = testParts(ledger, { fetch: async () => upstream })
  const execution = execute(aCall({ asked: { isStreamed } }), parts)
  const response = await execution.response
  const text = await response.text()
  await execution.ended
  const { captures, releases } = ledger
  return { captures, releases, response: new Response(text, response) }
}

const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }
const whole = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage,
}
const chunk = {
  id: 'chatcmpl-1',
  choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }],
}

function streamed(...chunks: readonly object[]): Response {
  const text = [...chunks.map((one) => JSON.stringify(one)), '[DONE]'].map((data) => `data: ${data}\n\n`)
  return new Response(text.join(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

async function expectRefused(answer: Told & { response: Response }): Promise<void> {
  expect(answer.response.status).toBe(502)
  expect(await answer.response.json()).toMatchObject({ error: { code: 'upstream_error' } })
  expect(answer.captures).toEqual([])
  expect(answer.releases).toHaveLength(1)
}

test('a stream that was asked for and came as one JSON body is an error of the upstream and costs nothing', async () => {
  await expectRefused(await called(Response.json(whole), true))
})

test('a body that was asked for and came as a stream is an error of the upstream and costs nothing', async () => {
  await expectRefused(await called(streamed(chunk, { choices: [], usage }), false))
})

test('a whole answer that says "error": null is an answer, and is charged', async () => {
  const answer = await called(Response.json({ error: null, ...whole }), false)
  expect(answer.response.status).toBe(200)
  expect(answer.captures).toHaveLength(1)
  expect(answer.captures[0]?.costNanoUsd).toBeGreaterThan(0)
})

test('a stream whose chunks say "error": null is an answer, and is charged', async () => {
  const answer = await called(streamed({ error: null, ...chunk }, { error: null, choices: [], usage }), true)
  expect(answer.response.status).toBe(200)
  expect(await answer.response.text()).toContain('Hello')
  expect(answer.captures[0]?.costNanoUsd).toBeGreaterThan(0)
})

// Cases: dialects 20
test("a stream carries none of its upstream's headers: their length and encoding are of other bytes", async () => {
  const upstream = streamed(chunk, { choices: [], usage })
  const theirs = { 'content-length': '7', 'content-encoding': 'gzip', 'openai-organization': 'ours' }
  for (const [name, value] of Object.entries(theirs)) upstream.headers.set(name, value)
  upstream.headers.set('cache-control', 'public, max-age=60')
  const { response } = await called(upstream, true)
  expect(await response.text()).toContain('Hello')
  expect(Object.keys(theirs).filter((name) => response.headers.has(name))).toEqual([])
  expect(response.headers.get('cache-control')).toBe('private, no-store, no-transform')
})

test('a whole answer without an end is not read into memory, but refused', async () => {
  let bytes = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      bytes += 1024 * 1024
      controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20))
      if (bytes > 4 * answerBytesMax) controller.close()
    },
  })
  const upstream = new Response(body, { headers: { 'content-type': 'application/json' } })
  await expectRefused(await called(upstream, false))
  expect(bytes).toBeLessThan(2 * answerBytesMax)
})

test('an error that the upstream answers with status 200 is one, streamed or not', async () => {
  const error = { error: { message: 'overloaded', type: 'server_error' } }
  await expectRefused(await called(Response.json(error), false))
  await expectRefused(await called(streamed(error), true))
})

test('the end of a call whose client left and whose object hangs is parked before the platform ends the Worker', async () => {
  const ledger = new ToldLedger()
  ledger.captured = () => new Promise(() => undefined)
  const parked: ParkedCapture[] = []
  const clock = new HandClock()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const upstream = new Response(readable, { headers: { 'content-type': 'text/event-stream' } })
  const execution = execute(
    aCall(),
    testParts(ledger, {
      clock,
      fetch: async () => upstream,
      captures: { park: async (message) => void parked.push(message) },
    }),
  )
  const bytes = new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`)
  void writer.write(bytes).catch(() => undefined)
  const { body } = await execution.response
  const client = body?.getReader()
  await client?.read()
  await client?.cancel()

  // The next write tells that it has left.
  void writer.write(bytes).catch(() => undefined)
  await clock.advance(timings.afterLeaveMs)

  expect(ledger.captures).toHaveLength(1)
  expect(parked).toHaveLength(1)
  await execution.ended
})

test('a bug of ours is a 500 with a request id, charges nothing and holds nothing', async () => {
  const upstream = Object.defineProperty(Response.json(whole), 'headers', {
    get: () => {
      throw new Error('a bug, planted by a test')
    },
  })
  const answer = await called(upstream, false)
  expect(answer.response.status).toBe(500)
  expect(answer.response.headers.get('x-request-id')).toMatch(/^req_/)
  expect(await answer.response.json()).toMatchObject({ error: { code: 'internal', type: 'api_error' } })
  expect(answer.captures).toEqual([])
  expect(answer.releases).toHaveLength(1)
})

test('in good standing a call leaves before its account is asked, and nothing of its answer reaches the client before the yes', async () => {
  const ledger = new ToldLedger()
  const left = { limit: 1_000_000, remaining: 1_000_000, resetMs: 0 }
  ledger.admit = ({ holdNanoUsd }) =>
    anAdmission({
      heldNanoUsd: holdNanoUsd,
      availableNanoUsd: nanoUsd(1_000_000_000_000),
      parallel: { calls: 4, exposureNanoUsd: nanoUsd(50_000_000) },
      rate: { requests: left, tokens: left, inFlight: left },
    })
  const clock = new HandClock()
  const turn = Promise.withResolvers<void>()
  const asksWhenSent: number[] = []
  const parts = testParts(ledger, {
    clock,
    nextTurn: () => turn.promise,
    fetch: async () => {
      asksWhenSent.push(ledger.admits.length)
      return streamed(chunk, { choices: [], usage })
    },
  })
  const first = execute(aCall(), parts)
  await (await first.response).text()
  await first.ended
  const second = execute(aCall({ callId: callIdOf(makeRequestId(clock.now(), parts.random)) }), parts)
  let isAnswered = false
  const response = second.response.then((answer) => {
    isAnswered = true
    return answer
  })
  await clock.advance(0)
  // Asked about first, as nothing is known of it yet; then the other way round.
  expect(asksWhenSent).toEqual([1, 1])
  expect([ledger.admits.length, isAnswered]).toEqual([1, false])
  turn.resolve()
  const answer = await response
  expect([ledger.admits.length, answer.headers.get('x-balance-check')]).toEqual([2, 'parallel'])
  expect(await answer.text()).toContain('Hello')
  await second.ended
})
