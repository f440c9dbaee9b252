// Service tiers through the released packages, in all dialects: asked for, served, charged.

import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { directiveText, type DirectiveChange } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { expectNothingCharged, nanoOfNumber, priceOf, settledCharges } from '../world/charges.ts'
import { ask, upstreamRequestsOf } from '../world/gateway.ts'
import { allOf, type Client, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const model = 'gpt-6-luna'
const stated = { inputTokens: 1_000, tokens: 10 }
const standard = priceOf({ input: 1_000, output: 10 }, model)

type Asked = { upstream?: DirectiveChange; tier: string; isStreamed: boolean }

/** The cost that the answer states. */
const askers = {
  chat: async ({ chat, account }: Client, { upstream = {}, tier, isStreamed }: Asked) => {
    const body = {
      model,
      user: account.accountId,
      max_completion_tokens: 100,
      service_tier: tier as 'flex',
      messages: [{ role: 'user' as const, content: directiveText({ ...stated, ...upstream }) }],
    }
    if (!isStreamed) return valueAt(await chat.completions.create(body), 'cost')
    const options = { stream: true, stream_options: { include_usage: true } } as const
    const chunks = await allOf(await chat.completions.create({ ...body, ...options }))
    return valueAt(chunks.at(-1), 'usage', 'cost')
  },
  responses: async ({ responses, account }: Client, { upstream = {}, tier, isStreamed }: Asked) => {
    const body = {
      model,
      user: account.accountId,
      max_output_tokens: 100,
      service_tier: tier as 'flex',
      input: directiveText({ ...stated, ...upstream }),
    }
    if (!isStreamed) return valueAt(await responses.create(body), 'usage', 'cost')
    const events = await allOf(await responses.create({ ...body, stream: true }))
    return valueAt(events.at(-1), 'response', 'usage', 'cost')
  },
}

describe.each(Object.entries(askers))('a tier asked for in %s', (_, askIn) => {
  // Cases: dialects 33
  test.each([
    ['flex', {}, 0.5],
    ['priority', {}, 2],
    ['fast', {}, 2],
    ['default', {}, 1],
    ['auto', { serviceTier: 'priority' }, 1],
    ['priority', { serviceTier: 'default' }, 1],
    ['flex', { serviceTier: 'default' }, 1],
  ])('%s, served as %o, costs %s times the standard, streamed or whole', async (tier, upstream, times) => {
    const client = await newClient()
    for (const isStreamed of [false, true]) {
      const cost = await askIn(client, { tier, upstream, isStreamed })
      expect(nanoOfNumber(cost)).toBe(standard * times)
    }
    const charges = await settledCharges(sharedWorld(), client.account)
    expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([standard * times, standard * times])
    const sent = await upstreamRequestsOf(sharedWorld(), client.account.accountId)
    expect(sent.map(({ body }) => valueAt(body, 'service_tier'))).toEqual([tier, tier])
  })

  test('that the model has no price for is refused by name', async () => {
    const client = await newClient()
    for (const tier of ['ultrafast', 'scale'])
      await expect(askIn(client, { tier, isStreamed: false })).rejects.toMatchObject({
        status: 400,
        code: 'invalid_request',
        param: 'service_tier',
      })
    await expectNothingCharged(sharedWorld(), client.account)
  })
})

test('the dearest tier that a call may end up in is held', async () => {
  const { account } = await newClient()
  const costs = async (service_tier?: string) => {
    const body = {
      model,
      max_completion_tokens: 100,
      messages: [{ role: 'user', content: 'Hello' }],
      service_tier,
    }
    const path = '/v1/chat/completions?dryRun=true'
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body })
    return ['cost_max', 'cost_estimate'].map((name) => nanoOfNumber(Number(valueAt(answer.body, name))))
  }
  const [most = 0, likely = 0] = await costs()
  expect(await costs('priority')).toEqual([most * 2, likely * 2])
  expect(await costs('flex')).toEqual([most, Math.ceil(likely / 2)])
})

describe('the speed of messages', () => {
  const opus = 'claude-opus-5'
  const usual = priceOf({ input: 1_000, output: 10 }, opus)

  const askFast = async ({ account }: Client, upstream: DirectiveChange = {}, more: object = {}) => {
    const { apiKey } = account
    const client = new Anthropic({ baseURL: sharedWorld().baseUrl, apiKey, maxRetries: 0 })
    const message = await client.beta.messages.create({
      model: opus,
      max_tokens: 100,
      speed: 'fast',
      betas: ['fast-mode-2026-02-01'],
      messages: [{ role: 'user', content: directiveText({ ...stated, ...upstream }) }],
      ...more,
      stream: false,
    })
    return valueAt(message, 'usage', 'cost')
  }

  // Cases: dialects 33
  test.each([
    ['fast', {}, 2],
    ['standard', { serviceTier: 'default' }, 1],
  ])('served as %s is charged as that', async (_, upstream, times) => {
    const client = await newClient()
    expect(nanoOfNumber(await askFast(client, upstream))).toBe(usual * times)
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([
      { costNanoUsd: usual * times },
    ])
  })

  test.each(['claude-haiku-4-5', 'gpt-6-luna'])('is refused by name for %s', async (model) => {
    const client = await newClient()
    await expect(askFast(client, {}, { model })).rejects.toMatchObject({ status: 400 })
    const body = { model, max_tokens: 10, speed: 'fast', messages: [{ role: 'user', content: 'Hello' }] }
    const answer = await ask(sharedWorld(), { apiKey: client.account.apiKey, path: '/v1/messages', body })
    expect(answer.message).toContain(model === 'gpt-6-luna' ? '"speed"' : '"fast"')
    await expectNothingCharged(sharedWorld(), client.account)
  })

  test('asked for as a tier in chat is left out by name, and charged as the standard', async () => {
    const client = await newClient()
    const asked = {
      model: opus,
      service_tier: 'priority' as const,
      max_completion_tokens: 100,
      messages: [{ role: 'user' as const, content: directiveText(stated) }],
    }
    const { data, response } = await client.chat.completions.create(asked).withResponse()
    expect(response.headers.get('x-parameters-dropped')).toContain('service_tier')
    expect(nanoOfNumber(valueAt(data, 'cost'))).toBe(usual)
  })
})
