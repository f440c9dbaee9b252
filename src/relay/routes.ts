// How an account comes back for what it has paid for: the answer of a hosted call, whole or live, and its end. For keys that
// may ask for answers; what belongs to another account is answered like what never was.

import { type Context, Hono } from 'hono'

import { type Clock, hourMs, minuteMs } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type AccountId, type CallId, type RequestId, readCallId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { formatUsd } from '#core/money.ts'
import type { RouteDescription, Schema } from '#core/route-table.ts'
import { usdText } from '#core/route-table.ts'
import type { Scope } from '#ledger/account-commands.ts'
import { callTimeOf } from '#ledger/call-time.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'
import { relayTimings } from './relay-timings.ts'

export type GenerationRoutesParts = {
  authenticate(
    request: Request,
  ): Promise<{ ok: true; accountId: AccountId; scopes: readonly Scope[] } | Refusal>
  relay: RelayPort
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  makeRequestId(): RequestId
  clock: Clock
  log: Log
}

type Asked = { accountId: AccountId; callId: CallId; query: URLSearchParams; parts: GenerationRoutesParts }

export function generationRoutes(parts: GenerationRoutesParts): Hono {
  const app = new Hono()
  app.get('/v1/generations/:id/stream', (c) => answerAsked(c, parts, collect))
  app.post('/v1/generations/:id/cancel', (c) => answerAsked(c, parts, cancel))
  return app
}

async function answerAsked(
  c: Context,
  parts: GenerationRoutesParts,
  answer: (asked: Asked) => Promise<Response | Refusal>,
): Promise<Response> {
  const requestId = parts.makeRequestId()
  const startedAt = parts.clock.now()
  let accountId: AccountId | null = null
  let result: Response | Refusal
  try {
    const reader = await parts.authenticate(c.req.raw)
    if (reader.ok) ({ accountId } = reader)
    result = reader.ok ? await asReader(c, reader, parts, answer) : reader
  } catch (fault) {
    parts.log.error('generation_failed', { request: requestId }, fault)
    result = refuse('internal')
  }
  const response = result instanceof Response ? result : parts.refuseWith(result, requestId)
  response.headers.set('x-request-id', requestId)
  response.headers.set('request-id', requestId)
  response.headers.set('cache-control', 'private, no-store, no-transform')
  const { path } = c.req
  const durationMs = parts.clock.now() - startedAt
  const { status } = response
  parts.log.info('generation', {
    request: requestId,
    path,
    account: accountId,
    status,
    duration_ms: durationMs,
  })
  return response
}

async function asReader(
  c: Context,
  { accountId, scopes }: { accountId: AccountId; scopes: readonly Scope[] },
  parts: GenerationRoutesParts,
  answer: (asked: Asked) => Promise<Response | Refusal>,
): Promise<Response | Refusal> {
  if (!scopes.includes('inference'))
    return refuse('insufficient_role', {
      message:
        'This API key may not ask for answers, so it may not fetch them. Use one with the scope inference.',
      metadata: { scope: 'inference' },
    })
  const callId = readCallId(c.req.param('id'))
  if (callId === undefined || isForgotten(callId, parts.clock.now())) return nothing
  return answer({ accountId, callId, query: new URL(c.req.url).searchParams, parts })
}

/** Wakes no object for what is surely gone: the id says when its call began. */
export function isForgotten(callId: CallId, now: number): boolean {
  const { hostedForMs, storedForMs } = relayTimings
  const age = now - (callTimeOf(callId) ?? 0)
  return age > hostedForMs + storedForMs + hourMs || age < -minuteMs
}

const nothing = refuse('not_found', {
  message:
    'There is no such generation to collect: it ran without a host (short answers do), it was kept for its time, or it is not of this account. GET /v1/generation?id= has its charge.',
})

async function collect({ accountId, callId, query, parts }: Asked): Promise<Response | Refusal> {
  const after = query.get('starting_after')
  if (after !== null && !/^\d{1,9}$/.test(after))
    return refuse('invalid_request', {
      message: 'starting_after must be the whole number of events that you have already.',
      param: 'starting_after',
    })
  const how = { startingAfter: Number(after ?? '0') }
  return (await parts.relay.collect(accountId, callId, how)) ?? nothing
}

async function cancel({ accountId, callId, parts }: Asked): Promise<Response | Refusal> {
  const state = await parts.relay.cancel(accountId, callId)
  return state === null ? nothing : Response.json(shown(state))
}

function shown({ callId, status, model, startedAtMs, endedAtMs, costNanoUsd }: GenerationState) {
  const seconds = (ms: number) => Math.floor(ms / 1_000)
  return {
    id: callId,
    object: 'generation',
    status,
    model,
    created_at: seconds(startedAtMs),
    ended_at: endedAtMs === null ? null : seconds(endedAtMs),
    charged: formatUsd(costNanoUsd),
  }
}

const generation: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    object: { type: 'string', enum: ['generation'] },
    status: { type: 'string', enum: ['running', 'completed', 'failed', 'cancelled', 'lost'] },
    model: { type: 'string' },
    created_at: { type: 'integer' },
    ended_at: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    charged: usdText,
  },
  required: ['id', 'object', 'status', 'model', 'created_at', 'ended_at', 'charged'],
}

export const generationRouteTable: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/v1/generations/{id}/stream',
    summary:
      'The answer of a call that ran on without its client: from the beginning, then live, in the dialect that it was asked in. An answer in one piece comes as its JSON, or as 202 while it is made.',
    auth: 'key',
    charged: false,
    query: {
      starting_after: { type: 'integer', minimum: 0, description: 'How many events you have already.' },
    },
    contentType: 'text/event-stream',
    answer: { type: 'string' },
  },
  {
    method: 'post',
    path: '/v1/generations/{id}/cancel',
    summary: 'Ends a call that runs on without its client; what was produced is charged.',
    auth: 'key',
    charged: false,
    answer: generation,
  },
]
