// X-On-Disconnect: the client of one call says what happens when it leaves, where its provider can do that.

import { describe, expect, test, vi } from 'vitest'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall, expectNothingCharged, priceOf, settledCharges } from '../world/charges.ts'
import { ask, chatOf, upstreamRequestsOf } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'

const stopModel = 'ministral-3b-2512'
const inputTokens = 100

const wishing = (wish: string) => ({ 'x-on-disconnect': wish })

/** The least that each dialect asks with. */
const asked = (model: string): readonly [string, object][] => [
  ['/v1/chat/completions', { model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }],
  ['/v1/responses', { model, max_output_tokens: 50, input: 'Hello' }],
  ['/v1/messages', { model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }],
]

async function leftAfterTwoWords(wish: string) {
  const account = await sharedWorld().newAccount()
  const upstream = { inputTokens, tokens: 60, gapMs: 15, usage: 'every' as const }
  const body = { ...chatOf(upstream, { model: stopModel, user: account.accountId }), stream: true }
  const stream = await openStream(sharedWorld(), account.apiKey, body, { headers: wishing(wish) })
  await stream.untilWords(2)
  stream.leave()
  const charge = await chargeOfCall(sharedWorld(), account, stream.callId)
  const seen = await vi.waitFor(
    async () => {
      const [request] = await upstreamRequestsOf(sharedWorld(), account.accountId)
      if (request === undefined || request.endedAt === null) throw new Error('the upstream is still busy')
      return request
    },
    { timeout: 30_000, interval: 25 },
  )
  expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  return { charge, seen }
}

describe('a client that leaves a stream', () => {
  // Requirements: 18, 22
  test('of a model that stops has it finished where it asked for that, and pays for all of it', async () => {
    const { charge, seen } = await leftAfterTwoWords('finish')
    expect(seen).toMatchObject({ outputTokens: 60, isFinished: true })
    expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output: 60 }, stopModel))
  })

  // Requirements: 22
  test('has it stopped where it asked for that, and pays for what was made', async () => {
    const { charge, seen } = await leftAfterTwoWords('stop')
    expect(seen).toMatchObject({ isFinished: false, isAborted: true })
    expect(Number(charge.output)).toBeLessThan(60)
    expect(charge.costNanoUsd).toBe(priceOf({ input: inputTokens, output: Number(charge.output) }, stopModel))
  })
})

describe.each(asked(chatModel))('%s', (path, body) => {
  test.each(['stop', 'later', ''])(
    'refuses X-On-Disconnect: %j of a model that finishes, a dry run too',
    async (wish) => {
      const account = await sharedWorld().newAccount()
      for (const query of ['', '?dryRun=true']) {
        const answer = await ask(sharedWorld(), {
          apiKey: account.apiKey,
          path: `${path}${query}`,
          headers: wishing(wish),
          body,
        })
        expect(answer.status, answer.text).toBe(400)
        expect(answer.text).toContain('X-On-Disconnect')
      }
      await expectNothingCharged(sharedWorld(), account)
    },
  )

  test('says in a dry run what would happen to the call', async () => {
    const account = await sharedWorld().newAccount()
    const policyOf = async (model: string, headers: { readonly [name: string]: string }) => {
      const answer = await ask(sharedWorld(), {
        apiKey: account.apiKey,
        path: `${path}?dryRun=true`,
        headers,
        body: { ...body, model },
      })
      return valueAt(answer.body, 'cancellation_policy')
    }
    expect(await policyOf(chatModel, {})).toBe('finish')
    expect(await policyOf(chatModel, wishing('finish'))).toBe('finish')
    expect(await policyOf(stopModel, {})).toBe('stop')
    expect(await policyOf(stopModel, wishing('finish'))).toBe('finish')
  })
})
