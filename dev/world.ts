// The local world: Postgres behind Neon's protocol, a Redis behind Upstash's, a model upstream, Stripe, and the product on top.
// `npm start` keeps one in .sluice/; tests, demos and storms make their own, which leave nothing behind.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Pool } from 'pg'
import { bundleWorker } from './bundle.ts'
import { cloneDir, ensureDir, makeTemporaryDir } from './clone.ts'
import { providerNames } from './dev-vars.ts'
import { startMailbox } from './mailbox.ts'
import { startNeonEndpoint } from './neon-endpoint.ts'
import { freePort, localHost } from './ports.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import type { ProductOptions } from './product.ts'
import { type SpawnedProduct, spawnProduct } from './spawn-product.ts'
import { startStripe, type StripeOptions, type StripeStandIn } from './stripe.ts'
import { startUpstash } from './upstash-endpoint.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts'
import { connectWorld, type StripeCoordinates, type WorldClient } from './world-client.ts'

export type WorldOptions = {
  /** A persistent world's folders; without them a temporary one, removed at the stop. */
  keep?: { stateDir: string; postgresDir: string }
  port?: number
  /** Over everything the world would set (TIME_SCALE, a real provider's key); undefined takes a variable away. */
  vars?: { readonly [name: string]: string | undefined }
  /** The Worker's first file, for tests that plant faults (test/world/faulty-worker.ts). */
  bundleEntry?: string
  /** The Worker's log goes to this process' stderr instead of a file. */
  showsLog?: boolean
  onProgress?: (line: string) => void
  /** Told of every request that reaches the model upstream. */
  onUpstreamRequest?: NonNullable<UpstreamOptions['onRequest']>
  /** Of Stripe's stand-in, which is not started where the variables name a real key. */
  stripe?: Pick<StripeOptions, 'judge' | 'pendingMs'>
}

/** A world that keeps nothing is a test's, which would wait for each batch. */
const testQueueSeconds = 0.05

export type World = WorldClient & {
  upstream: Upstream
  /** The running product; another one after each restart. */
  product(): SpawnedProduct
  /** Only starts it: after `killProduct` or `product().stop()`. */
  startProductAgain(): Promise<void>
  restartProduct(how?: { sigkill?: boolean }): Promise<void>
  pausePostgres(how?: { sigkill?: boolean }): Promise<void>
  startPostgresAgain(): Promise<void>
  /** The hourly run, or that of another trigger. */
  runCron(cron?: string): Promise<void>
  stop(): Promise<void>
}

type Secrets = { keySecret: string; operatorToken: string; upstashToken: string; sealingKey: string }

/** What has been started, ended in the opposite order. */
type Ends = (() => Promise<void> | void)[]

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const ends: Ends = []
  try {
    return await startParts(options, ends)
  } catch (error) {
    await endAll(ends)
    throw error
  }
}

async function endAll(ends: Ends): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end()
}

async function startParts(options: WorldOptions, ends: Ends): Promise<World> {
  const say = options.onProgress ?? (() => undefined)
  const { stateDir, postgresDir } = options.keep ?? temporaryDirs(ends)
  const secrets = readOrMakeSecrets(ensureDir(stateDir))
  const isStripeReal = options.vars?.['STRIPE_SECRET_KEY'] !== undefined
  const servers = isStripeReal ? 'the model upstream' : "the model upstream and Stripe's stand-in"
  say(`starting Postgres, Redis${isStripeReal ? ' and' : ','} ${servers}, bundling the Worker`)
  // All are waited for before a failure is thrown: a part that starts meanwhile must have its end in the list.
  const parts = await Promise.allSettled([
    startDatabase(postgresDir, ends),
    startUpstash({ token: secrets.upstashToken }),
    startUpstream({ onRequest: options.onUpstreamRequest ?? (() => undefined) }),
    bundleWorker(options.bundleEntry),
    options.port ?? freePort(),
    isStripeReal ? undefined : startStripe({ ...options.stripe, ...stripeFile(options) }),
    startMailbox(),
  ])
  for (const part of [parts[1], parts[2], parts[5], parts[6]]) {
    if (part.status === 'fulfilled') ends.push(() => part.value?.stop())
  }
  const [database, upstash, upstream] = [valueOf(parts[0]), valueOf(parts[1]), valueOf(parts[2])]
  const [bundle, port, stripe] = [valueOf(parts[3]), valueOf(parts[4]), valueOf(parts[5])]
  const mailbox = valueOf(parts[6])
  const baseUrl = `http://${localHost}:${port}`
  stripe?.control.setEndpoints([{ url: `${baseUrl}/webhooks/stripe` }])
  say('starting the product')
  const logFile = options.showsLog === true ? null : join(stateDir, 'worker.log')
  const product = await startManagedProduct(ends, {
    bundle,
    port,
    persistTo: join(stateDir, 'objects'),
    ...(options.keep === undefined ? { queueSeconds: testQueueSeconds } : {}),
    ...(logFile === null ? {} : { logFile }),
    vars: withoutUndefined({
      ENVIRONMENT: 'development',
      KEY_SECRET: secrets.keySecret,
      OPERATOR_TOKEN: secrets.operatorToken,
      SEALING_KEY: secrets.sealingKey,
      // Tests open accounts by the hundred.
      OPERATOR_RPM: '100000',
      CONSOLE_RPM: '100000',
      PAYMENT_ATTEMPTS_PER_HOUR: '100000',
      CODE_ATTEMPTS_PER_HOUR: '100000',
      WELCOME_CREDIT_USD: '5.00',
      WELCOME_CREDITS_PER_DAY: '100000',
      WELCOME_BLOCKED_DOMAINS: 'blocked.example',
      DATABASE_URL: database.url,
      NEON_HTTP: database.neonHttp,
      UPSTASH_REDIS_REST_URL: upstash.url,
      UPSTASH_REDIS_REST_TOKEN: upstash.token,
      RESEND_API_KEY: mailbox.apiKey,
      RESEND_BASE_URL: mailbox.url,
      MAIL_FROM: 'Sluice <billing@sluice.example>',
      WEBHOOK_LOCAL_ORIGIN: mailbox.url,
      ...providerVars(upstream.url),
      ...(stripe === undefined ? {} : stripeVars(stripe)),
      ...options.vars,
    }),
  })
  const client = connectWorld({
    baseUrl,
    // What the product was given: .dev.vars may have taken the place of the world's own.
    operatorToken: options.vars?.['OPERATOR_TOKEN'] ?? secrets.operatorToken,
    databaseUrl: options.vars?.['DATABASE_URL'] ?? database.url,
    upstreamUrl: upstream.url,
    mailboxUrl: mailbox.url,
    keySecret: options.vars?.['KEY_SECRET'] ?? secrets.keySecret,
    logFile,
    stripe: coordinatesOf(stripe),
  })
  ends.push(() => client.disconnect())
  return {
    ...client,
    ...product,
    upstream,
    pausePostgres: database.pause,
    startPostgresAgain: database.startAgain,
    stop: () => endAll(ends),
  }
}

