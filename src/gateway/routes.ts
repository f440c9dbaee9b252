// The inference routes: what is asked of them and who answers. No decision is made here.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

import { plans } from '#catalog/plans.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type RequestId, makeRequestId } from '#core/ids.ts'
import type { Dialect } from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import type { Scope } from '#ledger/account-commands.ts'
import { answerHeaders, exposedHeaders } from './answer-headers.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import { chargedCall } from './charged-call.ts'
import { countInputTokens } from './count-input.ts'
import { listModels, showModel } from './list-models.ts'
import { listPlans } from './list-plans.ts'
import { meterRoute } from './meter.ts'
import { askOnce } from './object-call.ts'
import type { GatewayParts } from './parts.ts'
import { formatsOnDemand } from './model-formats.ts'
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

const chargedDialects = Object.values(dialects)

/** Clients of messages name the version that they speak; all others expect OpenAI's shapes. */
function shapeOf(c: Context): Dialect {
  return c.req.header('anthropic-version') === undefined ? dialects.chat : dialects.messages
}

export function gatewayRoutes(parts: GatewayParts): Hono {
  const app = new Hono()
  app.use('/v1/*', corsOfInference)
  for (const dialect of chargedDialects) app.post(dialect.route, (c) => chargedCall(c, dialect, parts))
  for (const [route, load] of formatsOnDemand)
    app.post(route, async (c) => chargedCall(c, await load(), parts))
  app.post('/v1/messages/count_tokens', (c) => countInputTokens(c.req.raw, requestIdOf(parts), parts))
  app.get('/v1/models', (c) => open(c, parts, listModels(parts.catalog, shapeOf(c), c.req.query('status'))))
  app.get('/v1/models/:id{.+}', (c) => {
    const shown = showModel(parts.catalog, shapeOf(c), c.req.param('id'))
    return shown.ok
      ? open(c, parts, shown.model)
      : refusalResponse(shown, { requestId: requestIdOf(parts) }, shapeOf(c).error)
  })
  app.post('/v1/meter', (c) => meterRoute(c.req.raw, requestIdOf(parts), parts))
  app.get('/v1/plans', (c) => open(c, parts, listPlans(plans)))
  return app
}

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
