// What every streamed answer begins and fails with, however its bytes then go: its headers, an error that comes instead of an
// answer, and the words for one that breaks off.

import { type Refusal, refuse } from '#core/errors.ts'
import { isErrorChunk, mayBeError } from '#dialects/upstream-error.ts'
import { readUpstreamJson } from '#dialects/upstream-json.ts'
import { upstreamErrorMessage } from '#providers/upstream-refusal.ts'
import { FrameReader } from '#sse/frames.ts'
import { answerHeaders } from './answer-headers.ts'
import { executedBy } from './executed-by.ts'
import type { Session } from './session.ts'
import type { EndCause } from './settle.ts'

export const streamType = 'text/event-stream; charset=utf-8'

export function streamHeaders({ call, admitted, balanceCheck }: Session): Record<string, string> {
  return {
    ...answerHeaders({
      requestId: call.requestId,
      callId: call.callId,
      rate: admitted.rate,
      balanceCheck,
      outputTokensLoweredTo: call.outputTokensLoweredTo,
      dropped: call.upstream.dropped,
      executed: executedBy(call),
    }),
    'content-type': streamType,
    'x-accel-buffering': 'no',
  }
}

/** The data of an error that is the stream's very first event. */
export function errorInFirst(chunk: Uint8Array): string | undefined {
  const [frame] = new FrameReader().push(chunk)
  // Read twice only where it may be an error: `"error": null` at the head of a good chunk is none.
  if (frame?.data === undefined || !mayBeError(frame)) return undefined
  return isErrorChunk(readUpstreamJson(frame.data)) ? frame.data : undefined
}

export function messageOf(errorData: string): string {
  return upstreamErrorMessage(errorData) ?? 'The model provider answered with an error.'
}

/** For an answer that breaks off in the middle. */
export function errorOf(cause: EndCause, upstreamError: string | undefined): Refusal {
  if (cause === 'cancel') return refuse('call_cancelled')
  if (cause === 'drain_limit')
    return refuse('upstream_timeout', {
      message:
        'The answer became longer than a call without its client may be. What was delivered is charged.',
    })
  if (cause === 'timeout')
    return refuse('upstream_timeout', {
      message: 'The model provider stopped sending. What was delivered is charged.',
    })
  const message =
    upstreamError ??
    'The model provider broke off in the middle of its answer. What was delivered is charged.'
  return refuse('upstream_error', { message })
}
