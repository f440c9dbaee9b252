// The inference routes: what is asked of them and who answers. No decision is made here.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

import { plans } from '#catalog/plans.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type RequestId, makeRequestId } from '#core/ids.ts'
import { refusalOf } from './admission.ts'
import { admitCommand } from './admit-command.ts'
import type { Scope } from '#ledger/account-commands.ts'
import { answerHeaders, exposedHeaders } from './answer-headers.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import { logRefused } from './call-log.ts'
import { type Prepared, prepareChat } from './chat.ts'
import { countedCall } from './counted-try.ts'
import { dryRunAnswer } from './dry-run.ts'
import { execute } from './execution.ts'
import { listModels, showModel } from './list-models.ts'
import { listPlans } from './list-plans.ts'
import { meterRoute } from './meter.ts'
import { askOnce } from './object-call.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import { refusalResponse } from './refusal-response.ts'

/** For browsers: any origin, no credentials; a key in a page is its owner's decision. */
const preflight = cors({ origin: '*', maxAge: 86_400 })
const exposed = exposedHeaders.join(',')

/** Set on the answer itself: Hono's own middleware makes every answer a second time. */
const corsOfInference: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'OPTIONS') return preflight(c, next)
  await next()
  c.res.headers.set('access-control-allow-origin', '*')
  c.res.headers.set('access-control-expose-headers', exposed)
}

export function gatewayRoutes(parts: GatewayParts): Hono {
  const app = new Hono()
  app.use('/v1/*', corsOfInference)
  app.post('/v1/chat/completions', (c) => chatCompletions(c, parts))
  app.get('/v1/models', (c) => open(c, parts, listModels(parts.catalog, c.req.query('status'))))
  app.get('/v1/models/:id{.+}', (c) => {
    const shown = showModel(parts.catalog, c.req.param('id'))
    return shown.ok ? open(c, parts, shown.model) : refusalResponse(shown, { requestId: requestIdOf(parts) })
  })
  app.post('/v1/meter', (c) => meterRoute(c.req.raw, requestIdOf(parts), parts))
  app.get('/v1/plans', (c) => open(c, parts, listPlans(plans)))
  return app
}

async function chatCompletions(c: Context, parts: GatewayParts): Promise<Response> {
  const requestId = requestIdOf(parts)
  const prepared = await prepareChat(c.req.raw, requestId, parts)
  if (!prepared.ok) return refusedRequest(prepared, requestId, parts)
  const isDry = readDryRun(c.req.query('dryRun'))
  if (typeof isDry !== 'boolean') {
    const { caller, model, startedAt } = prepared.call
    return refusedRequest({ ok: false, refusal: isDry, caller, model: model.id, startedAt }, requestId, parts)
  }
  if (isDry) return dryRun(prepared.call, parts)
  const execution = execute(prepared.call, parts)
  // Before anything is awaited: a client that leaves now must not take the call's end with it.
  c.executionCtx.waitUntil(execution.ended)
  return execution.response
}

/** Anything else is refused: whoever writes `?dryRun=1` does not expect to be charged. */
function readDryRun(value: string | undefined): boolean | Refusal {
  if (value === undefined || value === 'true' || value === 'false') return value === 'true'
  return refuse('invalid_request', {
    message: 'dryRun must be true or false. Nothing was executed or charged.',
    param: 'dryRun',
  })
}

function refusedRequest(
  prepared: Exclude<Prepared, { ok: true }>,
  requestId: RequestId,
  parts: GatewayParts,
): Response {
  const { refusal, caller, model, startedAt, rate } = prepared
  const response = refusalResponse(refusal, { requestId, ...(rate === undefined ? {} : { rate }) })
  logRefused(parts.log, {
    requestId,
    ...(caller === undefined ? {} : { account: caller.accountId, key: caller.keyNumber }),
    ...(model === undefined ? {} : { model }),
    status: response.status,
    code: refusal.code,
    durationMs: parts.clock.now() - startedAt,
  })
  return response
}

/** Decided as the real admission would be, in the object, on a copy that it drops. */
async function dryRun(call: PreparedCall, parts: GatewayParts): Promise<Response> {
  const { requestId } = call
  const ask = (dry: PreparedCall) =>
    askOnce(() => parts.accounts(dry.caller.accountId).wouldAdmit(admitCommand(dry, false)), {
      clock: parts.clock,
      attemptMs: parts.timings.objectCallMs,
    })
  const first = await ask(call)
  const counted =
    first.ok && !first.answer.ok ? await countedCall(call, first.answer, parts.countO200k) : undefined
  const asked = counted === undefined ? first : await ask(counted)
  if (!asked.ok) return refusalResponse(refuse('ledger_unavailable', { retryAfterSeconds: 1 }), { requestId })
  const { answer } = asked
  if (!answer.ok && unknownCaller.has(answer.code)) return refusalResponse(refusalOf(answer), { requestId })
  const facts = { requestId, ...(answer.rate === undefined ? {} : { rate: answer.rate }) }
  return Response.json(dryRunAnswer(counted ?? call, answer), { headers: answerHeaders(facts) })
}

/** Who is not known here, or whose account cannot answer, is told no prices either. */
const unknownCaller = new Set(['no_such_account', 'invalid_api_key', 'key_disabled', 'internal'])

/** Asks the object whether a key may read: for the routes of other folders, which the root joins. */
export async function authenticateReader(
  request: Request,
  parts: GatewayParts,
): Promise<Refusal | (Authenticated & { ok: true; scopes: readonly Scope[] })> {
  const authenticated = await authenticate(request, parts)
  if (!authenticated.ok) return authenticated
  const { caller } = authenticated
  const asked = await askOnce(() => parts.accounts(caller.accountId).checkKey(caller), {
    clock: parts.clock,
    attemptMs: parts.timings.objectCallMs,
  })
  if (!asked.ok) return refuse('ledger_unavailable', { retryAfterSeconds: 1 })
  if (asked.answer.ok) return { ...authenticated, scopes: asked.answer.scopes }
  return refusalOfKey(asked.answer.code)
}

function refusalOfKey(code: 'no_such_account' | 'invalid_api_key' | 'key_disabled'): Refusal {
  return refuse(code === 'key_disabled' ? 'key_disabled' : 'invalid_api_key')
}

function open(c: Context, parts: GatewayParts, body: object): Response {
  for (const [name, value] of Object.entries(answerHeaders({ requestId: requestIdOf(parts) })))
    c.header(name, value)
  return c.json(body)
}

function requestIdOf(parts: GatewayParts): RequestId {
  return makeRequestId(parts.clock.now(), parts.random)
}
