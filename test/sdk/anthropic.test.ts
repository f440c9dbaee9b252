// The released Anthropic package against the running product, beside what matrix.test.ts asks in every dialect.

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { expectNothingCharged } from '../world/charges.ts'
import { valueAt } from '../world/chat.ts'
import { sharedWorld } from '../world/shared-world.ts'

async function newAnthropic() {
  const account = await sharedWorld().newAccount()
  return { account, client: new Anthropic({ baseURL: sharedWorld().baseUrl, apiKey: account.apiKey }) }
}

const messages = [{ role: 'user' as const, content: 'How many tokens are these?' }]

describe('counting the tokens of a message', () => {
  test('is free, needs no output limit and asks no provider', async () => {
    const { account, client } = await newAnthropic()
    const before = (await sharedWorld().upstreamRequests()).length
    const short = await client.messages.countTokens({ model: 'claude-haiku-4-5', messages })
    const long = await client.beta.messages.countTokens({
      model: 'claude-haiku-4-5',
      messages: [{ role: 'user', content: 'word '.repeat(1_000) }],
    })
    expect(short.input_tokens).toBeGreaterThan(5)
    expect(short.input_tokens).toBeLessThan(60)
    expect(long.input_tokens).toBeGreaterThan(1_000)
    expect(long.input_tokens).toBeLessThan(2_000)
    expect(await sharedWorld().upstreamRequests()).toHaveLength(before)
    await expectNothingCharged(sharedWorld(), account)
  })

  test('is refused in Anthropic’s shape', async () => {
    const { client } = await newAnthropic()
    await expect(client.messages.countTokens({ model: 'no-such', messages })).rejects.toMatchObject({
      status: 404,
      type: 'not_found_error',
    })
    const stranger = new Anthropic({ baseURL: sharedWorld().baseUrl, apiKey: 'sk-wrong' })
    await expect(
      stranger.messages.countTokens({ model: 'claude-haiku-4-5', messages }),
    ).rejects.toMatchObject({ status: 401, type: 'authentication_error' })
  })
})

// Cases: billing-bugs 63
test.each([
  ['is no JSON', '{', 400],
  ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400],
  ['holds more values than the memory of an isolate', `{"messages":[${'{},'.repeat(500_001)}{}]}`, 413],
])('a count whose body %s is refused like a message', async (_, body, status) => {
  const { apiKey } = await sharedWorld().newAccount()
  const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' }
  const answer = await fetch(`${sharedWorld().baseUrl}/v1/messages/count_tokens`, {
    method: 'POST',
    headers,
    body,
  })
  expect([answer.status, valueAt(await answer.json(), 'type')]).toEqual([status, 'error'])
})

describe('the models', () => {
  test('are listed for each package in its own shape', async () => {
    const { account, client } = await newAnthropic()
    const openai = new OpenAI({ baseURL: `${sharedWorld().baseUrl}/v1`, apiKey: account.apiKey })
    const anthropicIds: string[] = []
    for await (const model of client.models.list()) anthropicIds.push(model.id)
    const openAiIds: string[] = []
    // This shape has no word for what a model is for: it lists those that messages can be asked of.
    for await (const model of openai.models.list())
      if (valueAt(model, 'kind') === 'chat') openAiIds.push(model.id)
    expect(anthropicIds).toEqual(openAiIds)
    expect(anthropicIds.length).toBeGreaterThanOrEqual(73)
    const one = await client.models.retrieve('claude-haiku-4-5')
    expect(one).toMatchObject({ type: 'model', id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4.5' })
    expect(valueAt(await openai.models.retrieve('claude-haiku-4-5'), 'supported_dialects')).toContain(
      'messages',
    )
    await expect(client.models.retrieve('no-such')).rejects.toMatchObject({
      status: 404,
      type: 'not_found_error',
    })
  })
})
