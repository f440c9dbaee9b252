// The composition root: reads the environment, builds the parts, joins them. The only file with state of its own: what
// this isolate remembers between requests. Losing it loses nothing.

import { Hono } from 'hono'

import { lazyO200k } from '#calls/o200k-table.ts'
import { loadCatalog } from '#catalog/catalog.ts'
import { models } from '#catalog/models.ts'
import { type Clock, asMillis, durationsDividedBy } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type AccountId, type Random, type RequestId, keyNumber, makeRequestId } from '#core/ids.ts'
import { type Log, jsonLog } from '#core/log.ts'
import { regionOf } from '#core/regions.ts'
import { type Db, makeDb } from '#db/client.ts'
import { KnownKeys, authenticate } from '#gateway/authenticate.ts'
import { consumeParkedCaptures } from '#gateway/parked-captures.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { providerCap } from '#gateway/provider-cap.ts'
import { RefusalMemory } from '#gateway/refusal-memory.ts'
import { refusalResponse } from '#gateway/refusal-response.ts'
import { authenticateReader, gatewayRoutes } from '#gateway/routes.ts'
import { Standing } from '#gateway/standing.ts'
import { plainErrors } from '#dialects/plain-errors.ts'
import type { AccountPort, AccountPorts } from '#ledger/account-port.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { listen } from '#ledger/listening.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import { timings } from '#ledger/timings.ts'
import type { MintKey } from '#keys/issue.ts'
import type { KeysParts } from '#keys/key-guard.ts'
import { keysRoutes } from '#keys/routes.ts'
import { healthAnswer } from '#ops/health.ts'
import type { OperatorParts } from '#ops/operator-guard.ts'
import { operatorLimit } from '#ops/operator-limit.ts'
import { welcomeAnswer } from '#ops/welcome.ts'
import { providerOf } from '#providers/provider.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
import type { ReadingParts } from '#reading/reader.ts'
import { readingRoutes } from '#reading/routes.ts'
import { consumeEntries } from '#settlement/consumer.ts'
import type { SettlementParts } from '#settlement/parts.ts'
import { consumeDeadLetters, deadCapture, deadEntries } from '#settlement/dead-letters.ts'
import type { Env } from './env.ts'

export { AccountObject } from '#ledger/account.ts'

/** As in package.json; a test compares them. */
const version = '0.1.0'

type Root = {
  app: Hono
  settlement: SettlementParts
  parkedCaptures: Parameters<typeof consumeParkedCaptures>[1]
}

let built: { env: Env; root: Root } | undefined

export default {
  fetch(request, env, context) {
    return rootOf(env).app.fetch(request, env, context)
  },
  async queue(batch, env) {
    const root = rootOf(env)
    if (batch.queue === 'sluice-entries') return consumeEntries(batch.messages, root.settlement)
    if (batch.queue === 'sluice-entries-dead')
      return consumeDeadLetters(batch.messages, deadEntries, root.settlement)
    if (batch.queue === 'sluice-captures-dead')
      return consumeDeadLetters(batch.messages, deadCapture, root.settlement)
    const parked = batch.messages.filter(isParkedCapture)
    // What nobody can read ends as a dead letter, and so as a finding.
    for (const message of batch.messages) if (!isParkedCapture(message)) message.retry()
    return consumeParkedCaptures(parked, root.parkedCaptures)
  },
  async scheduled(_controller, env) {
    // No request needs it: it waits until the hour has come.
    return (await import('#ops/cron.ts')).runHourly(rootOf(env).settlement)
  },
} satisfies ExportedHandler<Env, EntriesMessage | ParkedCapture>

/** One root per isolate: the environment is the same for all its requests. */
function rootOf(env: Env): Root {
  if (built?.env !== env) built = { env, root: buildRoot(env) }
  return built.root
}

const clock: Clock = {
  now: () => asMillis(Date.now()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const finish = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      signal?.addEventListener('abort', finish)
    }),
}

const random: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes))

/** The platform collects what is printed; each line is one JSON object. */
function print(line: string): void {
  // oxlint-disable-next-line no-console -- The one place that writes the log.
  console.log(line)
}

const log: Log = jsonLog(print, () => Date.now())

function buildRoot(env: Env): Root {
  const scale = env.ENVIRONMENT === 'production' ? 1 : Math.max(1, Number(env.TIME_SCALE ?? '1') || 1)
  const accounts = accountPorts(env)
  const parts = gatewayParts(env, accounts, scale)
  const db = makeDb(env)
  return {
    app: buildApp(env, parts, db),
    settlement: { db, accounts, clock, log },
    parkedCaptures: { accounts, clock, log, timings: parts.timings },
  }
}

/** Ids of accounts that an isolate remembers; each is a hash of its name. */
const accountIdsMax = 10_000

function accountPorts(env: Env): AccountPorts {
  const ids = new Map<AccountId, DurableObjectId>()
  const idOf = (accountId: AccountId) => {
    const known = ids.get(accountId)
    if (known !== undefined) return known
    if (ids.size >= accountIdsMax) ids.clear()
    const id = env.ACCOUNT.idFromName(accountId)
    ids.set(accountId, id)
    return id
  }
  return (accountId) => {
    const locationHint = regionOf(accountId)
    const hint = locationHint === undefined ? {} : { locationHint }
    // The platform's RPC types recurse through JSON without end, so the stub is given the type that its class implements.
    const stub: unknown = env.ACCOUNT.get(idOf(accountId), hint)
    return stub as AccountPort
  }
}

