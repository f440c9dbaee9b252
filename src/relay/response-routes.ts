// The doors to kept responses: look, rejoin, cancel, delete. Each asks the account's object who is asking, and the Relay object
// for the answer; a response of another account is one that never was.

import { type Context, Hono } from 'hono'
import type { Clock } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId, CallId, RequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { JsonObject } from '#core/readers.ts'
import { inputItemsPage, type ItemPage } from '#dialects/openai-responses-continued.ts'
import { answerHeaders } from '#gateway/answer-headers.ts'
import { callIdOfResponse } from '#gateway/continued-call.ts'
import type { Scope } from '#ledger/account-commands.ts'
import { responseNow, stateOfResponse } from './kept-responses.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'
import { rejoinedEvents } from './rejoined-events.ts'
import { isForgotten } from './routes.ts'

type Reader = { ok: true; accountId: AccountId; scopes: readonly Scope[] }

export type ResponseRoutesParts = {
  relay: RelayPort
  authenticate(request: Request): Promise<Refusal | Reader>
  makeRequestId(): RequestId
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  clock: Clock
  log: Log
}

/** A response that is there, and who asks for it. */
type Asked = {
  relay: RelayPort
  accountId: AccountId
  /** As its client names it. */
  id: string
  state: GenerationState
  query: URLSearchParams
}
type Found = { ok: true; asked: Asked } | Refusal
type Answer = { ok: true; body: JsonObject } | { ok: true; events: ReadableStream<Uint8Array> } | Refusal
type Door = { method: string; path: string; answerWith: (asked: Asked) => Promise<Answer> }

const doors: readonly Door[] = [
  { method: 'GET', path: '/v1/responses/:id', answerWith: retrieve },
  { method: 'DELETE', path: '/v1/responses/:id', answerWith: forget },
  { method: 'POST', path: '/v1/responses/:id/cancel', answerWith: cancel },
  { method: 'GET', path: '/v1/responses/:id/input_items', answerWith: listInput },
]

export function responseRoutes(parts: ResponseRoutesParts): Hono {
  const app = new Hono()
  for (const { method, path, answerWith } of doors) app.on(method, path, (c) => answer(c, answerWith, parts))
  return app
}

async function answer(
  c: Context,
  answerWith: Door['answerWith'],
  parts: ResponseRoutesParts,
): Promise<Response> {
  const { clock, log } = parts
  const request = parts.makeRequestId()
  const startedAt = clock.now()
  const reader = await parts.authenticate(c.req.raw)
  const found = reader.ok ? await find(c, reader, parts) : reader
  const answered = found.ok ? await answerWith(found.asked) : found
  const response = answered.ok
    ? responseOf(answered, { requestId: request, callId: callIdOfResponse(c.req.param('id')) })
    : parts.refuseWith(answered, request)
  const { path, method } = c.req
  const account = reader.ok ? reader.accountId : null
  const code = answered.ok ? 'ok' : answered.code
  const durationMs = clock.now() - startedAt
  const { status } = response
  log.info('response_kept', { request, method, path, account, status, code, duration_ms: durationMs })
  return response
}

function responseOf(
  answered: Exclude<Answer, Refusal>,
  { requestId, callId }: { requestId: RequestId; callId: CallId | undefined },
): Response {
  const headers = answerHeaders({ requestId, ...(callId === undefined ? {} : { callId }) })
  if ('body' in answered) return Response.json(answered.body, { headers })
  const stream = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
  return new Response(answered.events, { headers: { ...headers, ...stream } })
}

async function find(
  c: Context,
  { accountId, scopes }: Reader,
  { relay, clock }: ResponseRoutesParts,
): Promise<Found> {
  if (!scopes.includes('inference')) return refuseScope()
  const id = c.req.param('id') ?? ''
  const callId = callIdOfResponse(id)
  if (callId === undefined || isForgotten(callId, clock.now())) return notKept(id)
  const state = await stateOfResponse(relay, accountId, callId)
  if (state === undefined) return notKept(id)
  const query = new URL(c.req.url).searchParams
  return { ok: true, asked: { relay, accountId, id, state, query } }
}

