// The composition root: reads the environment, builds the parts, joins them. The only file with state of its own: what
// this isolate remembers between requests. Losing it loses nothing.

import { Hono } from 'hono'

import type { GatewayParts } from '#gateway/parts.ts'
import { gatewayRoutes } from '#gateway/routes.ts'
import { plainErrors } from '#dialects/plain-errors.ts'
import { healthAnswer } from '#ops/health.ts'
import { relayObjectOf } from '#relay/relay-object.ts'
import { welcomeAnswer } from '#ops/welcome.ts'
import { answerTheRest, isSecret, notConfigured, refuseNow } from './answering.ts'
import type { BackOffice, QueuedMessage } from './back-office.ts'
import type { Env } from './env.ts'
import { gatewayParts, isSet, timeScaleOf } from './gateway-parts.ts'

export { AccountObject } from '#ledger/account.ts'

/** Hosts calls with the same parts as the Worker, and none of its own to hand them on to. */
export class RelayObject extends relayObjectOf<Env>((env) => ({
  gateway: gatewayParts(env),
  scale: timeScaleOf(env),
})) {}

/** As in package.json; a test compares them. */
const version = '0.1.0'

type Root = { app: Hono; backOffice: () => Promise<BackOffice> }

let built: { env: Env; root: Root } | undefined

export default {
  fetch(request, env, context) {
    return rootOf(env).app.fetch(request, env, context)
  },
  async queue(batch, env) {
    return (await rootOf(env).backOffice()).consume(batch)
  },
  async scheduled({ cron }, env) {
    return (await rootOf(env).backOffice()).runCron(cron)
  },
} satisfies ExportedHandler<Env, QueuedMessage>

/** One root per isolate: the environment is the same for all its requests. */
function rootOf(env: Env): Root {
  if (built?.env !== env) built = { env, root: buildRoot(env) }
  return built.root
}

function buildRoot(env: Env): Root {
  const parts: GatewayParts = {
    ...gatewayParts(env),
    relay: async (request) => (await import('#relay/relay-client.ts')).relayPort(env.RELAY).run(request),
    earlier: async (accountId, callId) => {
      const { earlierResponse } = await import('#relay/kept-responses.ts')
      const { relayPort } = await import('#relay/relay-client.ts')
      return earlierResponse(relayPort(env.RELAY), accountId, callId)
    },
    storedItems: async (accountId, ids) =>
      (await import('#relay/relay-client.ts')).relayPort(env.RELAY).items(accountId, ids),
  }
  let office: Promise<BackOffice> | undefined
  const backOffice = () =>
    (office ??= import('./back-office.ts').then(({ openBackOffice }) => openBackOffice(env, parts)))
  return { app: buildApp(env, parts, backOffice), backOffice }
}

function buildApp(env: Env, parts: GatewayParts, backOffice: Root['backOffice']): Hono {
  const app = new Hono()
  answerTheRest(app)
  app.get('/', (c) => welcomeAnswer({ origin: new URL(c.req.url).origin, version }))
  app.get('/healthz', () => healthAnswer({ version, isConfigured: isConfigured(env) }))
  app.get('/openapi.json', async () => (await import('./public-routes.ts')).publicDocument(version))
  // Outermost, so that it sees every refusal; `/v2` is of a platform that knows no other shape.
  for (const path of env.ERROR_SHAPE === 'plain' ? ['/v1/*', '/v2/*'] : ['/v2/*']) app.use(path, plainErrors)
  for (const path of ['/v1/*', '/v2/*'])
    app.use(path, async (c, next) => {
      if (isSecret(env.KEY_SECRET) || c.req.path.startsWith('/v1/models')) return next()
      return refuseNow(notConfigured('KEY_SECRET'))
    })
  // First among the routes: its CORS headers and its limits stand before every other route under /v1.
  app.route('/', gatewayRoutes(parts))
  // Unknown addresses as well: the back office is what remains.
  app.all('*', async (c) => (await backOffice()).app.fetch(c.req.raw, c.env, c.executionCtx))
  return app
}

function isConfigured(env: Env): boolean {
  return isSecret(env.KEY_SECRET) && isSecret(env.OPERATOR_TOKEN) && isSet(env.DATABASE_URL)
}
