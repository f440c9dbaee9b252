// Refusals in OpenAI's shape: as an answer and as a frame of a stream that has already begun.

import { errorKindOf, type Json, type Refusal } from '#core/errors.ts'
import { sseData } from '#sse/write.ts'

export type OpenAiErrorBody = {
  error: {
    message: string
    type: string
    param: string | null
    code: string
    metadata?: { readonly [name: string]: Json }
  }
}

export type OpenAiErrorAnswer = {
  status: number
  headers: { [name: string]: string }
  body: OpenAiErrorBody
}

/** SDKs obey long waits to the letter: the Anthropic one sleeps up to 24 days. */
const retryAfterSecondsMax = 60

export function openAiError(refusal: Refusal, requestId: string): OpenAiErrorAnswer {
  const { status } = errorKindOf(refusal.code)
  return { status, headers: errorHeaders(refusal, requestId), body: openAiErrorBody(refusal) }
}

/** The same in every dialect: each vendor's SDK reads its own name of the request's id, and all read when to try again. */
export function errorHeaders(refusal: Refusal, requestId: string): { [name: string]: string } {
  const { retry } = errorKindOf(refusal.code)
  const seconds = retryAfterSeconds(refusal, retry)
  return {
    'content-type': 'application/json',
    'x-request-id': requestId,
    'request-id': requestId,
    ...(retry === undefined ? {} : { 'x-should-retry': String(retry) }),
    ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
  }
}

/**
 * The plain error object and nothing else. OpenRouter's shape (a chunk with `error` and `finish_reason: "error"`) reads
 * as success in @ai-sdk/openai; this one raises in every client that was tried.
 */
export function openAiErrorFrame(refusal: Refusal): string {
  return sseData(JSON.stringify(openAiErrorBody(refusal)))
}

export function openAiErrorBody(refusal: Refusal): OpenAiErrorBody {
  const { type, sentence } = errorKindOf(refusal.code)
  return {
    error: {
      message: refusal.message ?? sentence,
      type,
      param: refusal.param ?? null,
      code: refusal.code,
      ...(refusal.metadata === undefined ? {} : { metadata: refusal.metadata }),
    },
  }
}

/** Never beside `x-should-retry: false`: a client without that header would wait and try for nothing. */
function retryAfterSeconds(refusal: Refusal, retry: boolean | undefined): number | undefined {
  if (refusal.retryAfterSeconds === undefined || retry === false) return undefined
  return Math.min(retryAfterSecondsMax, Math.max(1, Math.ceil(refusal.retryAfterSeconds)))
}
