// The released packages of both vendors asking the same thing in each dialect, streamed or whole, and what they heard, in one
// form. Changed in nothing but base URL and key.

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { DialectId } from '#calls/neutral-call.ts'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from './chat.ts'
import type { Account } from './charges.ts'
import { outputTokensMax } from './gateway.ts'
import { sharedWorld } from './shared-world.ts'

export type Question = {
  account: Account
  model: string
  upstream: DirectiveChange
  isStreamed: boolean
  withTools?: boolean
  withImage?: boolean
  withSchema?: boolean
  signal?: AbortSignal
  /** Called at every event of a stream. */
  onEvent?: () => void
}

export type Heard = {
  text: string
  thoughts: string
  calls: readonly { name: string; input: unknown }[]
  end: 'stop' | 'length' | 'tool_calls'
  /** Dollars, as the usage states them. */
  cost: unknown
  /** As chat completions count: cached tokens are part of the input. */
  tokens: { input: number; cached: number; output: number }
  model: string
}

export const imageData =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const answerSchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const toolSchemas = {
  get_weather: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
  get_time: { type: 'object' as const, properties: { zone: { type: 'string' } }, required: ['zone'] },
}
const toolNames = ['get_weather', 'get_time'] as const

/** The directive, and whose question it is: the upstream's log tells them apart by it. */
function textOf({ upstream, account }: Question): string {
  return `${directiveText(upstream)} ${account.accountId}`
}

export const speakers: Readonly<Record<DialectId, (question: Question) => Promise<Heard>>> = {
  chat: askChat,
  responses: askResponses,
  messages: askMessages,
}

function openAiOf({ account }: Question): OpenAI {
  return new OpenAI({ baseURL: `${sharedWorld().baseUrl}/v1`, apiKey: account.apiKey, maxRetries: 0 })
}

