// What happens while nothing happens: silent upstreams, drains that take too long, keys revoked and accounts frozen under a
// running stream, an object that is away. A world of its own whose durations are a twentieth, with one provider unset.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { secondMs } from '#core/clock.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import type { World } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, chargeOfCall, expectOneCharge, nanoOfNumber, priceOf } from '../world/charges.ts'
import { settledCharges, streamedCall } from '../world/charges.ts'
import { ask, chatOf, contentOf, streamOf, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { openStream } from '../world/live-stream.ts'

const timeScale = 20
const scaled = (ms: number) => ms / timeScale
const longTest = 60_000

let world: World

beforeAll(async () => {
  world = await startFaultyWorld({ vars: { TIME_SCALE: String(timeScale), DEEPSEEK_API_KEY: undefined } })
})

afterAll(() => world.stop())

const usage = 'every' as const
const inputTokens = 100

/** A stream of thousands of words, one every few milliseconds, that only something else can end. */
const endless: DirectiveChange = { inputTokens, tokens: 10_000, gapMs: 20, usage }

async function endlessStream() {
  const account = await world.newAccount()
  const body = streamOf(endless, { user: account.accountId, max_completion_tokens: 10_000 })
  const stream = await openStream(world, account.apiKey, body)
  await stream.untilWords(5)
  return { account, stream }
}

async function expectHungUp(account: Account): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await upstreamRequestsOf(world, account.accountId)).toMatchObject([{ isAborted: true }]),
    { timeout: 30_000, interval: 25 },
  )
}

describe('while an upstream is silent', () => {
  // Cases: dialects 14, 15
  test.concurrent(
    'its client gets comments that every SDK passes over, and the answer as it was',
    async () => {
      const gapMs = scaled(upstreamTimings.keepAliveMs) * 2
      const { account, answer } = await streamedCall(world, { inputTokens, tokens: 2, gapMs, usage })
      expect(contentOf(answer.events)).toBe(wordsOf(2))
      expect(answer.text.match(/^: keep-alive$/gm)?.length).toBeGreaterThan(1)
      expect(answer.text, 'a blank line behind a comment is an empty event to some').not.toMatch(
        /^:[^\n]*\n\n/m,
      )
      const expected = {
        callId: answer.callId,
        costNanoUsd: priceOf({ input: inputTokens, output: 2 }),
        source: 'final',
      }
      await expectOneCharge(world, account, expected)
    },
    longTest,
  )

  // Cases: dialects 13, 17
  test.concurrent(
    'for too long, its client gets an error frame, and pays for what it got',
    async () => {
      const { account, answer } = await streamedCall(world, { inputTokens, tokens: 9, stallAfter: 4, usage })
      expect(contentOf(answer.events)).toBe(wordsOf(3))
      expect(answer.events.at(-1)).toMatchObject({ error: { code: 'upstream_timeout', type: 'api_error' } })
      expect(answer.message).toBe('The model provider stopped sending. What was delivered is charged.')
      const price = priceOf({ input: inputTokens, output: 3 })
      await expectOneCharge(world, account, {
        callId: answer.callId,
        costNanoUsd: price,
        source: 'cumulative',
      })
      await expectHungUp(account)
    },
    longTest,
  )

  // Cases: billing-bugs 23
  test.concurrent.each([
    streamOf({ firstMs: 60_000 }),
    chatOf({ firstMs: 60_000 }),
    chatOf({ stallAfter: 0 }),
  ])(
    'before its headers for too long, it is a 504, nothing is charged and nothing sent again',
    async (body) => {
      const account = await world.newAccount()
      const user = account.accountId
      const answer = await ask(world, { apiKey: account.apiKey, body: { ...body, user } })
      expect(answer).toMatchObject({ status: 504, errorCode: 'upstream_timeout' })
      expect(await settledCharges(world, account)).toEqual([])
      expect(await upstreamRequestsOf(world, user)).toHaveLength(1)
      await expectHungUp(account)
    },
    longTest,
  )
})

describe('a client that leaves', () => {
  // Cases: billing-bugs 1; dialects 19
  test.concurrent(
    'an answer longer than a drain may take pays for what was produced until then',
    async () => {
      const { account, stream } = await endlessStream()
      stream.leave()
      const { costNanoUsd, output, status, source } = await chargeOfCall(world, account, stream.callId)
      expect({ status, source }).toEqual({ status: 'drain_limit', source: 'cumulative' })
      expect(output).toBeGreaterThan(stream.words)
      expect(costNanoUsd).toBe(priceOf({ input: inputTokens, output: Number(output) }))
      await expectHungUp(account)
    },
    longTest,
  )
})

