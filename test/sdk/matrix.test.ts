// Any model through any SDK: three dialects of clients by three of upstreams, streamed and whole, by the released packages. In
// every cell the answer, its cost, its usage and the ledger are looked at: equal usage costs the same in every dialect.

import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import type { NanoUsd } from '#core/money.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { expectNothingCharged, nanoOfNumber, priceOf, settledCharges } from '../world/charges.ts'
import { wordsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { type Heard, type Question, answerSchema, imageData, speakers } from '../world/speakers.ts'

/** A model whose upstream is spoken to in this dialect, whatever the client speaks. */
const modelsOf: Readonly<Record<DialectId, string>> = {
  chat: 'mistral-large-4',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
}
const paths = { chat: '/v1/chat/completions', responses: '/v1/responses', messages: '/v1/messages' } as const
const dialects = ['chat', 'responses', 'messages'] as const

const cells = dialects.flatMap((client) =>
  dialects.flatMap((upstream) => [true, false].map((isStreamed) => ({ client, upstream, isStreamed }))),
)
type Cell = (typeof cells)[number]

/** Mistral is asked for no usage and states it with the last chunk. */
const usedBy = ({ upstream }: Cell): DirectiveChange => ({
  inputTokens: 100,
  cachedTokens: 40,
  ...(upstream === 'chat' ? { usage: 'onFinish' } : {}),
})
const weather = { name: 'get_weather', input: { city: 'Paris' } }
const time = { name: 'get_time', input: { zone: 'Europe/Paris' } }

async function askIn(cell: Cell, upstream: DirectiveChange, more: Partial<Question> = {}) {
  const account = await sharedWorld().newAccount()
  const model = modelsOf[cell.upstream]
  const question: Question = { account, model, upstream, isStreamed: cell.isStreamed, ...more }
  return { account, model, ask: () => speakers[cell.client](question) }
}

/** What was heard, charged once, and what the upstream was sent. */
async function heardIn(cell: Cell, upstream: DirectiveChange, more: Partial<Question> = {}) {
  const { account, model, ask } = await askIn(cell, { ...usedBy(cell), ...upstream }, more)
  const heard = await ask()
  const { output } = heard.tokens
  const costNanoUsd = priceOf({ input: 100, cached: 40, output }, model)
  expect(heard).toMatchObject({ model, tokens: { input: 100, cached: 40 } })
  expect(nanoOfNumber(heard.cost)).toBe(costNanoUsd)
  expect(await settledCharges(sharedWorld(), account)).toMatchObject([{ costNanoUsd }])
  const requests = (await sharedWorld().upstreamRequests()).filter(({ body }) =>
    JSON.stringify(body).includes(account.accountId),
  )
  expect(requests.map(({ path }) => path)).toEqual([paths[cell.upstream]])
  return { heard, sent: requests[0]?.body }
}

const nothing = { text: '', thoughts: '', calls: [] } satisfies Partial<Heard>

describe.each(cells)('a client of $client before an upstream of $upstream, streamed $isStreamed', (cell) => {
  // Requirements: 33, 34, 35, 36, 40, 41
  test('hears the text', async () => {
    const { heard } = await heardIn(cell, { tokens: 5 })
    expect(heard).toMatchObject({ ...nothing, text: wordsOf(5), end: 'stop', tokens: { output: 5 } })
  })

  test('hears the text as far as its limit', async () => {
    const { heard } = await heardIn(cell, { tokens: 1_000 })
    expect(heard).toMatchObject({ ...nothing, text: wordsOf(200), end: 'length', tokens: { output: 200 } })
  })

  // Cases: dialects 4, 9
  test('hears a tool call', async () => {
    const { heard } = await heardIn(cell, { toolCalls: true }, { withTools: true })
    expect(heard).toMatchObject({ ...nothing, calls: [weather], end: 'tool_calls', tokens: { output: 5 } })
  })

  // Cases: dialects 5, 8
  test('hears parallel tool calls', async () => {
    const { heard } = await heardIn(cell, { parallelToolCalls: true }, { withTools: true })
    expect(heard).toMatchObject({ ...nothing, calls: [weather, time], end: 'tool_calls' })
  })

  // Cases: dialects 52
  test('shows its picture', async () => {
    const { heard, sent } = await heardIn(cell, { tokens: 3 }, { withImage: true })
    expect(heard.text).toBe(wordsOf(3))
    expect(JSON.stringify(sent)).toContain(imageData)
  })

  // Cases: dialects 7, 30
  test('hears the thoughts apart from the text', async () => {
    const { heard } = await heardIn(cell, { thinking: 'Hm hm hm', tokens: 3 })
    expect(heard).toMatchObject({ text: wordsOf(3), thoughts: 'Hm hm hm', tokens: { output: 6 } })
  })

  // Cases: dialects 51
  test('gets the structure that it asked for', async () => {
    const { heard, sent } = await heardIn(cell, { text: '{"city":"Paris"}' }, { withSchema: true })
    expect(JSON.parse(heard.text)).toEqual({ city: 'Paris' })
    expect(JSON.stringify(sent)).toContain(JSON.stringify(answerSchema.properties))
  })

  // Cases: dialects 18
  test('is told of an error before the first byte, and pays nothing', async () => {
    const { account, ask } = await askIn(cell, { status: 500 })
    await expect(ask()).rejects.toMatchObject({ status: 502 })
    await expectNothingCharged(sharedWorld(), account)
  })
})

test.each(dialects)(
  'equal usage of an upstream of %s costs the same in every dialect, streamed or not',
  async (upstream) => {
    const same = cells.filter((cell) => cell.upstream === upstream)
    const heard = await Promise.all(same.map((cell) => heardIn(cell, { tokens: 7 })))
    expect(heard).toHaveLength(6)
    expect(new Set(heard.map((one) => nanoOfNumber(one.heard.cost)))).toEqual(
      new Set([priceOf({ input: 100, cached: 40, output: 7 }, modelsOf[upstream])]),
    )
  },
)

describe.each(cells.filter(({ isStreamed }) => isStreamed))(
  'a stream of $upstream for a client of $client',
  (cell) => {
    const expectSomeCharged = async (account: Question['account'], most: NanoUsd) => {
      const [charge, ...others] = await settledCharges(sharedWorld(), account)
      expect(others).toEqual([])
      expect(charge?.costNanoUsd).toBeGreaterThan(0)
      expect(charge?.costNanoUsd).toBeLessThanOrEqual(most)
    }

    // Cases: dialects 17
    test('that fails in the middle raises, and what was delivered is charged', async () => {
      const { account, model, ask } = await askIn(cell, { ...usedBy(cell), tokens: 100, errorAfter: 20 })
      await expect(ask()).rejects.toThrow(/error/i)
      await expectSomeCharged(account, priceOf({ input: 400, output: 100 }, model))
    })

    // Cases: dialects 13
    test('that breaks off raises, and what was delivered is charged', async () => {
      const { account, model, ask } = await askIn(cell, { ...usedBy(cell), tokens: 100, cutAfter: 20 })
      await expect(ask()).rejects.toThrow(/broke off|error/i)
      await expectSomeCharged(account, priceOf({ input: 400, output: 100 }, model))
    })

    // Cases: dialects 19
    test('whose client leaves is charged once, by its model’s policy', async () => {
      const leaves = new AbortController()
      let events = 0
      const onEvent = () => {
        events += 1
        if (events === 6) leaves.abort()
      }
      const upstream = { ...usedBy(cell), tokens: 60, gapMs: 5 }
      const { account, model, ask } = await askIn(cell, upstream, { signal: leaves.signal, onEvent })
      await expect(ask()).rejects.toThrow(/abort/i)
      const costNanoUsd = priceOf({ input: 100, cached: 40, output: 60 }, model)
      expect(await settledCharges(sharedWorld(), account)).toMatchObject([{ costNanoUsd }])
      expect(valueAt({ events }, 'events')).toBeGreaterThanOrEqual(6)
    })
  },
)
