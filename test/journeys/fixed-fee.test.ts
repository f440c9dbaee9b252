// Models that cost one fee per call: held before, charged in full once the provider has accepted, whatever comes of the answer.

import { describe, expect, test } from 'vitest'
import { models } from '#catalog/models.ts'
import { feeOf, hasFixedFee } from '#catalog/price.ts'
import { formatUsd } from '#core/money.ts'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall, expectNothingCharged, presentOf, settledCharges } from '../world/charges.ts'
import type { Account } from '../world/charges.ts'
import {
  costIn,
  dialectIds,
  dialectPaths,
  errorTypeOf,
  requestOf,
  type Side,
  textOf,
} from '../world/dialect-requests.ts'
import { ask, chatOf, upstreamRequestsOf, type WireAnswer, wordsOf } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'

const modelId = 'exa-answer'
const feeModels = models.filter(hasFixedFee)
const feeOfModel = (id: string) => {
  const model = feeModels.find((one) => one.id === id)
  if (model === undefined) throw new Error(`${id} has no fixed fee`)
  return feeOf(model).costNanoUsd
}
const fee = feeOfModel(modelId)

const sides = dialectIds.flatMap((client) =>
  [true, false].map((isStreamed): Side => ({ client, upstream: 'chat', isStreamed })),
)

const nameOf = ({ client, isStreamed }: Side) => `${client}, ${isStreamed ? 'streamed' : 'whole'}`
const named = sides.map((side) => [nameOf(side), side] as const)
const streamed = named.filter(([, { isStreamed }]) => isStreamed)

function feeRequest(side: Side, account: Account, upstream: DirectiveChange) {
  const request = requestOf(side, account, upstream)
  return { ...request, body: { ...Object(request.body), model: modelId } }
}

const askFee = (side: Side, account: Account, upstream: DirectiveChange): Promise<WireAnswer> =>
  ask(sharedWorld(), feeRequest(side, account, upstream))

/** One charge of the account, the fee in one line, under the rule. */
async function expectFee(account: Account, callId: string, rule: string) {
  const charge = await chargeOfCall(sharedWorld(), account, callId)
  expect(charge).toMatchObject({ costNanoUsd: fee, rule })
  expect(await settledCharges(sharedWorld(), account)).toEqual([{ callId, costNanoUsd: fee }])
}

