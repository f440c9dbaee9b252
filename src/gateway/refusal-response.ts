// A refusal as the client's SDK expects it: status, shape and headers of its dialect.

import type { Refusal } from '#core/errors.ts'
import type { WireFormat } from '#dialects/dialect.ts'
import { openAiError } from '#dialects/openai-errors.ts'
import { type AnswerFacts, answerHeaders } from './answer-headers.ts'

/** In OpenAI's shape, which our own routes share, where no dialect is named. */
export function refusalResponse(
  refusal: Refusal,
  facts: AnswerFacts,
  errorOf: WireFormat['error'] = openAiError,
): Response {
  const { status, headers, body } = errorOf(refusal, facts.requestId)
  return new Response(JSON.stringify(body), { status, headers: { ...answerHeaders(facts), ...headers } })
}
