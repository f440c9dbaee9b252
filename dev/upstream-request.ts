// What the local model upstream reads of a request: as little as its answer depends on.

import type { IncomingMessage } from 'node:http'
import type { ChatRequest } from './upstream-frames.ts'

const bodyBytesMax = 64 * 1024 * 1024
/** Characters per token of the stand-in's own input count. */
const charactersPerToken = 4

type Fields = { [name: string]: unknown }

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

export function readChat(body: unknown): ChatRequest {
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
  }
}

export function lastUserText(body: unknown): string {
  const list = fieldsOf(body)['messages']
  if (!Array.isArray(list)) return ''
  const content = fieldsOf(list.findLast((message: unknown) => fieldsOf(message)['role'] === 'user'))[
    'content'
  ]
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts = content.map((part: unknown) => fieldsOf(part)['text'])
  return texts.filter((text) => typeof text === 'string').join('')
}

export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error('the request is larger than 64 MB')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    // Recorded as it is: a test may want to see what arrived.
    return Buffer.concat(chunks).toString('utf8')
  }
}
