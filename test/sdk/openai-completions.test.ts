// The released `openai` package asking for completions, changed in nothing but its base URL and key: of models that are reached as
// a conversation in each dialect, and of those whose provider serves completions itself.

import { describe, expect, test } from 'vitest'
import { directiveText, type DirectiveChange } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import {
  chargeOfCall,
  expectNothingCharged,
  expectOneCharge,
  nanoOfNumber,
  priceOf,
  settledCharges,
} from '../world/charges.ts'
import { ask, upstreamRequestsOf, wordsOf } from '../world/gateway.ts'
import { allOf, type Client, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const path = '/v1/completions'
const native = 'together/glm-5.3'
/** A model of each dialect that a conversation can go up in, and one whose provider takes it as it came. */
const reached = ['gpt-5.4-mini', 'gpt-5.3-codex', 'claude-haiku-4-5', native]

const stated = { inputTokens: 100, tokens: 7 }
const priceOfStated = (model: string) => priceOf({ input: 100, output: 7 }, model)

function request({ account }: Client, upstream: DirectiveChange = stated, more: object = {}) {
  return {
    model: 'gpt-5.4-mini',
    prompt: directiveText(upstream),
    max_tokens: 100,
    user: account.accountId,
    ...more,
  }
}

async function sentFor({ account }: Client) {
  const requests = await upstreamRequestsOf(sharedWorld(), account.accountId)
  expect(requests).toHaveLength(1)
  return requests[0]
}

describe.each(reached)('a completion of %s', (model) => {
  // Requirements: 34, 39
  test('in one piece is its text, with usage and cost', async () => {
    const client = await newClient()
    const { data: answer, response } = await client.completions
      .create(request(client, stated, { model }))
      .withResponse()
    expect(answer).toMatchObject({
      object: 'text_completion',
      model,
      choices: [{ text: wordsOf(7), index: 0, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 100, completion_tokens: 7, total_tokens: 107 },
    })
    const price = priceOfStated(model)
    expect(nanoOfNumber(valueAt(answer, 'usage', 'cost'))).toBe(price)
    expect(nanoOfNumber(valueAt(answer, 'cost'))).toBe(price)
    const callId = response.headers.get('x-generation-id') ?? ''
    await expectOneCharge(sharedWorld(), client.account, { callId, costNanoUsd: price, source: 'final' })
  })

  // Requirements: 34
  test('streamed ends with its reason, and with usage and cost where they are asked for', async () => {
    const client = await newClient()
    const asked = { stream: true, stream_options: { include_usage: true }, model } as const
    const chunks = await allOf(await client.completions.create({ ...request(client), ...asked }))
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(wordsOf(7))
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? '').join('')).toBe('stop')
    expect(chunks.every((chunk) => chunk.object === 'text_completion' && chunk.model === model)).toBe(true)
    const price = priceOfStated(model)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 7 } })
    expect(nanoOfNumber(valueAt(chunks.at(-1), 'usage', 'cost'))).toBe(price)
    const plain = await allOf(
      await client.completions.create({ ...request(client, stated, { model }), stream: true }),
    )
    expect(plain.every(({ choices, usage }) => choices.length === 1 && (usage ?? null) === null)).toBe(true)
    const charges = await settledCharges(sharedWorld(), client.account)
    expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([price, price])
  })

  test('has at most 16 tokens where nobody says more', async () => {
    const client = await newClient()
    const { max_tokens: _, ...open } = request(client, { inputTokens: 100, tokens: 40 }, { model })
    const answer = await client.completions.create(open)
    expect(answer.choices[0]).toMatchObject({ text: wordsOf(16), finish_reason: 'length' })
    const limits = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
    const { body } = (await sentFor(client)) ?? {}
    expect(limits.map((name) => valueAt(body, name)).filter((limit) => limit !== undefined)).toEqual([16])
  })

  test.each([
    ['an error before the first byte', { status: 500 }],
    ['an answer that does not begin', { cutAfter: 0 }],
  ])('that ends in %s is an error, whole or streamed, and not charged', async (_, upstream) => {
    const client = await newClient()
    for (const stream of [false, true]) {
      const body = request(client, upstream, { model, stream })
      const answer = await ask(sharedWorld(), { apiKey: client.account.apiKey, path, body })
      expect(answer).toMatchObject({ status: 502, errorCode: 'upstream_error' })
    }
    await expectNothingCharged(sharedWorld(), client.account)
  })

  // Cases: dialects 13, 17
  test.each([{ errorAfter: 6 }, { cutAfter: 6 }])(
    'that breaks off raises, and what came is charged: %o',
    async (upstream) => {
      const client = await newClient()
      const made = request(client, { ...upstream, tokens: 30 }, { model })
      const stream = await client.completions.create({ ...made, stream: true })
      await expect(allOf(stream)).rejects.toThrow()
      const charges = await settledCharges(sharedWorld(), client.account)
      expect(charges).toHaveLength(1)
      expect(charges[0]?.costNanoUsd).toBeGreaterThan(0)
    },
  )

  // Requirements: 18
  test('whose client leaves runs to its end and is charged in full', async () => {
    const client = await newClient()
    const made = request(client, { inputTokens: 100, tokens: 40, gapMs: 10 }, { model })
    const { data: stream, response } = await client.completions
      .create({ ...made, stream: true })
      .withResponse()
    for await (const _ of stream) stream.controller.abort()
    const callId = response.headers.get('x-generation-id') ?? ''
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), client.account, callId)
    expect(costNanoUsd).toBe(priceOf({ input: 100, output: 40 }, model))
  })
})

