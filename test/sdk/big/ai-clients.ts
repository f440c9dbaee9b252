// The `ai` package with its three providers, each changed in nothing but base URL and key.

import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  type StepResult,
  streamText,
  tool,
  type ToolSet,
} from 'ai'
import { outputTokensMax } from '../../world/gateway.ts'
import { sharedWorld } from '../../world/shared-world.ts'
import { imageData } from '../../world/speakers.ts'
import {
  answerSchema,
  type Client,
  everyUpstream,
  type Heard,
  promptOf,
  type Question,
  toolResults,
} from './question.ts'

const settingsOf = ({ account }: Question) => ({
  baseURL: `${sharedWorld().baseUrl}/v1`,
  apiKey: account.apiKey,
})

export const aiClients: readonly Client[] = [
  client('ai with @ai-sdk/openai, chat', { showsThoughtsOf: [], showsCost: 'never' }, (question) =>
    createOpenAI(settingsOf(question)).chat(question.model),
  ),
  client('ai with @ai-sdk/openai, responses', { showsThoughtsOf: everyUpstream }, (question) =>
    createOpenAI(settingsOf(question)).responses(question.model),
  ),
  client('ai with @ai-sdk/anthropic', {}, (question) =>
    createAnthropic(settingsOf(question))(question.model),
  ),
  client('ai with @ai-sdk/openai-compatible', {}, (question) =>
    createOpenAICompatible({
      ...settingsOf(question),
      name: 'sluice',
      includeUsage: true,
      supportsStructuredOutputs: true,
    })(question.model),
  ),
]

function client(
  name: string,
  { showsThoughtsOf = everyUpstream, showsCost = 'always' }: Partial<Client>,
  modelOf: (question: Question) => LanguageModel,
): Client {
  return {
    name,
    showsThoughtsOf,
    showsCost,
    ask: (question) => ask(question, modelOf(question)),
  }
}

const tools: ToolSet = {
  get_weather: tool({
    inputSchema: jsonSchema({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    }),
    execute: () => toolResults.get_weather,
  }),
  get_time: tool({
    inputSchema: jsonSchema({
      type: 'object',
      properties: { zone: { type: 'string' } },
      required: ['zone'],
    }),
    execute: () => toolResults.get_time,
  }),
}

async function ask(question: Question, model: LanguageModel): Promise<Heard> {
  const { isStreamed, withTools = false, withSchema = false, signal } = question
  const settings = {
    model,
    messages: messagesOf(question),
    maxOutputTokens: outputTokensMax,
    maxRetries: 0,
    stopWhen: isStepCount(3),
    ...(withTools ? { tools } : {}),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  }
  if (withSchema) return askForStructure(isStreamed, settings)
  if (!isStreamed) return heardOf((await generateText(settings)).steps)
  const result = streamText({ ...settings, onError: () => {} })
  await expectNoError(result.fullStream, question.onPart)
  return heardOf(await result.steps)
}

function messagesOf(question: Question): ModelMessage[] {
  const text = { type: 'text' as const, text: promptOf(question) }
  const image = { type: 'image' as const, image: imageData, mediaType: 'image/png' }
  return [{ role: 'user', content: question.withImage === true ? [text, image] : [text] }]
}

type Settings = {
  model: LanguageModel
  messages: ModelMessage[]
  maxOutputTokens: number
  maxRetries: number
}

async function askForStructure(isStreamed: boolean, settings: Settings): Promise<Heard> {
  const output = Output.object({ schema: jsonSchema(answerSchema) })
  if (!isStreamed) {
    const result = await generateText({ ...settings, output })
    return { ...heardOf(result.steps), structure: result.output }
  }
  const result = streamText({ ...settings, output, onError: () => {} })
  await expectNoError(result.fullStream)
  return { ...heardOf(await result.steps), structure: await result.output }
}

/** The stream of this package never throws: what fails is one of its parts. */
async function expectNoError(
  stream: AsyncIterable<{ type: string; error?: unknown }>,
  onPart?: () => void,
): Promise<void> {
  for await (const part of stream) {
    onPart?.()
    if (part.type === 'error') throw part.error
    if (part.type === 'abort') throw new Error('aborted')
  }
}

function heardOf(steps: readonly StepResult<ToolSet>[]): Heard {
  return {
    text: steps.at(-1)?.text ?? '',
    thoughts: steps.map(({ reasoningText }) => reasoningText ?? '').join(''),
    calls: steps.flatMap(({ toolCalls }) =>
      toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    ),
    structure: undefined,
    usages: steps.map(({ usage }) => usage.raw),
  }
}
