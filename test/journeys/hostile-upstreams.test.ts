// Upstreams that break every rule, before clients of each dialect, streamed and whole: memory stays bounded, the client gets a
// clear error in its own dialect, what was delivered is charged and nothing else, and nothing stays held.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DirectiveChange, Hostility } from '../../dev/upstream-directive.ts'
import { type World, startWorld } from '../../dev/world.ts'
import { chargeOfCall, countedTokens, priceOf, settledCharges } from '../world/charges.ts'
import { type Side, dialectModels, errorTypeOf, requestOf, textOf } from '../world/dialect-requests.ts'
import { ask, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { watchMemory } from '../world/memory.ts'

/** A stream may run for 15 minutes; here for 45 seconds. */
const timeScale = 20
/** What a run of all of these may add to the Worker's process: one answer of 16 MB and its text, and what V8 has not freed yet. */
const memoryMbMax = 300
const longTest = 120_000

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: String(timeScale) } })
  // Reads the tokenizer's table, which on a busy machine takes longer than cover of a twentieth of its time lasts.
  const [side] = sides
  if (side !== undefined) await expectOutcome(side, { hostility: 'brokenTransfer', outcome: 'cut' })
})

afterAll(() => world.stop())

/** Each client before its own dialect and before another one. */
const sides = (
  [
    ['chat', 'chat'],
    ['responses', 'responses'],
    ['messages', 'messages'],
    ['chat', 'messages'],
    ['responses', 'chat'],
    ['messages', 'responses'],
  ] as const
).flatMap(([client, upstream]) => [true, false].map((isStreamed): Side => ({ client, upstream, isStreamed })))

/** `good` = the answer as if nothing were wrong · `cut` = three words and an error · `refused` = an error, nothing delivered. */
type Outcome = 'good' | 'cut' | 'refused'
type Expected = { hostility: Hostility; outcome: Outcome; isHungUp?: true }

const ofStreams: readonly Expected[] = [
  { hostility: 'endlessLine', outcome: 'cut', isHungUp: true },
  { hostility: 'longLine', outcome: 'cut', isHungUp: true },
  { hostility: 'deep', outcome: 'cut' },
  { hostility: 'halfCharacter', outcome: 'cut' },
  { hostility: 'gzip', outcome: 'good' },
  { hostility: 'gzipUndeclared', outcome: 'refused' },
  { hostility: 'gzipBomb', outcome: 'refused' },
  { hostility: 'wrongType', outcome: 'refused', isHungUp: true },
  { hostility: 'twice', outcome: 'good' },
  { hostility: 'brokenTransfer', outcome: 'cut' },
  { hostility: 'redirect', outcome: 'refused' },
]
const ofWholeAnswers: readonly Expected[] = [
  { hostility: 'deep', outcome: 'refused' },
  { hostility: 'halfCharacter', outcome: 'refused' },
  { hostility: 'gzip', outcome: 'good' },
  { hostility: 'gzipUndeclared', outcome: 'refused' },
  { hostility: 'gzipBomb', outcome: 'refused' },
  { hostility: 'wrongType', outcome: 'refused', isHungUp: true },
  { hostility: 'brokenTransfer', outcome: 'refused' },
  { hostility: 'redirect', outcome: 'refused' },
  { hostility: 'huge', outcome: 'refused', isHungUp: true },
  { hostility: 'hugeStated', outcome: 'refused', isHungUp: true },
]

const inputTokens = 100
const words = 7
const errorTypes = { chat: 'upstream_error', responses: 'upstream_error', messages: 'api_error' } as const

/** Mistral is asked for no usage and states it with the last chunk. */
function upstreamOf({ upstream }: Side, hostility: Hostility): DirectiveChange {
  const usage = upstream === 'chat' ? 'onFinish' : 'final'
  return { inputTokens, tokens: words, usage, hostility }
}