describe('a completion as a conversation', () => {
  test('goes up as one message, with what tunes it', async () => {
    const client = await newClient()
    const tuned = { temperature: 0.5, top_p: 0.9, stop: ['\n', 'END'] }
    const made = request(client, stated, { model: 'mistral-large-4', ...tuned })
    await client.completions.create(made)
    const sent = await sentFor(client)
    expect(sent).toMatchObject({
      path: '/v1/chat/completions',
      body: { ...tuned, messages: [{ role: 'user', content: made.prompt }], max_tokens: 100 },
    })
  })

  test('goes up in the dialect that has a place for the most of it', async () => {
    const client = await newClient()
    await client.completions.create(request(client, stated, { stop: 'END' }))
    const sent = await sentFor(client)
    expect(sent).toMatchObject({ path: '/v1/chat/completions', body: { stop: ['END'] } })
  })

  test('leaves thoughts out, which are charged', async () => {
    const client = await newClient()
    const made = request(client, { ...stated, thinking: 'one two three' }, { model: 'claude-haiku-4-5' })
    const answer = await client.completions.create(made)
    expect(answer.choices[0]?.text).toBe(wordsOf(7))
    expect(answer.usage?.completion_tokens).toBe(10)
    const chunks = await allOf(await client.completions.create({ ...made, stream: true }))
    expect(chunks.map(({ choices }) => choices[0]?.text).join('')).toBe(wordsOf(7))
  })

  test('repeats its prompt where it is told to', async () => {
    const client = await newClient()
    const made = request(client, stated, { echo: true })
    const answer = await client.completions.create(made)
    expect(answer.choices[0]?.text).toBe(`${made.prompt}${wordsOf(7)}`)
    expect(answer.usage).toMatchObject({ completion_tokens: 7 })
  })

  // Cases: dialects 56
  test.each([
    ['prompt', { prompt: ['one', 'two'] }],
    ['prompt', { prompt: [1, 2, 3] }],
    ['prompt', { prompt: '' }],
    ['suffix', { suffix: 'the end' }],
    ['logprobs', { logprobs: 0 }],
    ['logit_bias', { logit_bias: { '50256': -100 } }],
    ['best_of', { best_of: 2 }],
    ['n', { n: 2 }],
    ['echo', { echo: true, prompt: 'a'.repeat(70_000) }],
  ])('is refused with a next step for what has no place in one: %s %o', async (param, more) => {
    const client = await newClient()
    const made = request(client, stated, more)
    await expect(client.completions.create(made)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      param,
    })
    await expectNothingCharged(sharedWorld(), client.account)
  })
})

