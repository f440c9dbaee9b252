// A generation as the one who comes back for it gets it: the bytes of its record under its own status, or what there is to say
// while it runs and after its process was lost.

import { type Clock, secondMs } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { usdNumber } from '#core/money.ts'
import { dialects } from '#dialects/dialects.ts'
import { answerHeaders } from '#gateway/answer-headers.ts'
import type { GenerationRow } from './generation-store.ts'
import { placeAfterEvents, readRecord } from './record-reader.ts'
import type { Recording } from './recording.ts'
import type { CollectHow, GenerationState, RunningAnswer } from './relay-port.ts'

export type Collected = { row: GenerationRow; recording: Recording }

export type CollectingParts = {
  clock: Clock
  keepAliveMs: number
  /** Of one that reads the record, and only of such. */
  onOpened: () => void
  onLeft: () => void
}

export const brokeOff: Refusal = refuse('upstream_error', {
  message:
    'The process that ran this call was lost in the middle of the answer. What had been kept of it is charged.',
})

export function collectedAnswer(
  { row, recording }: Collected,
  { startingAfter = 0 }: CollectHow,
  parts: CollectingParts,
): Response {
  const isRunning = row.status === 'running'
  if (isRunning && (row.httpStatus === 0 || !isEvents(row))) return runningAnswer(row)
  // Nothing had been answered when its process died: then an error is all there is, and it can be a status.
  if (row.httpStatus === 0)
    return refusedAnswer(row, row.status === 'lost' ? brokeOff : refuse('upstream_error'))
  const from = isEvents(row) ? placeOf(recording, startingAfter, row) : 0
  const keepAliveMs = isEvents(row) ? parts.keepAliveMs : undefined
  const { clock, onLeft } = parts
  parts.onOpened()
  return new Response(readRecord(recording, { from, clock, keepAliveMs, onLeft }), {
    status: row.httpStatus,
    headers: {
      ...headersOf(row),
      'content-type': row.contentType,
      ...(isEvents(row) ? { 'x-accel-buffering': 'no' } : {}),
    },
  })
}

/** A client that has heard more than was kept of a lost answer still has to hear its end. */
function placeOf(recording: Recording, events: number, { endingAt }: GenerationRow): number {
  const place = placeAfterEvents(recording, events)
  return endingAt === null ? place : Math.min(place, endingAt)
}

export function runningAnswer(row: GenerationRow): Response {
  const answer: RunningAnswer = {
    id: row.callId,
    object: 'generation',
    status: 'running',
    model: row.facts.model,
    created_at: Math.floor(row.startedAtMs / secondMs),
    cost: usdNumber(row.costNanoUsd),
  }
  return Response.json(answer, { status: 202, headers: { ...headersOf(row), 'retry-after': '1' } })
}

/** In the words of the dialect that it was asked in. */
function refusedAnswer(row: GenerationRow, refusal: Refusal): Response {
  const { status, headers, body } = dialectOf(row).error(refusal, row.facts.requestId)
  return new Response(JSON.stringify(body), { status, headers: { ...headersOf(row), ...headers } })
}

export function stateOf({ row, recording }: Collected, request: string | null): GenerationState {
  const { callId, status, facts, startedAtMs, endedAtMs, costNanoUsd, httpStatus } = row
  const { isStreamed, isBackground, route, model } = facts
  const { bytes } = recording
  return {
    callId,
    status,
    isStreamed,
    isBackground,
    route,
    model,
    startedAtMs,
    endedAtMs,
    costNanoUsd,
    bytes,
    httpStatus,
    request,
  }
}

export function dialectOf({ facts }: GenerationRow) {
  return Object.values(dialects).find(({ route }) => route === facts.route) ?? dialects.chat
}

function isEvents({ contentType }: GenerationRow): boolean {
  return /^text\/event-stream\b/i.test(contentType)
}

function headersOf({ callId, facts, status, costNanoUsd }: GenerationRow): Record<string, string> {
  const { requestId } = facts
  return answerHeaders({
    requestId,
    callId,
    ...(status === 'running' || facts.isStreamed ? {} : { costNanoUsd }),
  })
}
