// A client that leaves: the answer runs on or stops as its model's published policy says, and is charged once.

import { expect, describe, test, vi } from 'vitest'
import { models } from '#catalog/models.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import type { RecordedRequest } from '../../dev/upstream.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { type Account, type Charge, chargeOfCall, countedTokens } from '../world/charges.ts'
import { estimateOf, presentOf, priceOf, settledCharges } from '../world/charges.ts'
import { dialectIds, requestOf } from '../world/dialect-requests.ts'
import { ask, chatOf, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { askAndLeave, type LiveStream, openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { openLimits, range } from '../world/storm.ts'

const finishModel = chatModel
const stopModel = 'ministral-3b-2512'
const inputTokens = 100

/** Mistral's models refuse `stream_options`; everything else here is the same for both. */
function streamOfModel(account: Account, model: string, upstream: DirectiveChange) {
  return { ...chatOf({ inputTokens, ...upstream }, { model, user: account.accountId }), stream: true }
}

async function upstreamCallOf(account: Account): Promise<RecordedRequest> {
  return vi.waitFor(
    async () => {
      const [seen] = await upstreamRequestsOf(sharedWorld(), account.accountId)
      if (seen?.endedAt === null || seen === undefined) throw new Error('the upstream is still busy')
      return seen
    },
    { timeout: 30_000, interval: 25 },
  )
}

/** One stream whose client leaves as told, and everything that came of it. */
async function leftStream(
  model: string,
  upstream: DirectiveChange,
  until: (stream: LiveStream) => Promise<void>,
) {
  const account = await sharedWorld().newAccount()
  const body = streamOfModel(account, model, upstream)
  const stream = await openStream(sharedWorld(), account.apiKey, body)
  await until(stream)
  stream.leave()
  const charge = await chargeOfCall(sharedWorld(), account, stream.callId)
  expect(await settledCharges(sharedWorld(), account)).toEqual([
    { callId: stream.callId, costNanoUsd: charge.costNanoUsd },
  ])
  expect(charge.costNanoUsd).toBeGreaterThan(0)
  return { account, body, words: stream.words, charge, seen: await upstreamCallOf(account) }
}

const moments: readonly [string, number][] = [
  ['at the first byte', 0],
  ['in the middle', 8],
  ['after the last token', 20],
]

const untilWords = (count: number) => (stream: LiveStream) =>
  count === 0 ? stream.until((text) => text.length > 0) : stream.untilWords(count)

describe('a client that leaves a stream of a model that finishes', () => {
  // Requirements: 18, 19
  // Cases: billing-bugs 1; dialects 19
  test.each(moments)('%s: the provider is heard out, and all of it is charged', async (_when, count) => {
    const upstream = { tokens: 20, gapMs: 15 }
    const { words, charge, seen } = await leftStream(finishModel, upstream, untilWords(count))
    expect(words).toBeLessThanOrEqual(20)
    // The role, the words, the finish, the usage and the terminator.
    expect(seen).toMatchObject({ outputTokens: 20, chunksWritten: 24 })
    expect(charge).toMatchObject({
      costNanoUsd: priceOf({ input: inputTokens, output: 20 }),
      source: 'final',
      output: 20,
    })
  })

  // Cases: billing-bugs 1, 8
  test('is charged for everything that was produced where the provider states nothing', async () => {
    const upstream = { tokens: 20, gapMs: 5, usage: 'none' as const }
    const { account, body, charge } = await leftStream(finishModel, upstream, untilWords(3))
    const { expectedInputTokens: input } = await estimateOf(sharedWorld(), account, body)
    const price = priceOf({ input, output: countedTokens(wordsOf(20)) })
    expect(charge).toMatchObject({ costNanoUsd: price, source: 'counted' })
  })
})

describe('a client that leaves a stream of a model that stops', () => {
  // Requirements: 22
  // Cases: billing-bugs 1; dialects 19
  test.each(moments)(
    '%s: the provider is hung up on, and what it had made is charged',
    async (_when, count) => {
      const upstream = { tokens: 150, gapMs: 15, usage: 'every' as const }
      const { words, charge, seen } = await leftStream(stopModel, upstream, untilWords(count))
      expect(seen).toMatchObject({ isFinished: false, isAborted: true })
      const { output } = charge
      expect(output).toBeGreaterThanOrEqual(words)
      expect(output).toBeLessThanOrEqual(seen.outputTokens)
      expect(seen.outputTokens).toBeLessThan(150)
      expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output: Number(output) }, stopModel))
    },
  )

  // Cases: billing-bugs 8, 10
  test('is charged by our count of what was made where the provider states nothing', async () => {
    const upstream = { tokens: 150, gapMs: 15, usage: 'none' as const }
    const { account, body, words, charge, seen } = await leftStream(stopModel, upstream, untilWords(4))
    const { expectedInputTokens: input } = await estimateOf(sharedWorld(), account, body)
    const possible = range(seen.outputTokens - words + 1, (more) =>
      countedTokens(wordsOf(words + more), stopModel),
    )
    expect(possible).toContain(charge.output)
    expect(charge.costNanoUsd).toBe(priceOf({ input, output: Number(charge.output) }, stopModel))
  })
})