describe('a completion that its provider serves itself', () => {
  test('goes up byte for byte but for model, limit and the usage that is asked for', async () => {
    const client = await newClient()
    const { accountId, apiKey } = client.account
    const text = `{ "prompt":${JSON.stringify(directiveText(stated))},"model":"${native}", "max_tokens":1.0e2,"a_parameter_of_next_year":[1.0],"user":"${accountId}" }`
    const answer = await ask(sharedWorld(), { apiKey, path, body: text })
    expect(answer.status, answer.text).toBe(200)
    const sent = await sentFor(client)
    expect(sent).toMatchObject({
      path,
      body: { model: 'zai-org/GLM-5.3', max_tokens: 100, a_parameter_of_next_year: [1] },
    })
  })

  test.each([
    ['texts', { prompt: [directiveText(stated), 'two'] }, 2],
    ['tokens', { prompt: [1, 2, 3] }, 1],
    ['several answers', { n: 3, suffix: 'the end', logprobs: 1, best_of: 3, logit_bias: { '1': 1 } }, 3],
  ])('may be of %s', async (_, more, choices) => {
    const client = await newClient()
    const answer = await client.completions.create(request(client, stated, { model: native, ...more }))
    expect(answer.choices).toHaveLength(choices)
    const sent = await sentFor(client)
    expect(sent?.body).toMatchObject(more)
    const [charge] = await settledCharges(sharedWorld(), client.account)
    expect(charge?.costNanoUsd).toBe(nanoOfNumber(valueAt(answer, 'cost')))
  })

  // Its makers have no address for completions, two of its hosts do.
  test.each(['deepseek-flash', 'glm-5.3', 'kimi-k3'])('goes to the hosts of %s that do', async (model) => {
    const client = await newClient()
    const answer = await client.completions.create(request(client, stated, { model }))
    expect(answer).toMatchObject({ model, choices: [{ text: wordsOf(7) }] })
    expect((await sentFor(client))?.path).toBe(path)
    const [charge] = await settledCharges(sharedWorld(), client.account)
    expect(charge?.costNanoUsd).toBe(nanoOfNumber(valueAt(answer, 'cost')))
  })

  test('that states no usage is charged by our own count of its text', async () => {
    const client = await newClient()
    const answer = await client.completions.create(
      request(client, { tokens: 7, usage: 'none' }, { model: native }),
    )
    expect(valueAt(answer, 'usage', 'cost_details', 'usage_source')).toBe('counted')
    const { prompt_tokens: input = 0, completion_tokens: output = 0 } = answer.usage ?? {}
    expect(output).toBeGreaterThanOrEqual(7)
    const [charge] = await settledCharges(sharedWorld(), client.account)
    expect(charge?.costNanoUsd).toBe(priceOf({ input, output }, native))
  })

  test('holds every token and every answer that it asks for', async () => {
    const { account } = await newClient()
    const body = { model: native, prompt: [[1, 2], [3]], max_tokens: 10, n: 2, best_of: 3 }
    const dry = await ask(sharedWorld(), { apiKey: account.apiKey, path: `${path}?dryRun=true`, body })
    // 64 tokens of the template, 8 around each prompt, three tokens; three answers of ten tokens to each of two prompts.
    const price = priceOf({ input: 64 + 2 * 8 + 3, output: 2 * 3 * 10 }, native)
    expect(dry.body).toMatchObject({ dry_run: true, would_be_admitted: true })
    expect(nanoOfNumber(Number(valueAt(dry.body, 'cost_max')))).toBe(price)
  })
})

describe('a completion is a call like any other', () => {
  // Requirements: 58
  test('priced beforehand, bounded by X-Max-Cost, made once under an Idempotency-Key', async () => {
    const client = await newClient()
    const { apiKey } = client.account
    const body = request(client)
    const dry = await ask(sharedWorld(), { apiKey, path: `${path}?dryRun=true`, body })
    expect(dry.body).toMatchObject({ dry_run: true, would_be_admitted: true })
    const bounded = await ask(sharedWorld(), { apiKey, path, body, headers: { 'x-max-cost': '0.000001' } })
    expect(bounded).toMatchObject({ status: 402, errorCode: 'max_cost_exceeded' })
    await expectNothingCharged(sharedWorld(), client.account)
    const headers = { 'idempotency-key': 'the one' }
    const one = await ask(sharedWorld(), { apiKey, path, body, headers })
    await settledCharges(sharedWorld(), client.account)
    const other = await ask(sharedWorld(), { apiKey, path, body, headers })
    expect(other.text).toBe(one.text)
    expect(await settledCharges(sharedWorld(), client.account)).toHaveLength(1)
  })

  test.each([
    ['prompt', { prompt: undefined }],
    ['prompt', { prompt: [] }],
    ['prompt', { prompt: [{ type: 'text' }] }],
    ['max_tokens', { max_tokens: 0 }],
    ['n', { n: 0 }],
    ['best_of', { best_of: 21 }],
    ['service_tier', { service_tier: 'flex' }],
    ['stream', { stream: 'yes' }],
    ['echo', { echo: true, stream: true }],
    ['best_of', { best_of: 2, stream: true }],
    ['model', { model: 'text-embedding-3-small' }],
  ])('refused by name where it cannot be priced: %s %#', async (param, more) => {
    const client = await newClient()
    const body = request(client, stated, more)
    const answer = await ask(sharedWorld(), { apiKey: client.account.apiKey, path, body })
    expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
    expect(valueAt(answer.body, 'error', 'param')).toBe(param)
  })
})
