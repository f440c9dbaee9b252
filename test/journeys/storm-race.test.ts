// Too many calls at once for the money that is there. Every figure is exact: what a call holds and what it costs is known.

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type NanoUsd, formatUsd, timesNanoUsd } from '#core/money.ts'

import { type Answer, chat } from '../../dev/demo-parts.ts'
import { type ExactCall, exactCall } from '../../dev/exact-call.ts'
import type { World } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { openLimits, range, report } from '../world/storm.ts'
import { type Account, lowestBalance, presentOf, quietBooks } from '../world/storm-books.ts'

const callsAtOnce = 100
const quietWithinMs = 60_000

let world: World
/** Costs all that it holds, and half of it. */
let dear: ExactCall
let half: ExactCall

beforeAll(async () => {
  world = await startFaultyWorld()
  const { apiKey } = await world.newAccount()
  dear = await exactCall(world.baseUrl, apiKey, { costsOneIn: 1, outputTokens: 100, gapMs: 5 })
  const openEnded = { costsOneIn: 2, outputTokens: 100, gapMs: 5, isOpenEnded: true } as const
  half = await exactCall(world.baseUrl, apiKey, openEnded)
})

afterAll(() => world.stop())

function accountWith(credit: NanoUsd): Promise<Account> {
  return world.newAccount({ creditUsd: formatUsd(credit), settings: openLimits })
}

async function expectSpent(account: Account, served: number, left: number) {
  const books = await quietBooks(world, account, quietWithinMs)
  expect(books.charges.size).toBe(served)
  expect(books.balanceNanoUsd).toBe(left)
  expect(lowestBalance(books)).toBe(0)
  return books
}

const statusOf = ({ status, text }: Answer) =>
  status === 200 ? '200' : `${status} ${String(valueAt(JSON.parse(text), 'error', 'code'))}`

describe('a hundred calls at once', () => {
  // Cases: billing-bugs 25, 26, 28
  test.each(['left alone', 'evicted whenever it is idle'])(
    'on a balance for exactly ten: ten are served and the rest get their figures, the object %s',
    async (fate) => {
      const account = await accountWith(timesNanoUsd(dear.holdNanoUsd, 10))
      if (fate !== 'left alone')
        await world.fault({ kind: 'evict', accountId: account.accountId, ms: quietWithinMs })
      const answers = await Promise.all(
        range(callsAtOnce, () => chat(world.baseUrl, account.apiKey, dear.body)),
      )
      await world.fault({ kind: 'clear' })

      const refused = answers.filter(({ status }) => status === 402)
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
      expect(refused).toHaveLength(callsAtOnce - 10)
      for (const { text } of refused)
        expect(valueAt(JSON.parse(text), 'error', 'metadata')).toMatchObject({
          required: formatUsd(dear.holdNanoUsd),
          available: expect.stringMatching(/^0\.\d+$/),
          held: expect.stringMatching(/^0\.\d+$/),
          max_affordable_tokens: expect.any(Number),
        })
      await expectSpent(account, 10, 0)
      report(`100 calls on a balance for 10, object ${fate}`, { served: 10, refused: refused.length })
    },
    60_000,
  )

  // Cases: billing-bugs 25, 26, 28
  test('that cost half their hold, tried again as the answer says: twenty on a balance for exactly ten', async () => {
    // After nineteen there is half a hold left: the twentieth's limit is lowered to what that covers.
    const account = await accountWith(timesNanoUsd(half.holdNanoUsd, 10))
    const isOver = new AbortController()
    const watched = watchAvailable(account, isOver.signal)
    const answers = await Promise.all(range(callsAtOnce, () => untilFinal(account)))
    isOver.abort()

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(new Set(answers.map(statusOf))).toEqual(new Set(['200', '402 insufficient_credits']))
    const { lowest, looks } = await watched
    expect(lowest, 'posted − held, looked at all the time').toBeGreaterThanOrEqual(0)
    await expectSpent(account, 20, 0)
    report('100 calls of half their hold on a balance for 10, retried', {
      served: 20,
      refused: 80,
      'looks at the balance': looks,
    })
  }, 90_000)
})

