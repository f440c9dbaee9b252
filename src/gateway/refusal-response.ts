// A refusal as the client's SDK expects it: status, shape and headers of its dialect.

import type { Refusal } from '#core/errors.ts'
import type { WireFormat } from '#dialects/dialect.ts'
import { openAiError } from '#dialects/openai-errors.ts'
import type { RateFigures } from '#ledger/call-commands.ts'
import { type AnswerFacts, answerHeaders } from './answer-headers.ts'
import type { BalanceCheck } from './call-log.ts'
import type { PreparedCall } from './prepared-call.ts'

/** In OpenAI's shape, which our own routes share, where no dialect is named. */
export function refusalResponse(
  refusal: Refusal,
  facts: AnswerFacts,
  errorOf: WireFormat['error'] = openAiError,
): Response {
  const { status, headers, body } = errorOf(refusal, facts.requestId)
  return new Response(JSON.stringify(body), { status, headers: { ...answerHeaders(facts), ...headers } })
}

/** Of a call that was admitted: its headers name it. */
export function callRefusal(
  refusal: Refusal,
  { requestId, callId, dialect }: Pick<PreparedCall, 'requestId' | 'callId' | 'dialect'>,
  { balanceCheck, rate }: { balanceCheck: BalanceCheck; rate: RateFigures | undefined },
): Response {
  const facts = { requestId, callId, balanceCheck, ...(rate === undefined ? {} : { rate }) }
  return refusalResponse(refusal, facts, dialect.error)
}
