// A process that dies under generations: what was kept of them is charged, can be collected, and ends with an error; what had not
// begun costs nothing. A world of its own, whose durations are a twentieth.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type World, startWorld } from '../../dev/world.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall, priceOf, settledCharges } from '../world/charges.ts'
import { ask, chatOf, contentOf, streamOf, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { LiveStream, openStream } from '../world/live-stream.ts'

const inputTokens = 100
const finish = { 'x-on-disconnect': 'finish' }
const collectPath = (callId: string) => `/v1/generations/${callId}/stream`

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: '20' } })
})

afterAll(() => world.stop())

const readingModel = 'gpt-6-astra'

// Requirements: 18, 19
// Cases: billing-bugs 1
test.each([
  ['by its model alone', readingModel, {}],
  ['by its client’s wish', chatModel, finish],
])(
  'a stream of a minute whose client leaves after two seconds is heard out and collected: %s',
  async (_why, model, headers) => {
    const account = await world.newAccount()
    // Far beyond the 25 s that a Worker reads on, all durations being a twentieth.
    const upstream = { inputTokens, tokens: 120, gapMs: 25 }
    const body = streamOf(upstream, { model, user: account.accountId, max_completion_tokens: 4_000 })
    const [stayed, left] = [
      await openStream(world, account.apiKey, body, { headers }),
      await openStream(world, account.apiKey, body, { headers }),
    ]
    await left.untilWords(4)
    left.leave()
    await stayed.rest()
    const [charge, whole] = [
      await chargeOfCall(world, account, left.callId),
      await chargeOfCall(world, account, stayed.callId),
    ]
    expect(charge).toEqual(whole)
    expect(charge).toMatchObject({
      costNanoUsd: priceOf({ input: inputTokens, output: 120 }, model),
      output: 120,
    })
    const collected = await ask(world, {
      apiKey: account.apiKey,
      path: collectPath(left.callId),
      method: 'GET',
    })
    expect(contentOf(collected.events)).toBe(wordsOf(120))
  },
  60_000,
)

async function strike(): Promise<void> {
  await world.restartProduct({ sigkill: true })
}

// Requirements: 18
test('a stream whose process is killed is charged for what was kept of it, and collected up to there with an error', async () => {
  const account = await world.newAccount()
  const upstream = { inputTokens, tokens: 400, gapMs: 25, usage: 'every' as const }
  const body = streamOf(upstream, { user: account.accountId, max_completion_tokens: 400 })
  const stream = await openStream(world, account.apiKey, body, { headers: finish })
  await stream.untilWords(100)
  await strike()
  await stream.rest()
  const charge = await chargeOfCall(world, account, stream.callId)
  const collected = await ask(world, {
    apiKey: account.apiKey,
    path: collectPath(stream.callId),
    method: 'GET',
  })
  expect(collected).toMatchObject({ status: 200, errorCode: 'upstream_error' })
  const words = contentOf(collected.events).match(/word/g)?.length ?? 0
  expect(words).toBeGreaterThan(20)
  expect(charge).toMatchObject({
    costNanoUsd: priceOf({ input: inputTokens, output: words }),
    output: words,
    status: 'relay_lost',
  })
  expect(await settledCharges(world, account)).toHaveLength(1)
  const beyond = await ask(world, {
    apiKey: account.apiKey,
    path: `${collectPath(stream.callId)}?starting_after=5000`,
    method: 'GET',
  })
  expect(beyond).toMatchObject({ status: 200, errorCode: 'upstream_error' })
  expect(beyond.events).toHaveLength(1)
}, 60_000)

// Requirements: 18
test('an answer in one piece that nobody saw any of costs nothing, and who comes for it hears why', async () => {
  const account = await world.newAccount()
  const body = chatOf({ inputTokens, tokens: 20, firstMs: 30_000 }, { user: account.accountId })
  const waiting = ask(world, { apiKey: account.apiKey, body, headers: finish }).catch(() => undefined)
  const callId = await vi.waitFor(
    async () => {
      expect(await upstreamRequestsOf(world, account.accountId)).toHaveLength(1)
      const { body: holds } = await ask(world, { apiKey: account.apiKey, path: '/v1/account/holds' })
      return String(valueAt(holds, 'data', 0, 'id'))
    },
    { timeout: 30_000, interval: 25 },
  )
  await strike()
  await waiting
  const collected = await ask(world, { apiKey: account.apiKey, path: collectPath(callId), method: 'GET' })
  expect(collected).toMatchObject({ status: 502, errorCode: 'upstream_error' })
  expect(await settledCharges(world, account)).toEqual([])
}, 60_000)

// Requirements: 18
test('an answer that was over before the kill is collected after it as it was', async () => {
  const account = await world.newAccount()
  const stream = await openStream(world, account.apiKey, streamOf({ tokens: 9 }), { headers: finish })
  await stream.rest()
  const [charge] = await settledCharges(world, account)
  await strike()
  const response = await fetch(`${world.baseUrl}${collectPath(stream.callId)}`, {
    headers: { authorization: `Bearer ${account.apiKey}` },
  })
  const collected = new LiveStream(response, new AbortController())
  await collected.rest()
  expect(collected.text).toBe(stream.text)
  expect(await settledCharges(world, account)).toEqual([charge])
}, 60_000)
