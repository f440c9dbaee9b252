// What the local model upstream reads of a request: as little as its answer depends on.

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { readBytes } from './request-body.ts'
import type { AskedAnswer } from './upstream-answer.ts'

const bodyBytesMax = 64 * 1024 * 1024
/** Of a larger request the conversation is not kept: every look at what was recorded would carry it. */
const keptBytesMax = 512 * 1024
/** Characters per token of the stand-in's own input count. */
const charactersPerToken = 4

type Fields = { [name: string]: unknown }

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

export function readChat(body: unknown): AskedAnswer {
  const fields = fieldsOf(body)
  const limit = fields['max_completion_tokens'] ?? fields['max_tokens']
  const characters = JSON.stringify(fields['messages'] ?? []).length
  return {
    model: typeof fields['model'] === 'string' ? fields['model'] : 'unknown',
    isStreamed: fields['stream'] === true,
    includesUsage: fieldsOf(fields['stream_options'])['include_usage'] === true,
    choices: typeof fields['n'] === 'number' ? fields['n'] : 1,
    outputTokensMax: typeof limit === 'number' ? limit : null,
    inputTokens: Math.ceil(characters / charactersPerToken),
    serviceTier: fields['service_tier'],
    hasToolResult: listOf(fields['messages']).some((message) => message['role'] === 'tool'),
  }
}

export function readMessages(body: unknown): AskedAnswer {
  const fields = fieldsOf(body)
  const limit = fields['max_tokens']
  const { messages } = fields
  return {
    ...readChat({ ...fields, messages: [fields['system'], messages] }),
    serviceTier: fields['speed'],
    includesUsage: true,
    choices: 1,
    outputTokensMax: typeof limit === 'number' ? limit : null,
    hasToolResult: listOf(messages).some(({ content }) =>
      listOf(content).some(({ type }) => type === 'tool_result'),
    ),
  }
}

export function readResponses(body: unknown): AskedAnswer {
  const fields = fieldsOf(body)
  const limit = fields['max_output_tokens']
  const { input } = fields
  return {
    ...readChat({ ...fields, messages: [fields['instructions'], input] }),
    includesUsage: true,
    choices: 1,
    outputTokensMax: typeof limit === 'number' ? limit : null,
    hasToolResult: listOf(input).some(
      ({ type }) => type === 'function_call_output' || type === 'custom_tool_call_output',
    ),
  }
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map((one: unknown) => fieldsOf(one)) : []
}

/** The newest text of the user in any dialect: where a directive stands. */
export function lastUserText(body: unknown): string {
  const { messages, input, prompt } = fieldsOf(body)
  const plain = [input, prompt].flat().filter((one) => typeof one === 'string')
  if (plain.length > 0) return plain.find((text) => text.includes('sluice_upstream')) ?? plain.join('')
  const turns = listOf(messages ?? input).filter(({ role }) => role === 'user')
  const texts = turns.map(({ content }) => textOf(content))
  // Agents put texts of their own around the person's: the newest one with a directive counts, else the newest.
  return texts.findLast((text) => text.includes('sluice_upstream')) ?? texts.at(-1) ?? ''
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('')
}

export type ReadBody = { body: unknown; sha256: string; kept: unknown }

/** The body, the hash of its bytes, and what is recorded of it. */
export async function readBody(request: IncomingMessage): Promise<ReadBody> {
  const whole = await readBytes(request, bodyBytesMax)
  if (whole === undefined) throw new Error('the request is larger than 64 MB')
  const body = parsed(whole.toString('utf8'))
  const kept = whole.length > keptBytesMax ? { ...fieldsOf(body), messages: null, input: null } : body
  return { body, sha256: createHash('sha256').update(whole).digest('hex'), kept }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Recorded as it is: a test may want to see what arrived.
    return text
  }
}
