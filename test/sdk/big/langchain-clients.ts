// LangChain's chat models of both vendors, each changed in nothing but base URL and key.

import { ChatAnthropic } from '@langchain/anthropic'
import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOpenAI, ChatOpenAICompletions } from '@langchain/openai'
import { valueAt } from '../../world/chat.ts'
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

export const langChainClients: readonly Client[] = [
  {
    name: '@langchain/openai, chat',
    showsThoughtsOf: everyUpstream,
    // By the names of some models `ChatOpenAI` takes the other dialect, whatever it is told.
    showsCost: 'always',
    ask: (question) => ask(question, new ChatOpenAICompletions(openAiOf(question))),
  },
  {
    name: '@langchain/openai, responses',
    showsThoughtsOf: everyUpstream,
    showsCost: 'streamed',
    ask: (question) => ask(question, new ChatOpenAI({ ...openAiOf(question), useResponsesApi: true })),
  },
  {
    name: '@langchain/anthropic',
    showsThoughtsOf: everyUpstream,
    showsCost: 'always',
    ask: (question) => ask(question, anthropicOf(question)),
  },
]

const settingsOf = ({ account, model }: Question) => ({
  model,
  apiKey: account.apiKey,
  maxTokens: outputTokensMax,
  maxRetries: 0,
})

const openAiOf = (question: Question) => ({
  ...settingsOf(question),
  configuration: { baseURL: `${sharedWorld().baseUrl}/v1` },
})

const anthropicOf = (question: Question) =>
  new ChatAnthropic({ ...settingsOf(question), anthropicApiUrl: sharedWorld().baseUrl })

const tools = [
  { name: 'get_weather', parameter: 'city' },
  { name: 'get_time', parameter: 'zone' },
].map(({ name, parameter }) => ({
  type: 'function' as const,
  function: {
    name,
    description: name,
    parameters: {
      type: 'object' as const,
      properties: { [parameter]: { type: 'string' } },
      required: [parameter],
    },
  },
}))

type Model = ChatOpenAICompletions | ChatOpenAI | ChatAnthropic
type Leaving = { signal?: AbortSignal }
type Runnable = {
  invoke(messages: BaseMessage[], options: Leaving): Promise<AIMessageChunk>
  stream(messages: BaseMessage[], options: Leaving): Promise<AsyncIterable<AIMessageChunk>>
}

async function ask(question: Question, model: Model): Promise<Heard> {
  const messages: BaseMessage[] = [new HumanMessage({ content: contentOf(question) })]
  if (question.withSchema === true) return askForStructure(question, model, messages)
  const runnable: Runnable = question.withTools === true ? model.bindTools(tools) : model
  const answers: AIMessageChunk[] = []
  for (let calls = 1; calls > 0; calls = answers.at(-1)?.tool_calls?.length ?? 0) {
    const answer = await answerOf(runnable, messages, question)
    answers.push(answer)
    messages.push(answer, ...(answer.tool_calls ?? []).map(resultOf))
  }
  return heardOf(answers)
}

function contentOf(question: Question) {
  const text = { type: 'text' as const, text: promptOf(question) }
  const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${imageData}` } }
  return question.withImage === true ? [text, image] : [text]
}

async function answerOf(
  runnable: Runnable,
  messages: BaseMessage[],
  { isStreamed, signal, onPart }: Question,
) {
  const options = signal === undefined ? {} : { signal }
  if (!isStreamed) return runnable.invoke(messages, options)
  let whole: AIMessageChunk | undefined
  for await (const chunk of await runnable.stream(messages, options)) {
    onPart?.()
    whole = whole === undefined ? chunk : whole.concat(chunk)
  }
  if (whole === undefined) throw new Error('a stream without anything in it')
  return whole
}

function resultOf({ name, id = '' }: { name: string; id?: string }): ToolMessage {
  return new ToolMessage({ content: String(valueAt(toolResults, name)), tool_call_id: id })
}

async function askForStructure(
  { isStreamed }: Question,
  model: Model,
  messages: BaseMessage[],
): Promise<Heard> {
  const runnable = model.withStructuredOutput(answerSchema, { name: 'answer', method: 'jsonSchema' })
  // This package's parsers of streams know no parts, as two of the dialects have them; its models put parts together.
  const isParsed = isStreamed && model instanceof ChatOpenAICompletions
  if (!isParsed) model.streaming = isStreamed
  let structure: unknown
  if (isParsed) for await (const partial of await runnable.stream(messages)) structure = partial
  else structure = await runnable.invoke(messages)
  return { text: '', thoughts: '', calls: [], structure, usages: [] }
}

function heardOf(answers: readonly AIMessageChunk[]): Heard {
  return {
    text: answers.at(-1)?.text ?? '',
    thoughts: answers.map(thoughtsOf).join(''),
    calls: answers.flatMap(({ tool_calls: calls = [] }) =>
      calls.map(({ name, args }) => ({ name, input: args })),
    ),
    structure: undefined,
    usages: answers.map((answer) => valueAt(answer, 'response_metadata', 'usage')),
  }
}

function thoughtsOf({ contentBlocks, additional_kwargs: more }: AIMessageChunk): string {
  const shown = contentBlocks.map((block) => (block.type === 'reasoning' ? block.reasoning : '')).join('')
  const { reasoning_content: compatible } = more
  return shown === '' && typeof compatible === 'string' ? compatible : shown
}
