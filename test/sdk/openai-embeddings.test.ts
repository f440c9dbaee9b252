// The released `openai` package asking for vectors and judgements, changed in nothing but its base URL and key.

import { createHash } from 'node:crypto'
import { APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import { vectorOf } from '../../dev/upstream-embeddings.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import {
  accountWith,
  countedTokens,
  chargeOfCall,
  estimateOf,
  expectNothingCharged,
  nanoOfNumber,
  priceOf,
  settledCharges,
} from '../world/charges.ts'
import { ask, upstreamRequestsOf } from '../world/gateway.ts'
import { onPurpose } from '../world/judged-requests.ts'
import { type Client, clientOf, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const model = 'text-embedding-3-small'
const path = '/v1/embeddings'
const priceOfInput = (tokens: number, of = model) => priceOf({ input: tokens, output: 0 }, of)

/** A text that tells the upstream how many tokens it has. */
const told = (more: object = {}) => directiveText({ inputTokens: 1_000, ...more })

function request({ account }: Client, more: object = {}) {
  return { model, input: told(), user: account.accountId, ...more }
}

describe('embeddings', () => {
  // Requirements: 34, 39
  test('are the vectors of the provider, and their usage carries the cost', async () => {
    const client = await newClient()
    const input = [told(), 'second', 'third']
    const { data: answer, response } = await client.embeddings
      .create(request(client, { input, dimensions: 256 }))
      .withResponse()
    expect(answer.data.map(({ embedding }) => embedding)).toEqual(
      [0, 1, 2].map((index) => [...vectorOf(index, 256)]),
    )
    expect(answer).toMatchObject({
      object: 'list',
      model,
      usage: { prompt_tokens: 1_000, total_tokens: 1_000 },
    })
    const price = priceOfInput(1_000)
    expect(nanoOfNumber(valueAt(answer, 'cost'))).toBe(price)
    expect(nanoOfNumber(valueAt(answer, 'usage', 'cost'))).toBe(price)
    expect(response.headers.get('x-cost')).toBe('0.00002')
    const callId = response.headers.get('x-generation-id') ?? ''
    expect(await chargeOfCall(sharedWorld(), client.account, callId)).toMatchObject({
      costNanoUsd: price,
      input: 1_000,
      output: 0,
      source: 'final',
    })
    expect(await settledCharges(sharedWorld(), client.account)).toEqual([{ callId, costNanoUsd: price }])
  })

  test.each([
    ['a text', told()],
    ['tokens', [1, 2, 3]],
    ['lists of tokens', [[1, 2], [3]]],
  ])('of %s go up as they were written', async (_, input) => {
    const client = await newClient()
    const answer = await client.embeddings.create(
      request(client, { input, encoding_format: 'float', dimensions: 8 }),
    )
    expect(answer.data[0]?.embedding).toEqual([...vectorOf(0, 8)])
    const [sent] = await upstreamRequestsOf(sharedWorld(), client.account.accountId)
    expect(sent).toMatchObject({ path, body: { input, encoding_format: 'float', dimensions: 8 } })
    expect(await settledCharges(sharedWorld(), client.account)).toHaveLength(1)
  })

  test('whose provider states no usage are charged by our own count, tokens by their number', async () => {
    const client = await newClient()
    const gemini = 'gemini-embedding-2'
    const text = directiveText({ usage: 'none' })
    const rare = 'Příliš žluťoučký kůň úpěl ďábelské ódy. 漢字仮名交じり文'
    const answer = await client.embeddings.create(request(client, { model: gemini, input: [text, rare] }))
    const tokens = countedTokens(text, gemini) + countedTokens(rare, gemini) + 2 * 2
    expect(answer).toMatchObject({ model: gemini, usage: { prompt_tokens: tokens, total_tokens: tokens } })
    expect(valueAt(answer, 'usage', 'cost_details', 'usage_source')).toBe('counted')
    // Texts and tokens in one list are odd on purpose: no provider's type has them, and each is counted as what it is.
    const odd = `${text} ${onPurpose}`
    const given = await client.embeddings.create(
      request(client, { model: gemini, input: [odd, [[1, 2, 3]].flat()] }),
    )
    const counted = countedTokens(odd, gemini) + 3 + 2 * 2
    expect(given.usage.prompt_tokens).toBe(counted)
    expect(
      (await settledCharges(sharedWorld(), client.account)).map(({ costNanoUsd }) => costNanoUsd),
    ).toEqual([priceOfInput(tokens, gemini), priceOfInput(counted, gemini)])
  })

  test('that state zero cost nothing, and figures that cannot be true are none', async () => {
    const client = await newClient()
    const zero = await client.embeddings.create(request(client, { input: directiveText({ usage: 'zero' }) }))
    expect(zero).toMatchObject({ cost: 0, usage: { prompt_tokens: 0 } })
    const wrong = await client.embeddings.create(
      request(client, { input: directiveText({ usage: 'wrong' }) }),
    )
    expect(valueAt(wrong, 'usage', 'cost_details', 'usage_source')).toBe('counted')
    expect(wrong.usage.prompt_tokens).toBeGreaterThan(0)
  })

  test('of any size pass byte for byte but for usage and cost, and are charged once', async () => {
    const client = await newClient()
    const { apiKey } = client.account
    const input = [told(), ...Array.from({ length: 511 }, () => 'text')]
    const body = { model: 'text-embedding-3-large', input, dimensions: 3_072, encoding_format: 'float' }
    const [ours, theirs] = await Promise.all([
      ask(sharedWorld(), { apiKey, path, body }),
      ask({ baseUrl: sharedWorld().upstreamUrl.replace(/\/v1$/, '') }, { apiKey: 'any', path, body }),
    ])
    expect(theirs.text.length).toBeGreaterThan(25_000_000)
    const [before] = theirs.text.split(',"usage"')
    const [begun, usage] = ours.text.split(',"usage"')
    const hash = (text = '') => createHash('sha256').update(text).digest('hex')
    expect(hash(begun)).toBe(hash(before))
    const price = priceOfInput(1_000, 'text-embedding-3-large')
    expect(nanoOfNumber(valueAt(JSON.parse(`{"usage"${usage ?? ''}`), 'cost'))).toBe(price)
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd: price }])
  })

  // Requirements: 58
  test('are priced beforehand by ?dryRun=true, and refused above X-Max-Cost or the balance', async () => {
    const client = await newClient()
    const { account } = client
    const body = { model, input: 'a'.repeat(4_000) }
    const dry = await ask(sharedWorld(), { apiKey: account.apiKey, path: `${path}?dryRun=true`, body })
    expect(dry.body).toMatchObject({
      dry_run: true,
      would_be_admitted: true,
      expected_input_tokens: 1_000,
      cost_estimate: '0.00002',
      cost_max: '0.00008',
    })
    const headers = { 'x-max-cost': '0.00007' }
    const refused = await ask(sharedWorld(), { apiKey: account.apiKey, path, body, headers })
    expect(refused).toMatchObject({ status: 402, errorCode: 'max_cost_exceeded' })
    await expectNothingCharged(sharedWorld(), account)
    const poor = clientOf(await accountWith(sharedWorld(), priceOfInput(3_999)))
    const error: unknown = await poor.embeddings.create(body).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ status: 402, code: 'insufficient_credits' })
  })

  test('under an Idempotency-Key are made and charged once, the same answer for the repeat', async () => {
    const { account } = await newClient()
    const headers = { 'idempotency-key': 'the one' }
    const body = { model, input: told(), dimensions: 8 }
    const one = await ask(sharedWorld(), { apiKey: account.apiKey, path, body, headers })
    await settledCharges(sharedWorld(), account)
    const other = await ask(sharedWorld(), { apiKey: account.apiKey, path, body, headers })
    expect(other.text).toBe(one.text)
    expect(other.headers.get('idempotent-replayed')).toBe('true')
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })

  test.each([
    ['an error of the provider', { status: 500 }],
    ['an answer that breaks off', { cutAfter: 1 }],
    ['no answer', { dropsBeforeHeaders: true }],
    ['an error in the place of an answer', { raw: '{"error":{"message":"no"}}' }],
    ['what is no answer', { raw: '{"object":"list"}' }],
    ['what is no JSON', { raw: '<html>' }],
  ])('that end in %s are an error of ours, and nothing is charged', async (_, directive) => {
    const client = await newClient()
    const body = request(client, { input: told(directive) })
    const answer = await ask(sharedWorld(), { apiKey: client.account.apiKey, path, body })
    expect(answer).toMatchObject({ status: 502, errorCode: 'upstream_error' })
    await expectNothingCharged(sharedWorld(), client.account)
  })

  test('that break off when much of them has gone out break off at the client too, and are not charged', async () => {
    const client = await newClient()
    const input = [told({ cutAfter: 1 }), ...Array.from({ length: 99 }, () => 'text')]
    const body = request(client, { input, dimensions: 3_072 })
    await expect(ask(sharedWorld(), { apiKey: client.account.apiKey, path, body })).rejects.toThrow()
    await expectNothingCharged(sharedWorld(), client.account)
  })

  // Requirements: 18
  test('whose client has left are read to their end and charged in full', async () => {
    const client = await newClient()
    const input = [told(), ...Array.from({ length: 999 }, () => 'text')]
    const leaving = new AbortController()
    const response = await fetch(`${sharedWorld().baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.account.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(request(client, { input, dimensions: 3_072, encoding_format: 'float' })),
      signal: leaving.signal,
    })
    await response.body?.getReader().read()
    leaving.abort()
    const callId = response.headers.get('x-generation-id') ?? ''
    const charge = await chargeOfCall(sharedWorld(), client.account, callId)
    expect(charge).toMatchObject({ costNanoUsd: priceOfInput(1_000), status: 'client_gone' })
  })

  test('are refused for what has no price here, by name', async () => {
    const client = await newClient()
    const cases = [
      ['input', { input: '' }],
      ['input', { input: [{ type: 'image_url' }] }],
      ['input', { input: Array.from({ length: 2_049 }, () => 'a') }],
      ['dimensions', { dimensions: 0 }],
      ['model', { model: 'gpt-5.4-mini' }],
      ['model', { model: 'omni-moderation-latest' }],
    ] as const
    for (const [param, more] of cases) {
      const answer = await ask(sharedWorld(), {
        apiKey: client.account.apiKey,
        path,
        body: request(client, more),
      })
      expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
      expect(valueAt(answer.body, 'error', 'param')).toBe(param)
    }
    const unknown = request(client, { model: 'nobody' })
    expect(await ask(sharedWorld(), { apiKey: client.account.apiKey, path, body: unknown })).toMatchObject({
      status: 404,
      errorCode: 'model_not_found',
    })
    const chat = { model, messages: [{ role: 'user', content: 'Hello' }] }
    const answer = await ask(sharedWorld(), { apiKey: client.account.apiKey, body: chat })
    expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    expect(answer.message).toContain('POST /v1/embeddings')
    await expectNothingCharged(sharedWorld(), client.account)
  })

  test('count towards the limits of the end user that they name', async () => {
    const settings = { end_user_limits: [{ window: 'day', amount: '0.00002' }] }
    const client = clientOf(await sharedWorld().newAccount({ settings }))
    const headers = { 'x-end-user': 'somebody' }
    const asked = (more: object = {}) =>
      ask(sharedWorld(), {
        apiKey: client.account.apiKey,
        path,
        body: { model, input: told(), ...more },
        headers,
      })
    expect(await asked()).toMatchObject({ status: 200 })
    await settledCharges(sharedWorld(), client.account)
    expect(await asked()).toMatchObject({ status: 402, errorCode: 'end_user_limit_exceeded' })
  })

  test('are held by one token for each byte, and no more', async () => {
    const { account } = await newClient()
    const { holdNanoUsd } = await estimateOf(sharedWorld(), account, { model, input: ['abcd', [1, 2]] }, path)
    expect(holdNanoUsd).toBe(priceOfInput(6))
  })
})

describe('moderations', () => {
  test('judge text and pictures free of charge, without any credit, and are logged', async () => {
    const client = clientOf(await sharedWorld().newAccount({ creditUsd: '0' }))
    const { data: answer, response } = await client.moderations
      .create({ input: ['one', 'two'] })
      .withResponse()
    expect(answer.results).toHaveLength(2)
    expect(answer).toMatchObject({ model: 'omni-moderation-latest', cost: 0, usage: { cost: 0 } })
    expect(response.headers.get('x-cost')).toBe('0.00')
    const image_url = { url: 'https://example.com/a.png' }
    const seen = await client.moderations.create({
      model: 'omni-moderation-latest',
      input: [
        { type: 'text', text: 'three' },
        { type: 'image_url', image_url },
      ],
    })
    expect(seen.results[0]?.flagged).toBe(false)
    const callId = response.headers.get('x-generation-id') ?? ''
    expect(await chargeOfCall(sharedWorld(), client.account, callId)).toMatchObject({ costNanoUsd: 0 })
  })

  test('count as requests of the minute', async () => {
    const client = clientOf(await sharedWorld().newAccount({ settings: { rpm: 2 } }))
    const judge = () => client.moderations.create({ input: 'one' }, { maxRetries: 0 })
    await judge()
    await judge()
    await expect(judge()).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  })

  test('take no model that is for other work', async () => {
    const client = await newClient()
    const judged = client.moderations.create({ model, input: 'one' })
    await expect(judged).rejects.toMatchObject({ status: 400, code: 'invalid_request', param: 'model' })
  })
})

test('the list of models says what each is for and where it is called', async () => {
  const { body } = await ask(sharedWorld(), { path: '/v1/models' })
  const data = valueAt(body, 'data')
  const of = (id: string) =>
    Array.isArray(data) ? data.find((one: unknown) => valueAt(one, 'id') === id) : undefined
  expect(of(model)).toMatchObject({
    kind: 'embedding',
    supported_dialects: ['embeddings'],
    modalities: { input: ['text'], output: [] },
    pricing: { prompt: '0.00000002' },
  })
  expect(of('omni-moderation-latest')).toMatchObject({
    kind: 'moderation',
    supported_dialects: ['moderations'],
  })
  const headers = { 'anthropic-version': '2023-06-01' }
  const { body: spoken } = await ask(sharedWorld(), { path: '/v1/models', headers })
  expect(JSON.stringify(spoken)).not.toContain(`"${model}"`)
})