/** As an SDK does it: again after the pause that the answer names, as long as it says that trying again helps. */
async function untilFinal({ apiKey }: Account): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await chat(world.baseUrl, apiKey, half.body)
    if (!answer.text.includes('in_flight_budget_exhausted') || tries === 60) return answer
    await setTimeout(1_000)
  }
}

async function watchAvailable(account: Account, over: AbortSignal) {
  let lowest = Number.MAX_SAFE_INTEGER
  let looks = 0
  while (!over.aborted) {
    const present = await presentOf(world, account)
    if (present !== undefined)
      lowest = Math.min(lowest, present.balanceNanoUsd, present.balanceNanoUsd - present.heldNanoUsd)
    looks += 1
    await setTimeout(20)
  }
  return { lowest, looks }
}

describe('thousands of calls at once inside one isolate', () => {
  const dispatchedAtOnceMax = 4
  // One isolate runs them all; but the platform lets one request set no more than 10,000 timers.
  const burstsAtOnce = 20

  async function burst({ apiKey }: Account, calls: number) {
    await world.resetUpstream()
    const startedAt = Date.now()
    const bursts = await Promise.all(
      range(burstsAtOnce, () =>
        world.burst({
          count: calls / burstsAtOnce,
          path: '/v1/chat/completions',
          headers: { authorization: `Bearer ${apiKey}` },
          body: dear.body,
        }),
      ),
    )
    const outcomes: { [outcome: string]: number } = {}
    for (const [outcome, count] of bursts.flatMap((each) => Object.entries(each)))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count
    const seen = (await world.upstreamRequests()).length
    return { outcomes, seen, tookMs: Date.now() - startedAt }
  }

  // Cases: billing-bugs 25, 26
  test('ten thousand on a balance for twenty: twenty are served, the rest refused, and the upstream sees no more', async () => {
    const account = await accountWith(timesNanoUsd(dear.holdNanoUsd, 20))
    const { outcomes, seen, tookMs } = await burst(account, 10_000)
    const { 200: served, ...refused } = outcomes
    expect(served).toBe(20)
    expect(Object.keys(refused).every((outcome) => outcome.startsWith('402 '))).toBe(true)
    expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(9_980)
    expect(seen).toBe(20)
    await expectSpent(account, 20, 0)
    report('10,000 calls on a balance for 20', { ...outcomes, 'seen upstream': seen, 'took ms': tookMs })
  }, 240_000)

  // Cases: billing-bugs 26
  test('two thousand in good standing, whose money another key has spent but for twenty: the upstream sees at most four more', async () => {
    const account = await accountWith(timesNanoUsd(dear.holdNanoUsd, 100))
    // A first charge makes the account known, and the next admission grants this isolate its parallel dispatch.
    for (let call = 0; call < 2; call += 1) await chat(world.baseUrl, account.apiKey, dear.body)
    expect(await balanceCheckOf(account)).toBe('parallel')
    const issued = await world.operator('POST', `/accounts/${account.accountId}/keys`, { name: 'the other' })
    const spent = await Promise.all(range(77, () => chat(world.baseUrl, String(issued['key']), dear.body)))
    expect(spent.every(({ status }) => status === 200)).toBe(true)

    const { outcomes, seen, tookMs } = await burst(account, 2_000)
    expect(outcomes['200']).toBe(20)
    expect(seen).toBeLessThanOrEqual(20 + dispatchedAtOnceMax)
    await expectSpent(account, 100, 0)
    report('2,000 calls in good standing with money for 20', {
      ...outcomes,
      'seen upstream': seen,
      'took ms': tookMs,
    })
  }, 240_000)

  async function balanceCheckOf({ apiKey }: Account): Promise<string | null> {
    const response = await fetch(`${world.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(dear.body),
    })
    await response.text()
    return response.headers.get('x-balance-check')
  }
})
