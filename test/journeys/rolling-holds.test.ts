// Streams of models that stop when we hang up: they hold a slice at a time, grow while they run and end where the money ends.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall, presentOf, settledCharges } from '../world/charges.ts'
import { ask, contentOf, streamOf, upstreamRequestsOf, type WireAnswer } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { range } from '../world/storm.ts'

/** Stops on abort, and all of its output is on the wire: 150 nano-dollars per token, a slice of 1,800 tokens. */
const model = 'ministral-8b-2512'
const sliceNanoUsd = 1_800 * 150
const longTest = 60_000

type Account = { accountId: string; apiKey: string }

/** Leaves its length open, as agents do: the longest answer of this model costs some four cents. */
function streamed({ accountId }: Account, words: number, more: object = {}) {
  const open = { model, max_completion_tokens: undefined, max_tokens: undefined, user: accountId }
  return streamOf({ tokens: words, inputTokens: 100, ...more }, open)
}

const finishesOf = (answer: WireAnswer) =>
  answer.events
    .map((event) => valueAt(event, 'choices', 0, 'finish_reason'))
    .filter((reason) => typeof reason === 'string')

describe('a stream that can be ended in the middle', () => {
  // Cases: billing-bugs 18
  test(
    'holds its input and one slice at first, more as it goes on, and comes to its end',
    async () => {
      const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
      const stream = await openStream(
        sharedWorld(),
        account.apiKey,
        streamed(account, 3_000, { gapMs: 1, usage: 'onFinish' }),
      )
      await stream.untilWords(20)
      const atFirst = (await presentOf(sharedWorld(), account)).heldNanoUsd
      expect(atFirst).toBeGreaterThanOrEqual(sliceNanoUsd)
      expect(atFirst).toBeLessThan(sliceNanoUsd * 2)
      await stream.untilWords(2_500)
      expect((await presentOf(sharedWorld(), account)).heldNanoUsd).toBeGreaterThan(atFirst)
      const answer = await stream.rest()
      expect(answer.events.at(-1)).toBe('[DONE]')
      expect(finishesOf(answer)).toEqual(['stop'])
      const charge = await chargeOfCall(sharedWorld(), account, stream.callId)
      expect(charge).toMatchObject({ costNanoUsd: (100 + 3_000) * 150, source: 'final' })
      expect((await presentOf(sharedWorld(), account)).heldNanoUsd).toBe(0)
    },
    longTest,
  )

  // Cases: billing-bugs 27, 28
  test(
    'ends with "length" where the balance ends: nothing beyond it is delivered, the upstream stops, nothing is overdrawn',
    async () => {
      const account = await sharedWorld().newAccount({ creditUsd: '0.001' })
      const answer = await ask(sharedWorld(), {
        apiKey: account.apiKey,
        body: streamed(account, 50_000, { usage: 'none' }),
      })
      expect(answer.status).toBe(200)
      expect(finishesOf(answer)).toEqual(['length'])
      expect(answer.events.at(-1)).toBe('[DONE]')
      const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
      const said = answer.events.find((event) => valueAt(event, 'usage', 'cost') !== undefined)
      expect(Math.round(Number(valueAt(said, 'usage', 'cost')) * 1e9)).toBe(charge.costNanoUsd)
      // All of the money was there to be used, at three bytes per token.
      const delivered = new TextEncoder().encode(contentOf(answer.events)).length
      expect(Math.ceil(delivered / 3) * 150).toBeGreaterThan(900_000)
      expect(charge.costNanoUsd).toBeLessThanOrEqual(1_000_000)
      expect((await presentOf(sharedWorld(), account)).balanceNanoUsd).toBe(1_000_000 - charge.costNanoUsd)
      const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
      expect(sent).toMatchObject({ isAborted: true })
      expect(Number(sent?.outputTokens)).toBeLessThan(50_000)
    },
    longTest,
  )

  test(
    'whose client leaves while it grows is charged once for what was produced, and holds nothing any more',
    async () => {
      const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
      const body = streamed(account, 5_000, { gapMs: 1, usage: 'every' })
      const stream = await openStream(sharedWorld(), account.apiKey, body)
      await stream.untilWords(600)
      stream.leave()
      const charges = await settledCharges(sharedWorld(), account)
      expect(charges).toHaveLength(1)
      expect(charges[0]?.costNanoUsd).toBeGreaterThanOrEqual((100 + 600) * 150)
      expect(charges[0]?.costNanoUsd).toBeLessThan((100 + 5_000) * 150)
    },
    longTest,
  )

  // Cases: billing-bugs 25, 26
  test(
    'is never starved by new calls: it goes on to its end while they share what is left',
    async () => {
      const account = await sharedWorld().newAccount({
        creditUsd: '0.002',
        settings: { rpm: 10_000, in_flight: 500 },
      })
      const stream = await openStream(sharedWorld(), account.apiKey, streamed(account, 1_500, { gapMs: 2 }))
      await stream.untilWords(10)
      const crowd = range(100, () =>
        ask(sharedWorld(), {
          apiKey: account.apiKey,
          body: streamOf({ tokens: 5, gapMs: 200 }, { model, max_completion_tokens: 1_500 }),
        }),
      )
      const statuses = new Set((await Promise.all(crowd)).map(({ status }) => status))
      const answer = await stream.rest()
      expect(finishesOf(answer)).toEqual(['stop'])
      expect(answer.events.at(-1)).toBe('[DONE]')
      expect(statuses).toEqual(new Set([200, 402]))
      await settledCharges(sharedWorld(), account)
      expect((await presentOf(sharedWorld(), account)).balanceNanoUsd).toBeGreaterThanOrEqual(0)
    },
    longTest,
  )
})
