// What the Relay object keeps of calls to /v1/responses, as responses: the object knows events and bytes, the dialect knows
// what they mean.

import { secondMs } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId, CallId } from '#core/ids.ts'
import { usdNumber } from '#core/money.ts'
import type { JsonObject } from '#core/readers.ts'
import type { EarlierResponse } from '#dialects/openai-responses-continued.ts'
import { KeptResponse, openingResponse } from '#dialects/openai-responses-kept.ts'
import { readResponsesCall } from '#dialects/openai-responses-request.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'

export const responsesRoute = '/v1/responses'

/** Undefined for what never was, is gone, is another account's, or was asked for in another dialect: all the same to whoever asks. */
export async function stateOfResponse(
  relay: RelayPort,
  accountId: AccountId,
  callId: CallId,
): Promise<GenerationState | undefined> {
  const state = await relay.state(accountId, callId)
  return state?.route === responsesRoute ? state : undefined
}

/** What there is of an answer, as the object gives it. */
export async function collected(
  relay: RelayPort,
  accountId: AccountId,
  { callId, httpStatus }: GenerationState,
): Promise<{ ok: true; response: Response } | Refusal> {
  const response = await relay.collect(accountId, callId, {})
  if (response === null) return refuse('not_found', { message: 'This response has just been deleted.' })
  if (response.status !== tooManyStatus || httpStatus === tooManyStatus) return { ok: true, response }
  // The object's own word, not the answer's: too many read it at once.
  await response.body?.cancel()
  return refuse('rate_limit_exceeded', {
    message: 'This response is being read too often at once. Try again in a moment.',
    retryAfterSeconds: 5,
  })
}

const tooManyStatus = 429

/** The response as it stands now. */
export async function responseNow(
  relay: RelayPort,
  accountId: AccountId,
  state: GenerationState,
): Promise<{ ok: true; response: JsonObject } | Refusal> {
  const { httpStatus, isStreamed, status } = state
  const cost = usdNumber(state.costNanoUsd)
  const kept = new KeptResponse({ opening: openingOf(state), httpStatus, isStreamed, status, cost })
  const isThere = status !== 'running' || (isStreamed && state.bytes > 0)
  if (!isThere) return { ok: true, response: kept.response() }
  const answer = await collected(relay, accountId, state)
  if (!answer.ok) return answer
  const { body } = answer.response
  if (body !== null) await readSoFar(body, kept, status === 'running' ? state.bytes : Infinity)
  return { ok: true, response: kept.response() }
}

/** Of an answer that still runs what was there when it was asked for: the rest is yet to come. */
async function readSoFar(
  body: ReadableStream<Uint8Array>,
  kept: KeptResponse,
  bytesMax: number,
): Promise<void> {
  const reader = body.getReader()
  for (let bytes = 0; bytes < bytesMax;) {
    const { done, value } = await reader.read()
    if (done) return
    bytes += value.length
    kept.push(value)
  }
  await reader.cancel()
}

/** The kept response that another goes on from. */
export async function earlierResponse(
  relay: RelayPort,
  accountId: AccountId,
  callId: CallId,
): Promise<{ ok: true; earlier: EarlierResponse | undefined } | Refusal> {
  const state = await stateOfResponse(relay, accountId, callId)
  if (state === undefined) return { ok: true, earlier: undefined }
  const now = await responseNow(relay, accountId, state)
  return now.ok ? { ok: true, earlier: { request: state.request, response: now.response } } : now
}

function openingOf(state: GenerationState): JsonObject {
  const { request, isBackground, model, startedAtMs, callId: answerId } = state
  const read = request === null ? undefined : readResponsesCall(new TextEncoder().encode(request))
  const asked = read?.ok === true ? read.call : { isBackground, isStored: isBackground }
  return openingResponse(asked, { answerId, model, createdAtSeconds: Math.floor(startedAtMs / secondMs) })
}