describe('a stream ends politely, with its usage and cost, and gets no further byte', () => {
  async function expectPoliteEnd(end: (account: Account) => Promise<unknown>): Promise<void> {
    const { account, stream } = await endlessStream()
    // To read with: the first key may be dead afterwards.
    const other = await world.operator('POST', `/accounts/${account.accountId}/keys`, { name: 'another' })
    await end(account)
    const answer = await stream.rest()
    expect(stream.isBroken).toBe(false)
    expect(answer.events.slice(-3)).toMatchObject([
      { choices: [{ finish_reason: 'length' }] },
      { choices: [], usage: { cost: expect.any(Number) } },
      '[DONE]',
    ])
    const reader = { ...account, apiKey: String(other['key']) }
    const charge = await chargeOfCall(world, reader, stream.callId)
    expect(charge).toMatchObject({ status: 'key_revoked', output: stream.words })
    expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output: stream.words }))
    expect(nanoOfNumber(valueAt(answer.events.at(-2), 'usage', 'cost'))).toBe(charge.costNanoUsd)
    await expectHungUp(account)
    const next = await ask(world, { apiKey: account.apiKey, body: chatOf({ tokens: 1 }) })
    expect(next.status).toBe(403)
  }

  // Cases: billing-bugs 31
  test.concurrent(
    'when its key is revoked',
    async () => {
      await expectPoliteEnd(({ accountId }) => world.operator('DELETE', `/accounts/${accountId}/keys/1`))
    },
    longTest,
  )

  test.concurrent(
    'when its account is frozen',
    async () => {
      await expectPoliteEnd(({ accountId }) =>
        world.operator('PATCH', `/accounts/${accountId}`, { frozen: true, reason: 'a test' }),
      )
    },
    longTest,
  )
})

describe('a raw stream that has to end', () => {
  const openRaw = async () => {
    const account = await world.newAccount()
    const body = streamOf(endless, { user: account.accountId, max_completion_tokens: 10_000 })
    const stream = await openStream(world, account.apiKey, body, { headers: { 'x-cost': 'omit' } })
    await stream.untilWords(5)
    return { account, stream }
  }

  // What its client was given is all charged, though nobody of ours has touched a byte of it.
  async function expectCut({ account, stream }: Awaited<ReturnType<typeof openRaw>>, status: string) {
    const other = await world.operator('POST', `/accounts/${account.accountId}/keys`, { name: 'another' })
    await stream.rest()
    expect(stream.isBroken).toBe(true)
    const reader = { ...account, apiKey: String(other['key']) }
    const { costNanoUsd, output, ...charge } = await chargeOfCall(world, reader, stream.callId)
    expect(charge).toMatchObject({ status })
    expect(output).toBeGreaterThanOrEqual(stream.words)
    expect(output).toBeLessThanOrEqual(stream.words + 3)
    expect(costNanoUsd).toBe(priceOf({ input: inputTokens, output: Number(output) }))
    await expectHungUp(account)
  }

  test.concurrent(
    'for its key is a broken connection, charged for what its client got',
    async () => {
      const raw = await openRaw()
      const cut = expectCut(raw, 'key_revoked')
      await world.operator('DELETE', `/accounts/${raw.account.accountId}/keys/1`)
      await cut
    },
    longTest,
  )

  test.concurrent(
    'whose client has left runs on for its drain, and no longer',
    async () => {
      const { account, stream } = await openRaw()
      stream.leave()
      const { costNanoUsd, output, status } = await chargeOfCall(world, account, stream.callId)
      expect(status).toBe('drain_limit')
      expect(output).toBeGreaterThan(stream.words)
      expect(costNanoUsd).toBe(priceOf({ input: inputTokens, output: Number(output) }))
      await expectHungUp(account)
    },
    longTest,
  )

  test(
    'for its object’s silence gets no byte after the fence',
    async () => {
      const { account, stream } = await openRaw()
      await world.fault({ kind: 'unreachable', accountId: account.accountId, ms: 5 * secondMs })
      await stream.rest()
      expect(stream.isBroken).toBe(true)
      await expectHungUp(account)
      await world.fault({ kind: 'clear' })
      const { status, output } = await chargeOfCall(world, account, stream.callId)
      expect(status).toBe('cover_lost')
      expect(output).toBeGreaterThanOrEqual(stream.words)
    },
    longTest,
  )
})

describe('503', () => {
  test('ledger_unavailable while the object is away: nothing is sent or charged', async () => {
    const account = await world.newAccount()
    await world.fault({ kind: 'unreachable', accountId: account.accountId, ms: 10 * secondMs })
    const body = chatOf({ tokens: 1 }, { user: account.accountId })
    const answer = await ask(world, { apiKey: account.apiKey, body })
    await world.fault({ kind: 'clear' })
    expect(answer).toMatchObject({ status: 503, errorCode: 'ledger_unavailable' })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await upstreamRequestsOf(world, account.accountId)).toEqual([])
    expect(await settledCharges(world, account)).toEqual([])
  })

  test('not_configured for a provider without a credential, which it names', async () => {
    const account = await world.newAccount()
    const body = chatOf({ tokens: 1 }, { model: 'deepseek-v4-pro' })
    const answer = await ask(world, { apiKey: account.apiKey, body })
    expect(answer).toMatchObject({ status: 503, errorCode: 'not_configured' })
    expect(answer.message).toContain('DEEPSEEK_API_KEY')
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(await settledCharges(world, account)).toEqual([])
  })
})