async function retrieve(asked: Asked): Promise<Answer> {
  const { relay, accountId, state, query } = asked
  const isStream = query.get('stream') ?? 'false'
  const after = query.get('starting_after')
  if (isStream !== 'true' && isStream !== 'false') return invalid('stream', 'must be true or false')
  if (isStream === 'false')
    return after === null ? now(asked, state) : invalid('starting_after', 'needs stream=true')
  if (!state.isStreamed)
    return invalid('stream', 'must be false for a response that was not asked for as a stream')
  if (after !== null && !/^\d{1,9}$/.test(after))
    return invalid('starting_after', 'must be the number of an event')
  const startingAfter = after === null ? undefined : Number(after)
  return rejoinedEvents({ relay, accountId, state, startingAfter })
}

/** Only what was asked for in the background: whoever waits for any other hangs up. What is over stays as it is. */
async function cancel(asked: Asked): Promise<Answer> {
  const { relay, accountId, id, state } = asked
  if (!state.isBackground)
    return refuse('invalid_request', {
      message: `Only a response that was created with "background": true can be cancelled. To end any other, close its connection.`,
      param: 'id',
    })
  const after = await relay.cancel(accountId, state.callId)
  return after === null ? notKept(id) : now(asked, after)
}

async function forget({ relay, accountId, id, state }: Asked): Promise<Answer> {
  if (state.status === 'running')
    return refuse('invalid_request', {
      message: `Response ${id} is still running. Cancel it first, or wait for its end.`,
      param: 'id',
    })
  if (await relay.forget(accountId, state.callId))
    return { ok: true, body: { id, object: 'response', deleted: true } }
  // It is over, and the ledger is yet to be told what it cost: that is kept beside the answer until then.
  const isThere = (await stateOfResponse(relay, accountId, state.callId)) !== undefined
  const message = `The charge of response ${id} is still being written. Try again.`
  return isThere ? refuse('ledger_unavailable', { message, retryAfterSeconds: 1 }) : notKept(id)
}

const pageItems = { usual: 20, max: 100 }

async function listInput({ id, state, query }: Asked): Promise<Answer> {
  const order = query.get('order') ?? 'desc'
  const limit = Number(query.get('limit') ?? pageItems.usual)
  if (order !== 'asc' && order !== 'desc') return invalid('order', 'must be asc or desc')
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > pageItems.max)
    return invalid('limit', `must be a whole number from 1 to ${pageItems.max}`)
  if (state.request === null)
    return refuse('not_found', {
      message: `The request of ${id} is not kept: it was not asked to be stored, or was too long.`,
    })
  const page: ItemPage = { order, limit, after: query.get('after') ?? undefined }
  const body = inputItemsPage(state.request, state.callId, page)
  return body === undefined ? invalid('after', 'names no item of this response') : { ok: true, body }
}

async function now({ relay, accountId }: Asked, state: GenerationState): Promise<Answer> {
  const read = await responseNow(relay, accountId, state)
  return read.ok ? { ok: true, body: read.response } : read
}

const shownIdCharactersMax = 80

function notKept(id: string): Refusal {
  return refuse('not_found', {
    message: `Response ${JSON.stringify(id.slice(0, shownIdCharactersMax))} is not kept here. Kept are background responses, and those created with "store": true, for a day after their end.`,
    param: 'id',
  })
}

function refuseScope(): Refusal {
  return refuse('insufficient_role', {
    message: 'This API key may not read answers. Use one with the scope inference.',
    metadata: { scope: 'inference' },
  })
}

function invalid(param: string, must: string): Refusal {
  return refuse('invalid_request', { message: `"${param}" ${must}.`, param })
}
