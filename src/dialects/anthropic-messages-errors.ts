// Refusals in Anthropic's shape: as an answer and as a frame of a stream that has already begun.

import { type ErrorCode, errorKindOf, type Json, type Refusal } from '#core/errors.ts'
import { sseEvent } from '#sse/write.ts'
import type { ErrorAnswer } from './dialect.ts'
import { errorHeaders } from './openai-errors.ts'

export type MessagesErrorBody = {
  type: 'error'
  error: {
    type: MessagesErrorType
    message: string
    /** The SDK reads `error_code` out of it; our figures stand beside. */
    details: { error_code: ErrorCode; readonly [name: string]: Json }
  }
  /** Null in a stream: its headers have told the id. */
  request_id: string | null
}

type MessagesErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'conflict_error'
  | 'rate_limit_error'
  | 'timeout_error'
  | 'api_error'
  | 'overloaded_error'

/** Where Anthropic's type says more than the kind of our code does. */
const typesByCode: ReadonlyMap<ErrorCode, MessagesErrorType> = new Map([
  ['upstream_overloaded', 'overloaded_error'],
  ['ledger_unavailable', 'overloaded_error'],
  ['upstream_timeout', 'timeout_error'],
])

export function messagesError(refusal: Refusal, requestId: string): ErrorAnswer {
  const { status } = errorKindOf(refusal.code)
  return { status, headers: errorHeaders(refusal, requestId), body: messagesErrorBody(refusal, requestId) }
}

/** Without the event's name the SDK would not see it. */
export function messagesErrorFrame(refusal: Refusal): string {
  return sseEvent({ event: 'error', json: JSON.stringify(messagesErrorBody(refusal, null)) })
}

function messagesErrorBody(refusal: Refusal, requestId: string | null): MessagesErrorBody {
  const { type, sentence } = errorKindOf(refusal.code)
  const param = refusal.param === undefined ? {} : { param: refusal.param }
  return {
    type: 'error',
    error: {
      type: typesByCode.get(refusal.code) ?? type,
      message: refusal.message ?? sentence,
      details: { ...refusal.metadata, ...param, error_code: refusal.code },
    },
    request_id: requestId,
  }
}