async function askChat(question: Question): Promise<Heard> {
  const { model, isStreamed, withTools, withImage, withSchema, signal } = question
  const text = { type: 'text' as const, text: textOf(question) }
  const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${imageData}` } }
  const body = {
    model,
    max_completion_tokens: outputTokensMax,
    messages: [{ role: 'user' as const, content: withImage === true ? [text, image] : [text] }],
    ...(withTools === true
      ? {
          tools: toolNames.map((name) => ({
            type: 'function' as const,
            function: { name, parameters: toolSchemas[name] },
          })),
        }
      : {}),
    ...(withSchema === true
      ? {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', schema: answerSchema, strict: true },
          },
        }
      : {}),
  }
  const client = openAiOf(question)
  if (!isStreamed) return heardChat(await client.chat.completions.create(body, { signal }), '')
  const stream = client.chat.completions.stream(
    { ...body, stream_options: { include_usage: true } },
    { signal },
  )
  let thoughts = ''
  for await (const chunk of stream) {
    question.onEvent?.()
    const thought = valueAt(chunk, 'choices', 0, 'delta', 'reasoning_content')
    thoughts += typeof thought === 'string' ? thought : ''
  }
  return heardChat(await stream.finalChatCompletion(), thoughts)
}

function heardChat(completion: OpenAI.ChatCompletion, streamedThoughts: string): Heard {
  const [choice] = completion.choices
  const { message, finish_reason: reason } = choice ?? {}
  const thoughts = valueAt(message, 'reasoning_content')
  const { usage } = completion
  return {
    text: message?.content ?? '',
    thoughts: streamedThoughts === '' && typeof thoughts === 'string' ? thoughts : streamedThoughts,
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    end: reason === 'tool_calls' || reason === 'length' ? reason : 'stop',
    cost: valueAt(usage, 'cost'),
    tokens: {
      input: usage?.prompt_tokens ?? -1,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? -1,
      output: usage?.completion_tokens ?? -1,
    },
    model: completion.model,
  }
}

async function askResponses(question: Question): Promise<Heard> {
  const { model, isStreamed, withTools, withImage, withSchema, signal } = question
  const text = { type: 'input_text' as const, text: textOf(question) }
  const image = {
    type: 'input_image' as const,
    detail: 'auto' as const,
    image_url: `data:image/png;base64,${imageData}`,
  }
  const body = {
    model,
    max_output_tokens: outputTokensMax,
    store: false,
    input: [{ role: 'user' as const, content: withImage === true ? [text, image] : [text] }],
    ...(withTools === true
      ? {
          tools: toolNames.map((name) => ({
            type: 'function' as const,
            name,
            parameters: toolSchemas[name],
            strict: false,
          })),
        }
      : {}),
    ...(withSchema === true
      ? {
          text: {
            format: { type: 'json_schema' as const, name: 'answer', schema: answerSchema, strict: true },
          },
        }
      : {}),
  }
  const client = openAiOf(question)
  if (!isStreamed) return heardResponse(await client.responses.create(body, { signal }))
  const stream = client.responses.stream(body, { signal })
  for await (const _ of stream) question.onEvent?.()
  return heardResponse(await stream.finalResponse())
}

function heardResponse(response: OpenAI.Responses.Response): Heard {
  const { usage, output } = response
  const calls = output.flatMap((item) =>
    item.type === 'function_call' ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }] : [],
  )
  const texts = output.flatMap((item) =>
    item.type === 'message' ? item.content.map((part) => (part.type === 'output_text' ? part.text : '')) : [],
  )
  const thoughts = output.flatMap((item) =>
    item.type === 'reasoning' ? [...item.summary, ...(item.content ?? [])].map((part) => part.text) : [],
  )
  return {
    text: texts.join(''),
    thoughts: thoughts.join(''),
    calls,
    end: response.status === 'incomplete' ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop',
    cost: valueAt(usage, 'cost'),
    tokens: {
      input: usage?.input_tokens ?? -1,
      cached: usage?.input_tokens_details.cached_tokens ?? -1,
      output: usage?.output_tokens ?? -1,
    },
    model: response.model,
  }
}

async function askMessages(question: Question): Promise<Heard> {
  const { account, model, isStreamed, withTools, withImage, withSchema, signal } = question
  const client = new Anthropic({ baseURL: sharedWorld().baseUrl, apiKey: account.apiKey, maxRetries: 0 })
  const text = { type: 'text' as const, text: textOf(question) }
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: imageData }
  const body = {
    model,
    max_tokens: outputTokensMax,
    messages: [
      {
        role: 'user' as const,
        content: withImage === true ? [text, { type: 'image' as const, source }] : [text],
      },
    ],
    ...(withTools === true
      ? { tools: toolNames.map((name) => ({ name, input_schema: toolSchemas[name] })) }
      : {}),
    ...(withSchema === true
      ? { output_config: { format: { type: 'json_schema' as const, schema: answerSchema } } }
      : {}),
  }
  if (!isStreamed) return heardMessage(await client.messages.create(body, { signal }), undefined)
  const stream = client.messages.stream(body, { signal })
  let cost: unknown
  for await (const event of stream) {
    question.onEvent?.()
    // The package puts together what its types know; the cost is read where it comes.
    if (event.type === 'message_delta') cost = valueAt(event, 'usage', 'cost')
  }
  return heardMessage(await stream.finalMessage(), cost)
}

function heardMessage(message: Anthropic.Message, streamedCost: unknown): Heard {
  const { content, usage, stop_reason: reason, model } = message
  const cached = usage.cache_read_input_tokens ?? 0
  const written = usage.cache_creation_input_tokens ?? 0
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    thoughts: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : [],
    ),
    end: reason === 'tool_use' ? 'tool_calls' : reason === 'max_tokens' ? 'length' : 'stop',
    cost: streamedCost ?? valueAt(usage, 'cost'),
    tokens: { input: usage.input_tokens + cached + written, cached, output: usage.output_tokens },
    model,
  }
}
