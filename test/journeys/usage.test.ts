// Whatever an upstream says about usage, and however its bytes arrive: one charge, by the price list, and the same words
// for the client. Amounts are computed here from the published prices, never by the product's own arithmetic.

import { describe, expect, test } from 'vitest'
import { formatUsd, nanoUsd } from '#core/money.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import {
  type Account,
  chargeOfCall,
  countedTokens,
  estimateOf,
  expectOneCharge,
  nanoOfNumber,
  movementsOf,
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
  wordsOf,
  type WireAnswer,
} from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const stated = { inputTokens: 100, cachedTokens: 40, tokens: 7, reasoningTokens: 5 }
const statedPrice = priceOf({ input: 100, cached: 40, output: 12 })
const sevenWords = wordsOf(7)

const streamed = (upstream: DirectiveChange, more: object = {}) => streamedCall(sharedWorld(), upstream, more)

const usageFrames = ({ events }: WireAnswer) =>
  events.filter((event) => (valueAt(event, 'usage') ?? null) !== null)

/** What differs between two runs of the same request without meaning anything. */
function withoutIds(text: string): string {
  return text.replaceAll(/chatcmpl-local\d+/g, 'chatcmpl-id').replaceAll(/"created":\d+/g, '"created":0')
}

const expectCharged = (account: Account, answer: WireAnswer, price: number, source: string) =>
  expectOneCharge(sharedWorld(), account, { callId: answer.callId, costNanoUsd: price, source })

describe('a usage that the provider states is charged once, by its last word', () => {
  // Cases: billing-bugs 7, 14; dialects 24, 25, 27, 30
  test.each([
    ['in the last chunk', 'final'],
    ['in the last chunk, twice', 'repeated'],
    ['with every chunk', 'every'],
    ['on the finish chunk', 'onFinish'],
  ] as const)('%s', async (_where, usage) => {
    // Running figures of the stand-in hold the reasoning from the first chunk on: added up they would be far more.
    const { account, answer } = await streamed({ ...stated, usage })
    expect(answer.status).toBe(200)
    expect(contentOf(answer.events)).toBe(sevenWords)
    expect(answer.events.at(-1)).toBe('[DONE]')
    const [frame, ...more] = usageFrames(answer)
    expect(more, 'one frame with usage').toEqual([])
    expect(frame).toMatchObject({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 12 } })
    expect(nanoOfNumber(valueAt(frame, 'usage', 'cost'))).toBe(statedPrice)
    const charge = await expectCharged(account, answer, statedPrice, 'final')
    expect(charge).toMatchObject({ input: 100, output: 12, status: 'ok' })
  })

  // Cases: billing-bugs 6
  test('a stated zero costs nothing', async () => {
    const { account, answer } = await streamed({ ...stated, usage: 'zero' })
    expect(contentOf(answer.events)).toBe(sevenWords)
    expect(usageFrames(answer)).toMatchObject([{ usage: { prompt_tokens: 0, cost: 0 } }])
    expect(await settledCharges(sharedWorld(), account)).toEqual([])
    const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
    expect(charge).toMatchObject({ costNanoUsd: 0, source: 'zero' })
  })

  // Cases: billing-bugs 24
  test('an empty answer with usage is charged for its usage, and a second attempt is a call of its own', async () => {
    const account = await sharedWorld().newAccount()
    const body = streamOf({ inputTokens: 100, tokens: 0 }, { user: account.accountId })
    const attempts = [1, 2].map(() => ask(sharedWorld(), { apiKey: account.apiKey, body }))
    const answers = await Promise.all(attempts)
    expect(new Set(answers.map(({ callId }) => callId)).size).toBe(2)
    const charges = await settledCharges(sharedWorld(), account)
    const price = priceOf({ input: 100, output: 0 })
    expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([price, price])
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId), 'none was repeated').toHaveLength(2)
  })

  // Cases: billing-bugs 5
  test.each([
    stated,
    { inputTokens: 3, tokens: 1 },
    { inputTokens: 9_999, cachedTokens: 9_999, tokens: 150 },
  ])('streamed or whole, it costs the same: %o', async (upstream) => {
    const { account, answer } = await streamed(upstream)
    const whole = await ask(sharedWorld(), { apiKey: account.apiKey, body: chatOf(upstream) })
    const { inputTokens: input, tokens } = upstream
    const price = priceOf({
      input,
      cached: 'cachedTokens' in upstream ? upstream.cachedTokens : 0,
      output: tokens + ('reasoningTokens' in upstream ? upstream.reasoningTokens : 0),
    })
    expect(nanoOfNumber(valueAt(usageFrames(answer)[0], 'usage', 'cost'))).toBe(price)
    expect(nanoOfNumber(valueAt(whole.body, 'usage', 'cost'))).toBe(price)
    const charges = await settledCharges(sharedWorld(), account)
    expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([price, price])
  })
})

