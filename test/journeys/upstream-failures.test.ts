// An upstream that refuses, fails, hangs up or breaks off: what the client is told and what is charged, which is nothing
// where nothing was delivered and what was delivered where something was.

import { describe, expect, test } from 'vitest'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import {
  type Account,
  countedTokens,
  estimateOf,
  expectOneCharge,
  presentOf,
  priceOf,
  settledCharges,
  streamedCall,
} from '../world/charges.ts'
import {
  ask,
  chatOf,
  contentOf,
  streamOf,
  upstreamRequestsOf,
  type WireAnswer,
  wordsOf,
} from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const streamed = (upstream: DirectiveChange) => streamedCall(sharedWorld(), upstream)

const expectCharged = (account: Account, answer: WireAnswer, price: number, source: string) =>
  expectOneCharge(sharedWorld(), account, { callId: answer.callId, costNanoUsd: price, source })

describe('an upstream that fails', () => {
  // Cases: billing-bugs 23
  test.each([429, 500, 503, 529])(
    'with status %i before its answer is asked once, costs nothing and says so',
    async (status) => {
      for (const body of [streamOf({ status }), chatOf({ status })]) {
        const account = await sharedWorld().newAccount()
        const user = account.accountId
        const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body: { ...body, user } })
        expect(answer.status).toBe(status === 500 ? 502 : 503)
        expect(answer.errorCode).toBe(status === 500 ? 'upstream_error' : 'upstream_overloaded')
        expect(answer.message).toMatch(/^The model provider [^.]+\. Nothing was charged\. Try again/)
        expect(await settledCharges(sharedWorld(), account)).toEqual([])
        expect(await upstreamRequestsOf(sharedWorld(), user)).toHaveLength(1)
      }
    },
  )

  // Cases: billing-bugs 23
  test.each([streamOf({ dropsBeforeHeaders: true }), chatOf({ dropsBeforeHeaders: true })])(
    'by hanging up before its headers is asked once and costs nothing',
    async (body) => {
      const account = await sharedWorld().newAccount()
      const user = account.accountId
      const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body: { ...body, user } })
      expect(answer).toMatchObject({ status: 502, errorCode: 'upstream_error' })
      expect(await settledCharges(sharedWorld(), account)).toEqual([])
      expect(await upstreamRequestsOf(sharedWorld(), user)).toHaveLength(1)
    },
  )

  // Cases: dialects 18
  test('with an error as its first event is answered with a status, and nothing is charged', async () => {
    const { account, answer, charges } = await streamed({ tokens: 7, errorAfter: 0 })
    expect(answer).toMatchObject({ status: 502, errorCode: 'upstream_error' })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(charges).toEqual([])
    expect((await presentOf(sharedWorld(), account)).heldNanoUsd).toBe(0)
  })

  // Cases: billing-bugs 9; dialects 17
  test('with an error event in mid-stream costs what came before it and not a word of the error', async () => {
    // The first frame holds the role alone.
    const { account, body, answer } = await streamed({ tokens: 7, errorAfter: 4, usage: 'none' })
    const delivered = wordsOf(3)
    expect(contentOf(answer.events)).toBe(delivered)
    expect(answer.events.at(-1), 'no terminator after an error').toEqual({
      error: expect.objectContaining({
        message: 'The server had an error while processing your request.',
        type: 'api_error',
        code: 'upstream_error',
      }),
    })
    const { expectedInputTokens: input } = await estimateOf(sharedWorld(), account, body)
    const price = priceOf({ input, output: countedTokens(delivered) })
    const charge = await expectCharged(account, answer, price, 'counted')
    expect(charge.status).toBe('upstream_error')
  })

  // Cases: billing-bugs 8, 10; dialects 13
  test.each([2, 5, 8])('by a cut after %i frames costs what was delivered', async (cutAfter) => {
    const { account, body, answer } = await streamed({ tokens: 7, cutAfter, usage: 'none' })
    const delivered = wordsOf(cutAfter - 1)
    expect(contentOf(answer.events)).toBe(delivered)
    expect(answer.errorCode, 'an error frame, never silence').toBe('upstream_error')
    expect(answer.events).not.toContain('[DONE]')
    const { expectedInputTokens: input } = await estimateOf(sharedWorld(), account, body)
    await expectCharged(account, answer, priceOf({ input, output: countedTokens(delivered) }), 'counted')
  })

  // Cases: dialects 17, 25
  test('by a cut after running figures costs the last of them', async () => {
    const { account, answer } = await streamed({ inputTokens: 100, tokens: 7, cutAfter: 4, usage: 'every' })
    await expectCharged(account, answer, priceOf({ input: 100, output: 3 }), 'cumulative')
  })

  // Cases: billing-bugs 10
  test('by a cut in the middle of a whole answer costs nothing, since nothing was delivered', async () => {
    const account = await sharedWorld().newAccount()
    const body = chatOf({ tokens: 7, cutAfter: 1 })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
    expect(answer).toMatchObject({ status: 502, errorCode: 'upstream_error' })
    expect(await settledCharges(sharedWorld(), account)).toEqual([])
  })
})
