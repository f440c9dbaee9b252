// What a call cost, as its account can read it, and what it should have cost by the price list.

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, vi } from 'vitest'
import { models } from '#catalog/models.ts'
import { ownCountFactors } from '#catalog/own-count-factors.ts'
import { formatUsd, type NanoUsd, nanoUsd, negateNanoUsd, parseUsd } from '#core/money.ts'
import type { WorldClient } from '../../dev/world-client.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { chatModel, valueAt } from './chat.ts'
import { ask, chatPath, streamOf } from './gateway.ts'

export type Account = { accountId: string; apiKey: string }

/** A capture may have to wait for a busy machine; an answer is there long before. */
const settledWithinMs = 20_000

/** Tokens as providers state them: cached ones are part of the input, reasoning is part of the output. */
export type StatedTokens = { input: number; cached?: number; output: number }

/** By the published price list, in whole nano-dollars, rounded up once. */
export function priceOf({ input, cached = 0, output }: StatedTokens, modelId = chatModel): NanoUsd {
  const prices = models.find(({ id }) => id === modelId)?.prices ?? {}
  const pico = (count: number, price: number | undefined) => BigInt(count) * BigInt(price ?? 0)
  const sum =
    pico(input - cached, prices.input) + pico(cached, prices.cacheRead) + pico(output, prices.output)
  return nanoUsd(Number((sum + 999n) / 1_000n))
}

export type Present = { balanceNanoUsd: NanoUsd; heldNanoUsd: NanoUsd; spentNanoUsd: NanoUsd }

export async function presentOf(world: WorldClient, { apiKey }: Account): Promise<Present> {
  const { body } = await ask(world, { apiKey, path: '/v1/account' })
  return {
    balanceNanoUsd: usdAt(body, 'current_balance'),
    heldNanoUsd: usdAt(body, 'held'),
    spentNanoUsd: usdAt(body, 'lifetime_spent'),
  }
}

export type Movement = { type: unknown; reference: unknown; amountNanoUsd: NanoUsd }

/** Every movement of money of the account, oldest first. */
export async function movementsOf(world: WorldClient, { apiKey }: Account): Promise<Movement[]> {
  const { body } = await ask(world, { apiKey, path: '/v1/account/transactions?limit=100' })
  const data = valueAt(body, 'data')
  if (!Array.isArray(data)) throw new Error(`no transactions: ${JSON.stringify(body)}`)
  return data.reverse().map((movement: unknown) => ({
    type: valueAt(movement, 'type'),
    reference: valueAt(movement, 'reference'),
    amountNanoUsd: usdAt(movement, 'amount'),
  }))
}

export type Charged = { callId: unknown; costNanoUsd: NanoUsd }

/** Waits until no call of the account is open any more, then tells all that was charged, oldest first. */
export async function settledCharges(world: WorldClient, account: Account): Promise<Charged[]> {
  await vi.waitFor(async () => expect((await presentOf(world, account)).heldNanoUsd).toBe(0), {
    timeout: settledWithinMs,
    interval: 25,
  })
  const charged = (await movementsOf(world, account)).filter(({ type }) => type === 'consumption')
  return charged.map(({ reference, amountNanoUsd }) => ({
    callId: reference,
    costNanoUsd: negateNanoUsd(amountNanoUsd),
  }))
}

/** Nothing was charged and nothing is held. */
export async function expectNothingCharged(world: WorldClient, account: Account): Promise<void> {
  expect(await settledCharges(world, account)).toEqual([])
  expect((await presentOf(world, account)).spentNanoUsd).toBe(0)
}

export type Charge = {
  costNanoUsd: NanoUsd
  input: unknown
  output: unknown
  source: unknown
  rule: unknown
  status: unknown
}

/** The one charge of a call, with its explanation; fails where there are two. */
export async function chargeOfCall(world: WorldClient, account: Account, callId: string): Promise<Charge> {
  const body = await vi.waitFor(
    async () => {
      const answer = await ask(world, { apiKey: account.apiKey, path: `/v1/generation?id=${callId}` })
      expect(answer.status, answer.text).toBe(200)
      return valueAt(answer.body, 'data')
    },
    { timeout: settledWithinMs, interval: 25 },
  )
  expect(valueAt(body, 'charge', 'entries'), 'one entry and no more').toHaveLength(1)
  return {
    costNanoUsd: usdAt(valueAt(body, 'charge'), 'cost'),
    input: valueAt(body, 'tokens_prompt'),
    output: valueAt(body, 'tokens_completion'),
    source: valueAt(body, 'charge', 'usage_source'),
    rule: valueAt(body, 'charge', 'rule'),
    status: valueAt(body, 'charge', 'status'),
  }
}

/** The call has one charge of this cost, and the account no other. */
export async function expectOneCharge(
  world: WorldClient,
  account: Account,
  expected: { callId: string; costNanoUsd: number; source: string },
): Promise<Charge> {
  const { callId, costNanoUsd, source } = expected
  const charge = await chargeOfCall(world, account, callId)
  expect(charge).toMatchObject({ costNanoUsd, source })
  expect(await settledCharges(world, account)).toEqual([{ callId, costNanoUsd }])
  return charge
}

/** One streamed call of a new account, and what was charged when it had settled. */
export async function streamedCall(world: WorldClient, upstream: DirectiveChange, more: object = {}) {
  const account = await world.newAccount()
  const body = streamOf(upstream, { user: account.accountId, ...more })
  const answer = await ask(world, { apiKey: account.apiKey, body })
  return { account, body, answer, charges: await settledCharges(world, account) }
}

/** Our own count, for providers that state nothing: the published tokenizer times the factor of the model. */
export function countedTokens(text: string, modelId = chatModel): number {
  const maker = models.find(({ id }) => id === modelId)?.company ?? ''
  const factor = ownCountFactors[maker] ?? 1
  return Math.ceil(countTokens(text) * factor)
}

export type Estimate = { expectedInputTokens: number; holdNanoUsd: NanoUsd }

/** What a request would hold, and for how much input it would be charged if its provider stated nothing. */
export async function estimateOf(
  world: WorldClient,
  { apiKey }: Account,
  body: unknown,
  path = chatPath,
): Promise<Estimate> {
  const answer = await ask(world, { apiKey, path: `${path}?dryRun=true`, body })
  return {
    expectedInputTokens: Number(valueAt(answer.body, 'expected_input_tokens')),
    holdNanoUsd: usdAt(answer.body, 'cost_max'),
  }
}

/** Dollars as JSON numbers, which conventions demand in some places. */
export function nanoOfNumber(usd: unknown): NanoUsd {
  if (typeof usd !== 'number')
    throw new Error(`an amount in an answer is a number, not ${JSON.stringify(usd)}`)
  return nanoUsd(Math.round(usd * 1e9))
}

/** An account with exactly so much credit. */
export function accountWith(world: WorldClient, credit: NanoUsd, more: object = {}): Promise<Account> {
  return world.newAccount({ creditUsd: formatUsd(credit), ...more })
}

function usdAt(value: unknown, name: string): NanoUsd {
  const text = valueAt(value, name)
  const amount = typeof text === 'string' ? parseUsd(text) : undefined
  if (amount === undefined) throw new Error(`${name} is not an amount in ${JSON.stringify(value)}`)
  return amount
}