describe('output without a usage that can be true is counted', () => {
  // Cases: billing-bugs 6, 8, 10
  test.each(['none', 'wrong'] as const)('usage: %s, streamed', async (usage) => {
    const { account, body, answer } = await streamed({ ...stated, usage })
    expect(contentOf(answer.events)).toBe(sevenWords)
    const { expectedInputTokens: input, holdNanoUsd } = await estimateOf(sharedWorld(), account, body)
    const output = countedTokens(sevenWords)
    expect(output).toBeGreaterThanOrEqual(stated.tokens)
    const price = priceOf({ input, output })
    expect(price).toBeLessThanOrEqual(holdNanoUsd)
    const charge = await expectCharged(account, answer, price, 'counted')
    expect(charge).toMatchObject({ input, output })
    expect(usageFrames(answer)).toMatchObject([
      { choices: [], usage: { prompt_tokens: input, completion_tokens: output } },
    ])
  })

  // Cases: billing-bugs 6, 8
  test.each(['none', 'wrong'] as const)('usage: %s, in one piece', async (usage) => {
    const account = await sharedWorld().newAccount()
    const body = chatOf({ ...stated, usage })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
    const { expectedInputTokens: input } = await estimateOf(sharedWorld(), account, body)
    await expectCharged(account, answer, priceOf({ input, output: countedTokens(sevenWords) }), 'counted')
    expect(nanoOfNumber(valueAt(answer.body, 'cost'))).toBe(
      priceOf({ input, output: countedTokens(sevenWords) }),
    )
  })
})

describe('the bytes of a stream', () => {
  const upstream: DirectiveChange = { inputTokens: 100, text: 'Grüße aus 東京 🎉 — naïve', usage: 'final' }
  const price = priceOf({ input: 100, output: 6 })

  // Cases: billing-bugs 12; dialects 16
  test.each([1, 2, 3, 7])(
    'and their charge are the same when the upstream sends them in pieces of %i',
    async (splitBytes) => {
      const whole = await streamed(upstream)
      const split = await streamed({ ...upstream, splitBytes })
      expect(withoutIds(split.answer.text)).toBe(withoutIds(whole.answer.text))
      expect(contentOf(split.answer.events)).toBe('Grüße aus 東京 🎉 — naïve')
      await expectCharged(split.account, split.answer, price, 'final')
    },
  )

  // Cases: billing-bugs 13; dialects 16
  test.each<[string, DirectiveChange]>([
    ['CRLF', { lineEnd: 'crlf' }],
    ['CRLF, byte by byte', { lineEnd: 'crlf', splitBytes: 1 }],
    ['CR', { lineEnd: 'cr' }],
    ['no space after data:', { hasNoSpace: true }],
    ['a byte order mark', { hasBom: true }],
    ['a byte order mark, byte by byte', { hasBom: true, splitBytes: 1 }],
    ['no terminator', { hasNoDone: true }],
    ['no last line end', { hasNoFinalNewline: true }],
    ['none of what is optional', { hasNoSpace: true, lineEnd: 'cr', hasBom: true, hasNoDone: true }],
  ])('are read alike with %s, and end with the terminator', async (_name, change) => {
    const usual = await streamed(upstream)
    const { account, answer } = await streamed({ ...upstream, ...change })
    const events = (given: WireAnswer) => withoutIds(JSON.stringify(given.events))
    expect(events(answer)).toBe(events(usual.answer))
    expect(answer.events.at(-1)).toBe('[DONE]')
    await expectCharged(account, answer, price, 'final')
  })

  // Cases: dialects 21, 22
  test.each([undefined, false])(
    'hold no usage when include_usage is %s, whatever the upstream does, and cost the same',
    async (includeUsage) => {
      for (const usage of ['final', 'repeated', 'every', 'onFinish'] as const) {
        const options = includeUsage === undefined ? undefined : { include_usage: includeUsage }
        const { account, answer } = await streamed({ ...stated, usage }, { stream_options: options })
        expect(answer.text).not.toContain('"usage":{')
        expect(contentOf(answer.events)).toBe(sevenWords)
        await expectCharged(account, answer, statedPrice, 'final')
        const [seen] = await upstreamRequestsOf(sharedWorld(), account.accountId)
        expect(valueAt(seen?.body, 'stream_options', 'include_usage')).toBe(true)
      }
    },
  )

  // Cases: dialects 23
  test('come without stream_options from an upstream that refuses them, and are priced all the same', async () => {
    const model = 'ministral-3b-2512'
    const { account, answer } = await streamed({ inputTokens: 50, tokens: 7, usage: 'onFinish' }, { model })
    const [seen] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(seen?.body).not.toHaveProperty('stream_options')
    const price = priceOf({ input: 50, output: 7 }, model)
    expect(nanoOfNumber(valueAt(usageFrames(answer)[0], 'usage', 'cost'))).toBe(price)
    await expectCharged(account, answer, price, 'final')
  })

  // Cases: dialects 36
  test("name the model that the client asked for, and are charged at that model's price", async () => {
    const model = 'mistral-medium-3-5'
    const { account, answer } = await streamed({ inputTokens: 50, tokens: 7, usage: 'onFinish' }, { model })
    const chunks = answer.events.filter((event) => event !== '[DONE]')
    expect(new Set(chunks.map((chunk) => valueAt(chunk, 'model')))).toEqual(new Set([model]))
    const [seen] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(valueAt(seen?.body, 'model')).toBe('mistral-medium-2604')
    await expectCharged(account, answer, priceOf({ input: 50, output: 7 }, model), 'final')
    const body = chatOf({ inputTokens: 50, tokens: 7 }, { model })
    const whole = await ask(sharedWorld(), { apiKey: account.apiKey, body })
    expect(valueAt(whole.body, 'model')).toBe(model)
  })
})