describe.each(dialectIds)('a client of %s that leaves', (client) => {
  const wordMark = / word\d+/g
  async function leftIn(model: string) {
    const account = await sharedWorld().newAccount()
    const upstream = { inputTokens, tokens: 120, gapMs: 15, usage: 'every' as const }
    const side = { client, upstream: 'chat' as const, isStreamed: true }
    const { path, body } = requestOf(side, account, upstream)
    const stream = await openStream(sharedWorld(), account.apiKey, { ...Object(body), model }, path)
    await stream.until((text) => (text.match(wordMark)?.length ?? 0) >= 4)
    stream.leave()
    const charge = await chargeOfCall(sharedWorld(), account, stream.callId)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
    return { charge, seen: await upstreamCallOf(account) }
  }

  // Requirements: 18, 19
  // Cases: billing-bugs 1, 2; dialects 19
  test('a model that finishes pays for the whole answer', async () => {
    const { charge, seen } = await leftIn('mistral-large-4')
    // Behind its terminator we may have hung up before the upstream did.
    expect(seen.outputTokens).toBe(120)
    expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output: 120 }, 'mistral-large-4'))
  })

  // Requirements: 22
  // Cases: billing-bugs 1, 2; dialects 19
  test('a model that stops pays for what was made, and its upstream is hung up on', async () => {
    const { charge, seen } = await leftIn(stopModel)
    expect(seen).toMatchObject({ isFinished: false, isAborted: true })
    const output = Number(charge.output)
    expect(output).toBeGreaterThanOrEqual(4)
    expect(output).toBeLessThanOrEqual(seen.outputTokens)
    expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output }, stopModel))
  })
})