async function expectOutcome(side: Side, { hostility, outcome, isHungUp }: Expected): Promise<void> {
  const what = `${hostility}, ${side.client} before ${side.upstream}, streamed ${side.isStreamed}`
  const account = await world.newAccount()
  const answer = await ask(world, requestOf(side, account, upstreamOf(side, hostility)))
  const charges = await settledCharges(world, account)
  const seen = await upstreamRequestsOf(world, account.accountId)
  expect(seen, `${what}: asked once`).toHaveLength(1)
  const delivered = outcome === 'good' ? words : outcome === 'cut' ? 3 : 0
  expect(textOf(answer), what).toBe(wordsOf(delivered))
  const error = outcome === 'good' ? undefined : errorTypes[side.client]
  expect({ what, error: errorTypeOf(side, answer) }).toEqual({ what, error })
  expect(charges, `${what}: charges`).toHaveLength(delivered === 0 ? 0 : 1)
  if (outcome === 'good') {
    const price = priceOf({ input: inputTokens, output: words }, dialectModels[side.upstream])
    expect(charges, what).toMatchObject([{ costNanoUsd: price }])
  } else if (outcome === 'cut') {
    const charge = await chargeOfCall(world, account, answer.callId)
    expect(charge.output, what).toBeGreaterThanOrEqual(delivered)
    const most = countedTokens(wordsOf(delivered), dialectModels[side.upstream])
    expect(charge.output, what).toBeLessThanOrEqual(most)
  }
  if (isHungUp === true)
    await vi.waitFor(
      async () => {
        const [request] = await upstreamRequestsOf(world, account.accountId)
        expect(request, `${what}: hung up`).toMatchObject({ isAborted: true })
      },
      { timeout: 30_000 },
    )
}

/** Half of an event may have gone to the client already, so that its connection breaks where another gets an error. */
async function expectRawCharge(side: Side, { hostility, outcome, isHungUp }: Expected): Promise<void> {
  const account = await world.newAccount()
  const request = requestOf(side, account, upstreamOf(side, hostility))
  const answer = await ask(world, { ...request, headers: { 'x-cost': 'omit' } }).catch(() => undefined)
  const charges = await settledCharges(world, account)
  expect({ hostility, charges: charges.length }).toEqual({
    hostility,
    charges: outcome === 'refused' ? 0 : 1,
  })
  const model = dialectModels[side.upstream]
  const whole = priceOf({ input: inputTokens, output: words }, model)
  if (outcome === 'good') expect(charges, hostility).toMatchObject([{ costNanoUsd: whole }])
  else expect(answer === undefined || errorTypeOf(side, answer) !== undefined, hostility).toBe(true)
  // A line of 100 MB has come to its end before the meter looks at it.
  if (isHungUp === true && hostility !== 'longLine')
    await vi.waitFor(
      async () =>
        expect(await upstreamRequestsOf(world, account.accountId), hostility).toMatchObject([
          { isAborted: true },
        ]),
      { timeout: 30_000 },
    )
}

describe('an upstream that breaks the rules', () => {
  // Cases: billing-bugs 9, 10, 12; dialects 16
  test.each(sides)(
    'costs what it delivered and no more memory than its limit: a client of $client before $upstream, streamed $isStreamed',
    async (side) => {
      const memory = watchMemory(world)
      for (const expected of side.isStreamed ? ofStreams : ofWholeAnswers) await expectOutcome(side, expected)
      expect(memory.end()).toBeLessThan(memoryMbMax)
    },
    longTest,
  )

  // Cases: billing-bugs 9, 10, 12
  test.each(sides.filter(({ isStreamed, client, upstream }) => isStreamed && client === upstream))(
    'costs the same where its bytes go on as they are: a client of $client with X-Cost: omit',
    async (side) => {
      for (const expected of ofStreams) await expectRawCharge(side, expected)
    },
    longTest,
  )

  test(
    'with comments that never end is given up when its time is over',
    async () => {
      const memory = watchMemory(world)
      const streamed = sides.filter(({ isStreamed, client, upstream }) => isStreamed && client === upstream)
      const settled = streamed.map(async (side) => {
        const account = await world.newAccount()
        const hostility = 'endlessComments'
        const answer = await ask(world, requestOf(side, account, upstreamOf(side, hostility)))
        expect(textOf(answer)).toBe(wordsOf(3))
        expect(errorTypeOf(side, answer)).toBe(
          side.client === 'messages' ? 'timeout_error' : 'upstream_timeout',
        )
        expect(await settledCharges(world, account)).toHaveLength(1)
        expect(await upstreamRequestsOf(world, account.accountId)).toMatchObject([{ isAborted: true }])
      })
      await Promise.all(settled)
      expect(memory.end()).toBeLessThan(memoryMbMax)
    },
    longTest,
  )
})
