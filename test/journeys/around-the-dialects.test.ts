// What stands around the calls of a dialect: counting, the list of models, addresses that are not there, uploads.

import { describe, expect, test } from 'vitest'
import { expectNothingCharged } from '../world/charges.ts'
import { valueAt } from '../world/chat.ts'
import { answerOf, ask } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { wireDifferences } from '../conform/wire-schemas.ts'

const anthropic = { 'anthropic-version': '2023-06-01' }
const longMessage = { role: 'user', content: 'The quick brown fox jumps over the lazy dog. '.repeat(40) }

// Cases: dialects 65
describe('around the dialects', () => {
  test('the tokens of a message are counted for nothing, and nothing is added to them', async () => {
    const account = await sharedWorld().newAccount()
    await sharedWorld().resetUpstream()
    const count = async (messages: readonly unknown[]) => {
      const answer = await ask(sharedWorld(), {
        apiKey: account.apiKey,
        path: '/v1/messages/count_tokens?beta=true',
        headers: anthropic,
        body: { model: 'claude-opus-4-6', messages },
      })
      expect(answer.status, answer.text).toBe(200)
      expect(wireDifferences(answer.body, 'CountAnswer', 'client')).toEqual([])
      return Number(valueAt(answer.body, 'input_tokens'))
    }
    const [few, many] = [await count([{ role: 'user', content: 'Hi' }]), await count([longMessage])]
    // A word and what the message itself costs; forty sentences of ten words.
    expect(few).toBeGreaterThan(0)
    expect(few).toBeLessThan(30)
    expect(many).toBeGreaterThan(350)
    expect(many).toBeLessThan(1_000)
    expect(await sharedWorld().upstreamRequests()).toEqual([])
    await expectNothingCharged(sharedWorld(), account)
  })

  test.each([
    ['OpenAI’s', {}, { object: 'list' }],
    ['Anthropic’s', anthropic, { has_more: expect.any(Boolean), first_id: expect.any(String) }],
  ])('the models are listed in %s shape, for GET and HEAD alike', async (_, headers, shape) => {
    const { apiKey } = await sharedWorld().newAccount({ creditUsd: '0' })
    const answer = await ask(sharedWorld(), { apiKey, path: '/v1/models', headers })
    expect(answer.body).toMatchObject(shape)
    const head = await ask(sharedWorld(), { apiKey, path: '/v1/models', method: 'HEAD', headers })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  test.each([
    ['/v1/chat/completions', { messages: [longMessage] }, 'OpenAiError'],
    ['/v1/responses', { input: 'Hi' }, 'OpenAiError'],
    ['/v1/messages', { messages: [longMessage], max_tokens: 5 }, 'AnthropicError'],
    ['/v1/messages/count_tokens', { messages: [longMessage] }, 'AnthropicError'],
  ] as const)('%s does not know a model in its own dialect', async (path, body, type) => {
    const { apiKey } = await sharedWorld().newAccount({ creditUsd: '0' })
    const answer = await ask(sharedWorld(), { apiKey, path, body: { model: 'gpt-nil', ...body } })
    expect(answer.status).toBe(404)
    expect(wireDifferences(answer.body, type, 'client')).toEqual([])
  })

  test('an upload that no route takes is answered while it still comes', async () => {
    const { apiKey } = await sharedWorld().newAccount({ creditUsd: '0' })
    let pieces = 0
    const upload = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        // It never ends: only an answer that does not wait for its end can come.
        if (pieces > 0) await new Promise(() => undefined)
        pieces += 1
        controller.enqueue(new Uint8Array(1_024).fill(0x20))
      },
    })
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'multipart/form-data; boundary=x' }
    // Node asks for `duplex`, which the types of its fetch do not know.
    const request = { method: 'POST', headers, body: upload, duplex: 'half' }
    const response = await fetch(`${sharedWorld().baseUrl}/v1/audio/transcriptions`, request)
    const answer = answerOf(response.status, response.headers, await response.text())
    expect(answer.status).toBe(404)
    expect(wireDifferences(answer.body, 'OpenAiError', 'client')).toEqual([])
  })
})