describe('what a model does when its client leaves', () => {
  type Left = { charge: Charge; seen: RecordedRequest }

  async function leaveAfterTwoWords(model: string): Promise<Left> {
    const { charge, seen } = await leftStream(model, { tokens: 80, gapMs: 15, usage: 'every' }, untilWords(2))
    return { charge, seen }
  }

  // Requirements: 18, 22
  test('is what GET /v1/models says of it, for every model', async () => {
    const { body } = await ask(sharedWorld(), { path: '/v1/models' })
    const listed = valueAt(body, 'data')
    const entries = Array.isArray(listed) ? listed.map((model: unknown) => model) : []
    expect(entries).toHaveLength(models.filter(({ status }) => status === 'available').length)
    // A call of a free model moves no money, so there is no charge to look at; vectors are told of in openai-embeddings.test.ts,
    // fees in fixed-fee.test.ts.
    const priced = entries.filter(
      (entry) =>
        valueAt(entry, 'kind') === 'chat' &&
        valueAt(entry, 'pricing', 'completion') !== '0' &&
        valueAt(entry, 'cancellation_policy') !== 'accept',
    )
    expect(priced.length).toBeGreaterThanOrEqual(70)
    for (let next = 0; next < priced.length; next += modelsAtOnce)
      await Promise.all(priced.slice(next, next + modelsAtOnce).map(leavesAsListed))
  }, 120_000)

  /** All at once would measure how busy this machine is. */
  const modelsAtOnce = 25

  async function leavesAsListed(entry: unknown): Promise<void> {
    const id = String(valueAt(entry, 'id'))
    const policy = valueAt(entry, 'cancellation_policy')
    const { charge, seen } = await leaveAfterTwoWords(id)
    const isHeardOut = seen.outputTokens === 80
    expect({ id, policy, isHeardOut }).toEqual({ id, policy, isHeardOut: policy === 'finish' })
    const output = isHeardOut ? 80 : Number(charge.output)
    expect(charge.costNanoUsd, id).toBe(priceOf({ input: inputTokens, output }, id))
  }
})

describe('a client that leaves before an answer in one piece has come', () => {
  // Cases: billing-bugs 4
  test.each([finishModel, stopModel])('pays for all of it, never for its input alone: %s', async (model) => {
    const account = await sharedWorld().newAccount()
    const body = chatOf({ inputTokens, tokens: 20, firstMs: 300 }, { model, user: account.accountId })
    const call = askAndLeave(sharedWorld(), account.apiKey, body)
    await vi.waitFor(
      async () => expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(1),
      { timeout: 30_000, interval: 10 },
    )
    call.leave()
    await call.left
    expect((await upstreamCallOf(account)).isFinished).toBe(true)
    const price = priceOf({ input: inputTokens, output: 20 }, model)
    expect(await settledCharges(sharedWorld(), account)).toMatchObject([{ costNanoUsd: price }])
  })
})

describe('two hundred clients that leave at once', () => {
  const count = 200

  // Cases: billing-bugs 1
  test.each([finishModel, stopModel])(
    'are charged once each, and nothing stays held: %s',
    async (model) => {
      const world = sharedWorld()
      const account = await world.newAccount({ settings: openLimits })
      const body = streamOfModel(account, model, { tokens: 40, gapMs: 10, usage: 'every' })
      const streams = await Promise.all(range(count, () => openStream(world, account.apiKey, body)))
      expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]))
      await Promise.all(
        streams.map(async (stream, at) => {
          await stream.untilWords(at % 5)
          stream.leave()
        }),
      )
      const totals = await vi.waitFor(
        async () => {
          const usage = await ask(world, { apiKey: account.apiKey, path: '/v1/account/usage' })
          expect(valueAt(usage.body, 'pending_entries')).toBe(0)
          expect(valueAt(usage.body, 'totals', 'requests')).toBe(count)
          return valueAt(usage.body, 'totals')
        },
        { timeout: 40_000, interval: 250 },
      )
      const rows = await world.sql(
        'select count(*) as entries, count(distinct reference) as calls, -sum(amount_nano_usd) as cost from ledger_entries where account_id = $1 and kind = $2',
        [account.accountId, 'usage'],
      )
      expect(rows).toMatchObject([{ entries: count, calls: count }])
      const output = Number(valueAt(totals, 'output_tokens'))
      if (model === finishModel) expect(output).toBe(count * 40)
      expect(valueAt(totals, 'input_tokens')).toBe(count * inputTokens)
      const { balanceNanoUsd, heldNanoUsd } = await presentOf(world, account)
      expect(heldNanoUsd).toBe(0)
      expect(balanceNanoUsd).toBe(10_000_000_000 - Number(rows[0]?.['cost']))
    },
    90_000,
  )
})