function gatewayParts(env: Env, accounts: AccountPorts, scale: number): GatewayParts {
  const scaledTimings = durationsDividedBy(timings, scale)
  return {
    clock,
    random,
    log,
    timings: scaledTimings,
    upstreamTimings: durationsDividedBy(upstreamTimings, scale),
    catalog: loadCatalog(models),
    accounts,
    captures: { park: async (message) => void (await env.CAPTURES_QUEUE.send(message)) },
    provider: (id) => providerOf(id, env),
    fetch: (url, init) => fetch(url, init),
    providerCap: providerCap(env, { clock, log }),
    countO200k: lazyO200k(),
    standing: new Standing(scaledTimings.goodStandingMs),
    refusals: new RefusalMemory(),
    keyring: { prefix: env.KEY_PREFIX, keySecrets: [env.KEY_SECRET, env.KEY_SECRET_PREVIOUS].filter(isSet) },
    knownKeys: new KnownKeys(),
    authFailures: { allows: async (address) => (await env.AUTH_FAILURES.limit({ key: address })).success },
  }
}

function buildApp(env: Env, parts: GatewayParts, db: Db | undefined): Hono {
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
  app.route('/', readingRoutes(readingParts(parts, db)))
  app.route('/', keysRoutes(keysParts(env, parts)))
  let operator: Promise<Hono> | undefined
  // The operator's part is as large as the customers', and a gateway that nobody administers never needs it.
  app.all('/operator/*', async (c) => {
    operator ??= import('#ops/operator.ts').then(({ operatorRoutes }) =>
      answerTheRest(operatorRoutes(operatorParts(env, parts, db))),
    )
    return (await operator).fetch(c.req.raw, c.env, c.executionCtx)
  })
  return app
}

/** Faults and unknown addresses, the same for the whole and for the operator's part. */
function answerTheRest(app: Hono): Hono {
  app.onError((fault) => {
    log.error('fault', {}, fault)
    return refuseNow(refuse('internal'))
  })
  app.notFound(async (c) => {
    const { unknownPublicAddress } = await import('./public-routes.ts')
    // The path as the router read it: a URL would resolve `..` and name an address that nobody asked for.
    const { method, path } = c.req
    const { refusal, headers } = unknownPublicAddress({ method, path })
    const response = refuseNow(refusal)
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  })
  return app
}

function isConfigured(env: Env): boolean {
  return isSecret(env.KEY_SECRET) && isSecret(env.OPERATOR_TOKEN) && isSet(env.DATABASE_URL)
}

function operatorParts(env: Env, parts: GatewayParts, db: Db | undefined): OperatorParts {
  const limit = operatorLimit(env, { clock, log })
  return {
    operatorToken: env.OPERATOR_TOKEN,
    accounts: parts.accounts,
    mintKey: mintKeyOf(env),
    limit: (key) => limit.allows(key),
    db,
    clock,
    random,
    log,
    ...answering,
  }
}

function keysParts(env: Env, parts: GatewayParts): KeysParts {
  const { accounts } = parts
  const mintKey = mintKeyOf(env)
  return {
    accounts,
    mintKey,
    clock,
    log,
    ...answering,
    authenticate: (request) => authenticate(request, parts),
  }
}

/** Undefined while keys cannot be signed. */
function mintKeyOf({ KEY_PREFIX: prefix, KEY_SECRET: keySecret }: Env): MintKey | undefined {
  if (!isSecret(keySecret)) return undefined
  return ({ accountId, keyNumber: number }) =>
    mintApiKey({ prefix, accountId, keyNumber: keyNumber(number), keySecret, random })
}

const answering = {
  makeRequestId: () => makeRequestId(clock.now(), random),
  refuseWith: (refusal: Refusal, requestId: RequestId) => refusalResponse(refusal, { requestId }),
}

function readingParts(parts: GatewayParts, db: Db | undefined): ReadingParts {
  return {
    db,
    clock,
    log,
    listen,
    ...answering,
    authenticate: async (request) => {
      const authenticated = await authenticateReader(request, parts)
      if (!authenticated.ok) return authenticated
      const { accountId, keyNumber } = authenticated.caller
      return { ok: true, accountId, keyNumber, scopes: authenticated.scopes, port: parts.accounts(accountId) }
    },
  }
}

const refuseNow = (refusal: Refusal) => answering.refuseWith(refusal, answering.makeRequestId())

function notConfigured(name: string): Refusal {
  return refuse('not_configured', {
    message: `This deployment is not fully configured: the operator has to set ${name} (at least ${secretCharactersMin} characters).`,
  })
}

/** Shorter secrets can be guessed. */
const secretCharactersMin = 32

function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= secretCharactersMin
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function isParkedCapture(
  message: Message<EntriesMessage | ParkedCapture>,
): message is Message<ParkedCapture> {
  return 'parkedAtMs' in message.body
}
