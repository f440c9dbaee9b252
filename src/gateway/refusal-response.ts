// A refusal as the client's SDK expects it: status, shape and headers of its dialect.

import type { Refusal } from '#core/errors.ts'
import { openAiError } from '#dialects/openai-errors.ts'
import { type AnswerFacts, answerHeaders } from './answer-headers.ts'

export function refusalResponse(refusal: Refusal, facts: AnswerFacts): Response {
  const { status, headers, body } = openAiError(refusal, facts.requestId)
  return new Response(JSON.stringify(body), { status, headers: { ...answerHeaders(facts), ...headers } })
}
