// Stored responses by the packages that agents are made of: a conversation that goes on by the id of its last answer, and whose
// earlier turns the client does not send again.

import { createOpenAI } from '@ai-sdk/openai'
import { HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, type ModelMessage, streamText } from 'ai'
import { describe, expect, test } from 'vitest'
import { directiveText } from '../../../dev/upstream-directive.ts'
import { valueAt } from '../../world/chat.ts'
import { type Account, settledCharges } from '../../world/charges.ts'
import { sharedWorld } from '../../world/shared-world.ts'

const models = ['mistral-large-4', 'gpt-5.3-codex', 'claude-opus-4-6']
const answered = 'Blue is my colour.'

async function askedUpstream({ accountId }: Account): Promise<string[]> {
  const requests = (await sharedWorld().upstreamRequests()).map(({ body }) => JSON.stringify(body))
  return requests.filter((body) => body.includes(accountId))
}

/** The upstream was asked twice, the second time with the first answer before the question. */
async function expectContinued(account: Account): Promise<void> {
  const asked = await askedUpstream(account)
  expect(asked).toHaveLength(2)
  // Its own question, the earlier one, and the answer to that.
  expect(asked[1]?.split(account.accountId)).toHaveLength(3)
  expect(asked[1]?.split(answered)).toHaveLength(3)
  expect(await settledCharges(sharedWorld(), account)).toHaveLength(2)
}

describe.each(models)('a conversation with %s that goes on by the id of its last answer', (model) => {
  test('in ai with @ai-sdk/openai, streamed and not', async () => {
    const account = await sharedWorld().newAccount()
    const openai = createOpenAI({ baseURL: `${sharedWorld().baseUrl}/v1`, apiKey: account.apiKey })
    const ask = (text: string, more: object = {}) => ({
      model: openai.responses(model),
      maxOutputTokens: 100,
      prompt: `${text} ${account.accountId}`,
      providerOptions: { openai: { store: true, ...more } },
    })
    const first = await generateText(ask(directiveText({ text: answered })))
    expect(first.text).toBe(answered)
    const previousResponseId = valueAt(first.providerMetadata, 'openai', 'responseId')
    const second = streamText(ask(directiveText({ tokens: 2 }), { previousResponseId }))
    expect(await second.text).toBe(' word0 word1')
    await expectContinued(account)
  })

  test('in @langchain/openai', async () => {
    const account = await sharedWorld().newAccount()
    const chat = new ChatOpenAI({
      model,
      apiKey: account.apiKey,
      maxTokens: 100,
      maxRetries: 0,
      useResponsesApi: true,
      configuration: { baseURL: `${sharedWorld().baseUrl}/v1` },
      modelKwargs: { store: true },
    })
    const question = (text: string) => [new HumanMessage(`${text} ${account.accountId}`)]
    const first = await chat.invoke(question(directiveText({ text: answered })))
    expect(first.text).toBe(answered)
    const id = String(first.response_metadata['id'])
    const second = await chat.invoke(question(directiveText({ tokens: 2 })), { previous_response_id: id })
    expect(second.text).toBe(' word0 word1')
    await expectContinued(account)
  })
})

// It names the messages and thoughts of a stored answer instead of sending them.
test.each(models)('a conversation in ai names the items of a stored answer of %s', async (model) => {
  const account = await sharedWorld().newAccount()
  const written: string[] = []
  const openai = createOpenAI({
    baseURL: `${sharedWorld().baseUrl}/v1`,
    apiKey: account.apiKey,
    fetch: (url, init) => {
      written.push(typeof init?.body === 'string' ? init.body : '')
      return fetch(url, init)
    },
  })
  const ask = (messages: ModelMessage[]) =>
    generateText({
      model: openai.responses(model),
      maxOutputTokens: 100,
      messages,
      providerOptions: { openai: { store: true } },
    })
  const said = (text: string): ModelMessage => ({ role: 'user', content: `${text} ${account.accountId}` })
  // Of a model that reasons it names a text only behind a thought.
  const question = said(directiveText({ text: answered, thinking: 'Well then.' }))
  const first = await ask([question])
  const next = said(directiveText({ tokens: 2 }))
  const second = await ask([question, ...first.response.messages, next])
  expect(second.text).toBe(' word0 word1')
  expect(written.at(-1)).toContain('item_reference')
  expect(written.at(-1)?.split(answered)).toHaveLength(2)
  await expectContinued(account)
})
