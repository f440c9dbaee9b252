// The ladder of usage figures in every dialect: each client before each upstream, streamed and whole, and whatever the provider
// says of its usage. One charge, by the best statement there is, and the same words for the client.

import { describe, expect, test } from 'vitest'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { chargeOfCall, countedTokens, nanoOfNumber, priceOf, settledCharges } from '../world/charges.ts'
import {
  type Side,
  costIn,
  dialectIds,
  dialectModels,
  errorTypeOf,
  requestOf,
  textOf,
} from '../world/dialect-requests.ts'
import { ask, wordsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const inputTokens = 100
const words = 7
const wordsBeforeBreak = 3

type Source = 'final' | 'cumulative' | 'zero' | 'counted'
type Row = {
  what: string
  upstream: DirectiveChange
  /** By the dialect of the upstream, where they differ. */
  source: Source | ((side: Side) => Source)
}

/** Anthropic's streams begin with a statement about the input, whatever follows; its whole messages cannot be without one. */
const silent = ({ upstream, isStreamed }: Side): Source => {
  if (upstream !== 'messages') return 'counted'
  return isStreamed ? 'cumulative' : 'final'
}

/** Mistral is asked for no usage: it states it with the last chunk. */
const honest = { usage: 'onFinish' } as const

const rows: readonly Row[] = [
  { what: 'final', upstream: honest, source: 'final' },
  { what: 'with every chunk', upstream: { usage: 'every' }, source: 'final' },
  { what: 'zero', upstream: { usage: 'zero' }, source: 'zero' },
  { what: 'nothing', upstream: { usage: 'none' }, source: silent },
  {
    what: 'negative, fractional and absurd figures',
    upstream: { usage: 'wrong' },
    source: 'counted',
  },
]

const sides = dialectIds.flatMap((client) =>
  dialectIds.flatMap((upstream) =>
    [true, false].map((isStreamed): Side => ({ client, upstream, isStreamed })),
  ),
)

async function chargedBy(side: Side, { what, upstream, source }: Row): Promise<void> {
  const world = sharedWorld()
  const named = `${what}: ${side.client} before ${side.upstream}, streamed ${side.isStreamed}`
  const usage =
    side.upstream === 'chat' && upstream.usage === 'zero' ? { usageIs: noTokens, ...honest } : upstream
  const account = await world.newAccount()
  const answer = await ask(world, requestOf(side, account, { inputTokens, tokens: words, ...usage }))
  expect({ named, text: textOf(answer), error: errorTypeOf(side, answer) }).toEqual({
    named,
    text: wordsOf(words),
    error: undefined,
  })
  const model = dialectModels[side.upstream]
  const charge = await chargeOfCall(world, account, answer.callId)
  const expected = typeof source === 'string' ? source : source(side)
  expect({ named, source: charge.source }).toEqual({ named, source: expected })
  const output = { final: words, zero: 0 }
  expect(charge.output, named).toBe(
    expected === 'final' || expected === 'zero' ? output[expected] : countedTokens(wordsOf(words), model),
  )
  const input = Number(charge.input)
  if (expected === 'counted') expect(input, named).toBeGreaterThan(0)
  else expect(input, named).toBe(expected === 'zero' ? 0 : inputTokens)
  const price = priceOf({ input, output: Number(charge.output) }, model)
  expect(charge.costNanoUsd, named).toBe(price)
  expect(nanoOfNumber(costIn(side, answer)), named).toBe(price)
  const charges = await settledCharges(world, account)
  expect(charges, named).toHaveLength(expected === 'zero' ? 0 : 1)
}

const noTokens = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

describe('a provider that states its usage', () => {
  // Cases: billing-bugs 5, 6, 7, 8, 14; dialects 24, 25, 26
  test.each(rows)('as $what costs the same through every dialect, streamed or whole', async (row) => {
    for (const client of dialectIds)
      await Promise.all(sides.filter((side) => side.client === client).map((side) => chargedBy(side, row)))
  })
})

describe('our own count', () => {
  /** Whole messages cannot be without a statement. */
  const unstated = sides.filter(({ upstream, isStreamed }) => upstream !== 'messages' || isStreamed)

  // Cases: billing-bugs 8
  test.each(dialectIds)('is of thoughts and tool calls as well: a client of %s', async (client) => {
    const thinking = 'I should look at the weather first.'
    const directive = { inputTokens, usage: 'none', thinking, toolCalls: true } as const
    for (const side of unstated.filter((one) => one.client === client)) {
      const account = await sharedWorld().newAccount()
      const answer = await ask(sharedWorld(), requestOf(side, account, directive))
      const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
      const output = countedTokens(`${thinking}get_weather{"city":"Paris"}`, dialectModels[side.upstream])
      const named = `${side.client} before ${side.upstream}, streamed ${side.isStreamed}`
      expect({ named, output: charge.output }).toEqual({ named, output })
      expect(nanoOfNumber(costIn(side, answer)), named).toBe(charge.costNanoUsd)
    }
  })
})

describe('a stream that breaks off', () => {
  /** Chat states running figures here, Anthropic its input at the start, responses nothing before the end. */
  const sources = { chat: 'cumulative', responses: 'counted', messages: 'cumulative' } as const

  // Cases: billing-bugs 2, 8, 10; dialects 17
  test.each(sides.filter(({ isStreamed }) => isStreamed))(
    'costs what was stated, and our count of what was not: a client of $client before $upstream',
    async (side) => {
      const world = sharedWorld()
      const account = await world.newAccount()
      const upstream = { inputTokens, tokens: words, usage: 'every', hostility: 'brokenTransfer' } as const
      const answer = await ask(world, requestOf(side, account, upstream))
      expect(textOf(answer)).toBe(wordsOf(wordsBeforeBreak))
      expect(errorTypeOf(side, answer)).toBeDefined()
      const model = dialectModels[side.upstream]
      const charge = await chargeOfCall(world, account, answer.callId)
      const counted = countedTokens(wordsOf(wordsBeforeBreak), model)
      expect(charge).toMatchObject({
        source: sources[side.upstream],
        output: side.upstream === 'chat' ? wordsBeforeBreak : counted,
      })
      if (sources[side.upstream] === 'cumulative') expect(charge.input).toBe(inputTokens)
      const price = priceOf({ input: Number(charge.input), output: Number(charge.output) }, model)
      expect(await settledCharges(world, account)).toEqual([{ callId: answer.callId, costNanoUsd: price }])
    },
  )
})
