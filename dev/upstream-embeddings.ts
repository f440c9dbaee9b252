// OpenAI's embeddings and moderations as the vendor publishes them, checked against the types of its own package. The vectors
// mean nothing, but the same request always gets the same ones, with as many digits as the real ones have.

import type { CreateEmbeddingResponse } from 'openai/resources/embeddings'
import type { Moderation, ModerationCreateResponse } from 'openai/resources/moderations'
import {
  type Answer,
  type AskedAnswer,
  type Frame,
  type UpstreamDialect,
  countOf,
} from './upstream-answer.ts'
import { chatUpstream } from './upstream-chat.ts'
import { fieldsOf, readChat } from './upstream-request.ts'

/** What both share: neither is streamed, and errors look as everywhere at OpenAI. */
const whole = {
  frames: (): Iterable<Frame> => [],
  errorFrame: chatUpstream.errorFrame,
  error: (given: Parameters<UpstreamDialect['error']>[0]) => chatUpstream.error(given),
}

export const embeddingsUpstream: UpstreamDialect = {
  ...whole,
  path: '/v1/embeddings',
  idPrefix: 'embd-local',
  read: readEmbeddings,
  whole: embeddingsOf,
}

export const moderationsUpstream: UpstreamDialect = {
  ...whole,
  path: '/v1/moderations',
  idPrefix: 'modr-local',
  read: (body) => {
    const { input } = fieldsOf(body)
    return { ...readChat(body), judged: Array.isArray(input) ? input.length : 1 }
  },
  whole: moderationOf,
}

const usualDimensions = 1_536

function readEmbeddings(body: unknown): AskedAnswer {
  const { input, dimensions, encoding_format: format } = fieldsOf(body)
  const isList = Array.isArray(input) && typeof input[0] !== 'number'
  return {
    ...readChat({ ...fieldsOf(body), messages: input }),
    embedding: {
      inputs: isList ? input.length : 1,
      dimensions: typeof dimensions === 'number' ? dimensions : usualDimensions,
      isBase64: format === 'base64',
    },
  }
}

/** Without usage, as some that copy this answer leave it out. */
function embeddingsOf(answer: Answer): CreateEmbeddingResponse | Omit<CreateEmbeddingResponse, 'usage'> {
  const { request, directive } = answer
  const { inputs, dimensions, isBase64 } = request.embedding ?? { inputs: 0, dimensions: 0, isBase64: false }
  const data = Array.from({ length: inputs }, (_, index) => {
    const vector = vectorOf(index, dimensions)
    // The type knows figures alone; with `base64` the vendor sends text.
    const embedding = (isBase64 ? Buffer.from(vector.buffer).toString('base64') : [...vector]) as number[]
    return { object: 'embedding' as const, index, embedding }
  })
  const base = { object: 'list' as const, data, model: request.model }
  if (directive.usage === 'none') return base
  if (directive.usageIs !== null)
    return { ...base, usage: directive.usageIs as CreateEmbeddingResponse['usage'] }
  const { input } = countOf(answer, 0)
  return { ...base, usage: { prompt_tokens: input, total_tokens: input } }
}

/** Of length 1, as the vendor's are. */
export function vectorOf(index: number, dimensions: number): Float32Array {
  const raw = Float32Array.from({ length: dimensions }, (_, at) => Math.sin((index + 1) * (at + 1)))
  const length = Math.hypot(...raw.subarray(0, 1_024)) || 1
  return raw.map((figure) => figure / length)
}

const categories = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const

function moderationOf({ id, request }: Answer): ModerationCreateResponse {
  const each = <Value>(value: Value) =>
    Object.fromEntries(categories.map((name) => [name, value])) as {
      [name in (typeof categories)[number]]: Value
    }
  const result: Moderation = {
    flagged: false,
    categories: each(false),
    category_scores: each(0.000012),
    category_applied_input_types: each<'text'[]>(['text']),
  }
  return { id, model: request.model, results: Array.from({ length: request.judged ?? 1 }, () => result) }
}
