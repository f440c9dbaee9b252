// Vectors, and completions in their older form, through the big SDKs by their released packages, changed in nothing but base URL
// and key.

import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { OpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { embedMany, generateText, streamText } from 'ai'
import { expect, test } from 'vitest'
import { directiveText } from '../../../dev/upstream-directive.ts'
import { vectorOf } from '../../../dev/upstream-embeddings.ts'
import { type Account, priceOf, settledCharges } from '../../world/charges.ts'
import { wordsOf } from '../../world/gateway.ts'
import { sharedWorld } from '../../world/shared-world.ts'

const model = 'text-embedding-3-small'
const texts = [directiveText({ inputTokens: 1_000 }), 'second']
const vectors = [0, 1].map((index) => [...vectorOf(index, 1_536)])
const settingsOf = ({ apiKey }: Account) => ({ baseURL: `${sharedWorld().baseUrl}/v1`, apiKey })

type Embedded = { vectors: readonly (readonly number[])[]; tokens?: number }

const embedders: readonly (readonly [string, (account: Account) => Promise<Embedded>])[] = [
  [
    '@langchain/openai',
    async (account) => {
      const { apiKey, baseURL } = settingsOf(account)
      const embeddings = new OpenAIEmbeddings({ model, apiKey, configuration: { baseURL } })
      return { vectors: await embeddings.embedDocuments(texts) }
    },
  ],
  [
    '@ai-sdk/openai',
    async (account) => {
      const provider = createOpenAI(settingsOf(account))
      const answer = await embedMany({ model: provider.embeddingModel(model), values: texts })
      return { vectors: answer.embeddings, tokens: answer.usage.tokens }
    },
  ],
  [
    '@ai-sdk/openai-compatible',
    async (account) => {
      const provider = createOpenAICompatible({ ...settingsOf(account), name: 'sluice' })
      const answer = await embedMany({ model: provider.embeddingModel(model), values: texts })
      return { vectors: answer.embeddings, tokens: answer.usage.tokens }
    },
  ],
]

test.each(embedders)('%s gets the vectors of its texts, charged once', async (_, embed) => {
  const account = await sharedWorld().newAccount()
  const embedded = await embed(account)
  expect(embedded.vectors).toEqual(vectors)
  expect(embedded.tokens ?? 1_000).toBe(1_000)
  const price = priceOf({ input: 1_000, output: 0 }, model)
  expect(await settledCharges(sharedWorld(), account)).toMatchObject([{ costNanoUsd: price }])
})

const completing = ['gpt-5.4-mini', 'claude-haiku-4-5', 'together/glm-5.3']
const prompt = directiveText({ inputTokens: 100, tokens: 7 })

test.each(completing)('completions of %s are read by every SDK that has them', async (id) => {
  const account = await sharedWorld().newAccount()
  const { apiKey, baseURL } = settingsOf(account)
  const old = new OpenAI({ model: id, apiKey, maxTokens: 100, configuration: { baseURL } })
  expect(await old.invoke(prompt)).toBe(wordsOf(7))
  const ai = createOpenAI({ apiKey, baseURL })
  const asked = { model: ai.completion(id), prompt, maxOutputTokens: 100 }
  const whole = await generateText(asked)
  expect(whole.text).toContain(wordsOf(7))
  expect(whole.usage).toMatchObject({ inputTokens: 100, outputTokens: 7 })
  const stream = streamText(asked)
  expect(await stream.text).toContain(wordsOf(7))
  const charges = await settledCharges(sharedWorld(), account)
  const price = priceOf({ input: 100, output: 7 }, id)
  expect(charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([price, price, price])
})