describe('a model of a fixed fee', () => {
  // Requirements: 21
  test.each(named)('costs its fee for any answer: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const answer = await askFee(side, account, { tokens: 6, inputTokens: 90_000 })
    expect(answer.status, answer.text).toBe(200)
    expect(textOf(answer)).toBe(wordsOf(6))
    expect(costIn(side, answer)).toBe(Number(formatUsd(fee)))
    await expectFee(account, answer.callId, 'done_accepted')
    const { body } = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      path: `/v1/generation?id=${answer.callId}`,
    })
    const line = { unit: 'request', units: 1, unit_price: formatUsd(fee), amount: formatUsd(fee) }
    expect(valueAt(body, 'data', 'charge', 'lines')).toMatchObject([line])
  })

  // Requirements: 21
  test.each(['none', 'zero'] as const)('costs it where the provider states usage: %s', async (usage) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    for (const isStreamed of [true, false]) {
      const answer = await askFee({ client: 'chat', upstream: 'chat', isStreamed }, account, {
        tokens: 3,
        usage,
      })
      expect(answer.status, answer.text).toBe(200)
      expect(await chargeOfCall(sharedWorld(), account, answer.callId)).toMatchObject({ costNanoUsd: fee })
    }
  })

  // Requirements: 21
  test.each(streamed)('costs it where its client leaves: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const { body } = feeRequest(side, account, { tokens: 40, gapMs: 20 })
    const stream = await openStream(sharedWorld(), account.apiKey, body, dialectPaths[side.client])
    await stream.until((text) => text.includes('word1'))
    stream.leave()
    await expectFee(account, stream.callId, 'client_gone_accepted')
  })

  // Requirements: 21
  test.each(streamed)('costs it where the answer is cut or ends in an error: %s', async (_name, side) => {
    const endings = [
      [{ tokens: 9, cutAfter: 4 }, 'cut_accepted'],
      [{ tokens: 9, errorAfter: 4 }, 'upstream_error_accepted'],
    ] as const
    for (const [upstream, rule] of endings) {
      const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
      const answer = await askFee(side, account, upstream)
      expect(answer.status).toBe(200)
      expect(errorTypeOf(side, answer)).toBeDefined()
      await expectFee(account, answer.callId, rule)
    }
  })

  // Requirements: 21
  test.each(named)('costs it where nothing of the answer comes, and says so: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const answer = await askFee(side, account, {
      raw: side.isStreamed ? 'data: {"error":{"message":"broken"}}\n\n' : '{',
    })
    expect(answer.status).toBe(502)
    expect(answer.headers.get('x-should-retry'), 'a further try would cost it again').toBe('false')
    if (side.client === 'messages') expect(answer.text).toContain('"error_code":"accepted_and_lost"')
    else expect(answer.errorCode).toBe('accepted_and_lost')
    expect(answer.text).toContain(`$${formatUsd(fee)} per call`)
    await expectFee(account, answer.callId, 'upstream_error_accepted')
  })

  // Requirements: 21
  test.each(named)('costs nothing that the provider did not accept: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    for (const upstream of [
      { status: 500 },
      { status: 429 },
      { status: 400 },
      { dropsBeforeHeaders: true },
    ]) {
      const answer = await askFee(side, account, upstream)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text).not.toContain('accepted')
    }
    await expectNothingCharged(sharedWorld(), account)
  })

  // Requirements: 21, 59
  test.each(named)('costs in a dry run what it holds and what it charges: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const request = feeRequest(side, account, { tokens: 2 })
    const dry = await ask(sharedWorld(), { ...request, path: `${request.path}?dryRun=true` })
    const text = formatUsd(fee)
    expect(dry.body).toMatchObject({
      cost_min: text,
      cost_estimate: text,
      cost_max: text,
      cancellation_policy: 'accept',
      would_be_admitted: true,
    })
    await expectNothingCharged(sharedWorld(), account)
    const exact = await sharedWorld().newAccount({ creditUsd: text })
    const paid = await ask(sharedWorld(), { ...request, apiKey: exact.apiKey })
    expect(paid.status, paid.text).toBe(200)
    await expectFee(exact, paid.callId, 'done_accepted')
    const short = await sharedWorld().newAccount({ creditUsd: '0.004999999' })
    const refused = await ask(sharedWorld(), { ...request, apiKey: short.apiKey })
    expect(refused.status).toBe(402)
    expect(refused.text).toContain(`"required":"${text}"`)
  })

  // Requirements: 21
  test('is held before it is sent, however good the standing of its key is', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '100.00' })
    const side: Side = { client: 'chat', upstream: 'chat', isStreamed: true }
    for (let times = 0; times < 3; times += 1) {
      const usual = await ask(sharedWorld(), { apiKey: account.apiKey, body: chatOf({ tokens: 1 }) })
      expect(usual.headers.get('x-balance-check')).toBe(times === 0 ? 'first' : 'parallel')
      const answer = await askFee(side, account, { tokens: 1 })
      expect(answer.headers.get('x-balance-check')).toBe('first')
    }
  })

  test('is lowered by nothing: less credit, less X-Max-Cost, a second answer or a parameter of its own is refused', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const body = chatOf({ tokens: 1 }, { model: modelId, user: account.accountId })
    const refusedOf = async (more: object, headers: { readonly [name: string]: string } = {}) =>
      ask(sharedWorld(), { apiKey: account.apiKey, body: { ...body, ...more }, headers })
    expect(await refusedOf({}, { 'x-max-cost': '0.004' })).toMatchObject({ errorCode: 'max_cost_exceeded' })
    expect(await refusedOf({}, { 'x-on-disconnect': 'stop' })).toMatchObject({ status: 400 })
    for (const [field, value] of [
      ['n', 2],
      ['text', true],
      ['research', { parallel_thinking: { mode: 'high' } }],
    ] as const) {
      const answer = await refusedOf({ [field]: value })
      expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
      expect(valueAt(answer.body, 'error', 'param')).toBe(field)
      expect(answer.message).toContain('fixed fee')
    }
    expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toEqual([])
    expect(await presentOf(sharedWorld(), account)).toMatchObject({ heldNanoUsd: 0, spentNanoUsd: 0 })
  })

  // Requirements: 21
  test('asked in the background costs it once, and is there to be collected', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
    const side: Side = { client: 'responses', upstream: 'chat', isStreamed: true }
    const request = feeRequest(side, account, { tokens: 5 })
    const body = { ...request.body, store: true, background: true }
    const answer = await ask(sharedWorld(), { ...request, body })
    expect(answer.status, answer.text).toBe(200)
    await expectFee(account, answer.callId, 'done_accepted')
    const id = valueAt(answer.events[0], 'response', 'id')
    const kept = await ask(sharedWorld(), { apiKey: account.apiKey, path: `/v1/responses/${String(id)}` })
    expect(kept.status, kept.text).toBe(200)
    expect(textOf(kept)).toBe(wordsOf(5))
  })
})

// Requirements: 21, 26, 28
test('the model list says which models cost a fee, how much, and when it is due', async () => {
  const { body } = await ask(sharedWorld(), { method: 'GET', path: '/v1/models' })
  const data = valueAt(body, 'data')
  const listed: readonly unknown[] = Array.isArray(data) ? data : []
  const accepting = listed.filter((model) => valueAt(model, 'cancellation_policy') === 'accept')
  expect(new Set(accepting.map((model) => valueAt(model, 'id')))).toEqual(
    new Set(feeModels.map(({ id }) => id)),
  )
  for (const model of accepting) {
    const text = formatUsd(feeOfModel(String(valueAt(model, 'id'))))
    expect(valueAt(model, 'pricing')).toEqual({ request: text, tiers: [] })
  }
})
