// Any model through the big SDKs, by the released packages, streamed and whole, each before upstreams of all three dialects. In
// every cell the answer, its cost where the SDK shows it, and the ledger are looked at.

import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import type { DirectiveChange } from '../../../dev/upstream-directive.ts'
import { valueAt } from '../../world/chat.ts'
import { expectNothingCharged, nanoOfNumber, priceOf, settledCharges } from '../../world/charges.ts'
import { wordsOf } from '../../world/gateway.ts'
import { sharedWorld } from '../../world/shared-world.ts'
import { imageData } from '../../world/speakers.ts'
import { aiClients } from './ai-clients.ts'
import { langChainClients } from './langchain-clients.ts'
import type { Client, Question } from './question.ts'

/** A model whose upstream is spoken to in this dialect, whatever the client speaks. */
const modelsOf: Readonly<Record<DialectId, string>> = {
  chat: 'mistral-large-4',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
}
const paths = { chat: '/v1/chat/completions', responses: '/v1/responses', messages: '/v1/messages' } as const
const upstreams = ['chat', 'responses', 'messages'] as const

const clients: readonly Client[] = [...aiClients, ...langChainClients]
const cells = clients.flatMap((client) =>
  upstreams.flatMap((upstream) =>
    [true, false].map((isStreamed) => ({ client, name: client.name, upstream, isStreamed })),
  ),
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
  const { isStreamed } = cell
  const question: Question = {
    account,
    model,
    upstream: { ...usedBy(cell), ...upstream },
    isStreamed,
    ...more,
  }
  return { account, model, ask: () => cell.client.ask(question) }
}

/** What was heard, where each answer of the upstream had so many tokens, and was charged with that and no more. */
async function heardIn(
  cell: Cell,
  { outputs, ...upstream }: DirectiveChange & { outputs: readonly number[] },
  more: Partial<Question> = {},
) {
  const { account, model, ask } = await askIn(cell, upstream, more)
  const heard = await ask()
  const costs = outputs.map((output) => priceOf({ input: 100, cached: 40, output }, model))
  const { showsCost } = cell.client
  const isShown = showsCost === 'always' || (showsCost === 'streamed' && cell.isStreamed)
  const shown = heard.usages.map((usage) => valueAt(usage, 'cost')).filter((cost) => cost !== undefined)
  expect(shown.map(nanoOfNumber)).toEqual(isShown && heard.usages.length > 0 ? costs : [])
  const charges = await settledCharges(sharedWorld(), account)
  expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual(costs)
  const requests = (await sharedWorld().upstreamRequests()).filter(({ body }) =>
    JSON.stringify(body).includes(account.accountId),
  )
  expect(requests.map(({ path }) => path)).toEqual(outputs.map(() => paths[cell.upstream]))
  return { heard, sent: requests.at(-1)?.body }
}

describe.each(cells)('$name before an upstream of $upstream, streamed $isStreamed', (cell) => {
  test('hears the text', async () => {
    const { heard } = await heardIn(cell, { tokens: 5, outputs: [5] })
    expect(heard).toMatchObject({ text: wordsOf(5), thoughts: '', calls: [] })
  })

  test('has its tool called, and hears the answer to the result', async () => {
    const { heard, sent } = await heardIn(
      cell,
      { toolCalls: true, tokens: 3, outputs: [5, 3] },
      { withTools: true },
    )
    expect(heard).toMatchObject({ text: wordsOf(3), calls: [weather] })
    expect(JSON.stringify(sent)).toContain('rain')
  })

  test('has parallel tools called, and hears the answer to their results', async () => {
    const { heard, sent } = await heardIn(
      cell,
      { parallelToolCalls: true, tokens: 3, outputs: [10, 3] },
      { withTools: true },
    )
    expect(heard).toMatchObject({ text: wordsOf(3), calls: [weather, time] })
    expect(JSON.stringify(sent)).toMatch(/rain.*12:00/)
  })

  test('gets the structure that it asked for', async () => {
    const text = '{"city":"Paris"}'
    const { heard, sent } = await heardIn(cell, { text, outputs: [1] }, { withSchema: true })
    expect(heard.structure).toEqual({ city: 'Paris' })
    expect(JSON.stringify(sent)).toContain('"additionalProperties":false')
  })

  test('shows its picture', async () => {
    const { heard, sent } = await heardIn(cell, { tokens: 3, outputs: [3] }, { withImage: true })
    expect(heard.text).toBe(wordsOf(3))
    expect(JSON.stringify(sent)).toContain(imageData)
  })

  test('hears the thoughts apart from the text', async () => {
    const { heard } = await heardIn(cell, { thinking: 'Hm hm hm', tokens: 3, outputs: [6] })
    expect(heard.text).toBe(wordsOf(3))
    expect(heard.thoughts).toBe(cell.client.showsThoughtsOf.includes(cell.upstream) ? 'Hm hm hm' : '')
  })

  test('is told of an error before the first byte, and pays nothing', async () => {
    const { account, ask } = await askIn(cell, { status: 500 })
    await expect(ask()).rejects.toThrow()
    await expectNothingCharged(sharedWorld(), account)
  })
})

const streams = cells.filter(({ isStreamed }) => isStreamed)

async function expectSomeCharged(account: Question['account'], model: string): Promise<void> {
  const [charge, ...others] = await settledCharges(sharedWorld(), account)
  expect(others).toEqual([])
  expect(charge?.costNanoUsd).toBeGreaterThan(0)
  expect(charge?.costNanoUsd).toBeLessThanOrEqual(priceOf({ input: 400, output: 100 }, model))
}

// Cases: dialects 17
test.each(streams)(
  '$name before an upstream of $upstream raises where a stream fails in the middle, and pays for what was delivered',
  async (cell) => {
    const { account, model, ask } = await askIn(cell, { tokens: 100, errorAfter: 20 })
    await expect(ask()).rejects.toThrow()
    await expectSomeCharged(account, model)
  },
)

// Cases: dialects 13
test.each(streams)(
  '$name before an upstream of $upstream raises where a stream breaks off, and pays for what was delivered',
  async (cell) => {
    const { account, model, ask } = await askIn(cell, { tokens: 100, cutAfter: 20 })
    await expect(ask()).rejects.toThrow()
    await expectSomeCharged(account, model)
  },
)

// Cases: dialects 19
test.each(streams)(
  '$name before an upstream of $upstream leaves in the middle, and pays once by the model’s policy',
  async (cell) => {
    const leaves = new AbortController()
    let parts = 0
    const onPart = () => {
      parts += 1
      if (parts === 6) leaves.abort()
    }
    const leaving = { signal: leaves.signal, onPart }
    const { account, model, ask } = await askIn(cell, { tokens: 60, gapMs: 5 }, leaving)
    await expect(ask()).rejects.toThrow(/abort/i)
    const costNanoUsd = priceOf({ input: 100, cached: 40, output: 60 }, model)
    expect(await settledCharges(sharedWorld(), account)).toMatchObject([{ costNanoUsd }])
  },
)