describe('a usage beyond what was held', () => {
  // Cases: billing-bugs 41
  test('takes the balance below zero, which is shown as it is, and new credit pays the debt first', async () => {
    const world = sharedWorld()
    const upstream = { inputTokens: 100, tokens: 5, reasoningTokens: 100_000 }
    const { holdNanoUsd } = await estimateOf(world, await world.newAccount(), chatOf(upstream))
    const account = await world.newAccount({ creditUsd: formatUsd(holdNanoUsd) })
    const answer = await ask(world, { apiKey: account.apiKey, body: chatOf(upstream) })
    expect(answer.status).toBe(200)
    const price = priceOf({ input: 100, output: 100_005 })
    expect(await settledCharges(world, account)).toMatchObject([{ costNanoUsd: price }])
    const { balanceNanoUsd: debt } = await presentOf(world, account)
    expect(debt).toBe(holdNanoUsd - price)
    expect(debt).toBeLessThan(0)
    const refused = await ask(world, { apiKey: account.apiKey, body: chatOf({ tokens: 5 }) })
    expect(refused).toMatchObject({ status: 402, errorCode: 'insufficient_credits' })
    expect(valueAt(refused.body, 'error', 'metadata', 'available')).toBe(formatUsd(debt))

    const grant = { amount: '2', reason: 'a test', idempotency_key: 'after the debt' }
    await world.operator('POST', `/accounts/${account.accountId}/grants`, grant)
    const balance = nanoUsd(2_000_000_000 + debt)
    expect((await presentOf(world, account)).balanceNanoUsd).toBe(balance)
    expect(await movementsOf(world, account)).toHaveLength(3)
  })
})

// Requirements: 1, 43, 44, 54
test('a balance falls by exactly what each answer says that it cost, to the billionth of a dollar', async () => {
  const world = sharedWorld()
  const account = await world.newAccount()
  let left = 10_000_000_000
  for (const [input, tokens] of [
    [1, 1],
    [333, 77],
    [12_345, 200],
  ] as const) {
    const body = chatOf({ inputTokens: input, tokens }, { model: chatModel })
    const answer = await ask(world, { apiKey: account.apiKey, body })
    const price = priceOf({ input, output: tokens })
    expect(nanoOfNumber(valueAt(answer.body, 'cost'))).toBe(price)
    await chargeOfCall(world, account, answer.callId)
    left -= price
    expect((await presentOf(world, account)).balanceNanoUsd).toBe(left)
  }
})

// Cases: payments 52
test.each([
  [1, 38],
  [1_000_000, 37_500_000],
])('%d tokens at 37,500 trillionths of a dollar cost %d billionths', async (tokens, nano) => {
  const world = sharedWorld()
  const account = await world.newAccount()
  const usageIs = { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }
  const body = chatOf({ tokens: 1, usageIs }, { model: 'command-r7b-12-2024' })
  const answer = await ask(world, { apiKey: account.apiKey, body })
  expect(nanoOfNumber(valueAt(answer.body, 'cost'))).toBe(nano)
  await chargeOfCall(world, account, answer.callId)
  expect((await presentOf(world, account)).balanceNanoUsd).toBe(10_000_000_000 - nano)
})
