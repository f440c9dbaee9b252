// What the client of a background response that is no stream is told at once: the response as it will be asked for, with
// nothing in it yet; or as it is, where the request is a repeat of one that was answered.

import { secondMs } from '#core/clock.ts'
import { KeptResponse, openingResponse } from '#dialects/openai-responses-kept.ts'
import type { PreparedCall } from './prepared-call.ts'

const runningStatus = 202

export async function acknowledgedResponse(answer: Response, call: PreparedCall): Promise<Response> {
  const { asked, callId: answerId, model, startedAt } = call
  const createdAtSeconds = Math.floor(startedAt / secondMs)
  const opening = openingResponse(asked, { answerId, model: model.id, createdAtSeconds })
  const headers = new Headers(answer.headers)
  for (const name of ['content-length', 'content-type', 'retry-after']) headers.delete(name)
  if (answer.status === runningStatus) {
    await answer.body?.cancel()
    return Response.json(opening, { headers })
  }
  const kept = new KeptResponse({
    opening,
    httpStatus: answer.status,
    isStreamed: true,
    status: 'completed',
    cost: 0,
  })
  kept.push(new Uint8Array(await answer.arrayBuffer()))
  return Response.json(kept.response(), { headers })
}