/** Postgres with the migrations applied, and Neon's endpoint before it, both on addresses that outlive a restart. */
async function startDatabase(dataDir: string, ends: Ends) {
  let postgres: Postgres | undefined = await startPostgres({ dataDir })
  const { url, port } = postgres
  const pause = async (how: { sigkill?: boolean } = {}) => {
    await (how.sigkill === true ? postgres?.kill() : postgres?.stop())
    postgres = undefined
  }
  ends.push(() => pause())
  await applyMigrations(url)
  const endpoint = await startNeonEndpoint({ postgresUrl: url })
  ends.push(() => endpoint.stop())
  return {
    url,
    neonHttp: endpoint.url,
    pause,
    startAgain: async () => {
      postgres ??= await startPostgres({ dataDir, port })
    },
  }
}

export async function applyMigrations(databaseUrl: string): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 })
  try {
    await migrate(drizzle(pool), { migrationsFolder: join(cloneDir, 'migrations') })
  } finally {
    await pool.end()
  }
}

async function startManagedProduct(ends: Ends, options: ProductOptions & { logFile?: string }) {
  let product = await spawnProduct(options)
  ends.push(() => product.stop())
  const startProductAgain = async () => {
    product = await spawnProduct(options)
  }
  return {
    product: () => product,
    startProductAgain,
    restartProduct: async (how: { sigkill?: boolean } = {}) => {
      await (how.sigkill === true ? product.kill() : product.stop())
      await startProductAgain()
    },
    runCron: (cron?: string) => product.runCron(cron),
  }
}

/** Every provider at the stand-in, until a real address or key says otherwise. */
function providerVars(upstreamUrl: string): { [name: string]: string } {
  return Object.fromEntries(
    providerNames.flatMap((name) => [
      [`${name}_API_KEY`, `local-${name.toLowerCase()}-key`],
      [`${name}_BASE_URL`, upstreamUrl],
    ]),
  )
}

/** A world that is kept keeps its Stripe as well. */
function stripeFile({ keep }: WorldOptions): { keepFile?: string } {
  return keep === undefined ? {} : { keepFile: join(keep.stateDir, 'stripe.json') }
}

function stripeVars({ url, secretKey, publishableKey, webhookSecret }: StripeStandIn) {
  return {
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_PUBLISHABLE_KEY: publishableKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_BASE_URL: url,
  }
}

function coordinatesOf(stripe: StripeStandIn | undefined): StripeCoordinates {
  const { url = '', secretKey = '', publishableKey = '', webhookSecret = '' } = stripe ?? {}
  return { url, secretKey, publishableKey, webhookSecret }
}

function withoutUndefined(vars: { readonly [name: string]: string | undefined }): { [name: string]: string } {
  const entries = Object.entries(vars)
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

function temporaryDirs(ends: Ends): { stateDir: string; postgresDir: string } {
  const dir = makeTemporaryDir()
  ends.push(() => dir.remove())
  return { stateDir: dir.path, postgresDir: join(dir.path, 'postgres') }
}

function readOrMakeSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json')
  // Written below, by an earlier start; one of another version may not have had all of them.
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {}
  const make = () => randomBytes(32).toString('base64url')
  const made = { keySecret: make(), operatorToken: make(), upstashToken: make(), sealingKey: make() }
  const secrets = { ...made, ...kept }
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}

function valueOf<Value>(part: PromiseSettledResult<Value>): Value {
  if (part.status === 'rejected') throw part.reason
  return part.value
}
