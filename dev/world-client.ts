// A world seen from outside: what its tests and demos need, from any process that knows its coordinates.

import { Pool, types } from 'pg'
import { remoteControl } from './stripe-client.ts'
import type { RemoteControl } from './stripe-control.ts'
import type { RecordedRequest } from './upstream.ts'

/** Plain data, so that it can be handed to another process. */
export type WorldCoordinates = {
  baseUrl: string
  operatorToken: string
  databaseUrl: string
  /** The first of it ends in /v1; the same address is what the product's providers point at. */
  upstreamUrl: string
  /** Where mail arrives (mailbox.ts). */
  mailboxUrl: string
  keySecret: string
  /** The Worker's log, one JSON line per event. */
  logFile: string | null
  stripe: StripeCoordinates
}

/** Of Stripe's stand-in, as the product was told them; all empty where the product talks to Stripe itself. */
export type StripeCoordinates = {
  /** Without /v1. */
  url: string
  secretKey: string
  publishableKey: string
  webhookSecret: string
}

export type NewAccount = {
  creditUsd?: string
  name?: string
  /** As the operator's API names them: rpm, tpm, in_flight, keys_max, monthly_spend_limit, … A postpaid one has an address. */
  settings?: { readonly [name: string]: unknown }
  /** Fields of the operator's POST of a key: limits, allowed_models, … */
  key?: { readonly [name: string]: unknown }
}

export type Row = { readonly [column: string]: unknown }

export type WorldClient = Omit<WorldCoordinates, 'stripe'> & {
  /** Stripe's stand-in, and what tests do to it. */
  stripe: StripeCoordinates & { control: RemoteControl }
  newAccount(given?: NewAccount): Promise<{ accountId: string; apiKey: string }>
  /** A call of the operator API; throws unless it answers 2xx. */
  operator(method: string, path: string, body?: unknown): Promise<{ readonly [name: string]: unknown }>
  /** The same of the console's API, whose sign-in the operator's credential stands in for. */
  api(method: string, path: string, body?: unknown): Promise<{ readonly [name: string]: unknown }>
  /** bigint columns arrive as numbers: every amount is a safe integer by design. */
  sql(query: string, params?: readonly unknown[]): Promise<readonly Row[]>
  upstreamRequests(): Promise<readonly RecordedRequest[]>
  resetUpstream(): Promise<void>
  /** Faults of a world that runs test/world/faulty-worker.ts. */
  fault(fault: { readonly [name: string]: unknown }): Promise<unknown>
  /** The same POST many times at once inside one isolate; how often each outcome was answered. Faulty worker only. */
  burst(burst: Burst): Promise<{ readonly [outcome: string]: number }>
  disconnect(): Promise<void>
}

export type Burst = {
  count: number
  path: string
  headers: { readonly [name: string]: string }
  body: unknown
}

export function connectWorld(coordinates: WorldCoordinates): WorldClient {
  const { baseUrl, operatorToken, databaseUrl, upstreamUrl } = coordinates
  const pool = new Pool({ connectionString: databaseUrl, max: 5, types: { getTypeParser } })
  // A test may stop Postgres under an idle connection; the next query opens another.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const under = (root: string) => async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${baseUrl}${root}${path}`, { method, headers, ...text })
    const answer = await response.text()
    if (!response.ok) throw new Error(`${method} ${root}${path} answered ${response.status}: ${answer}`)
    return fieldsOf(JSON.parse(answer))
  }
  const operator = under('/operator/v1')
  const requestsUrl = new URL('/__requests', upstreamUrl)
  return {
    ...coordinates,
    stripe: { ...coordinates.stripe, control: remoteControl(coordinates.stripe.url) },
    operator,
    api: under('/api'),
    newAccount: (given = {}) => newAccount(operator, given),
    sql: async (query, params = []) => (await pool.query<Row>(query, [...params])).rows,
    // Our own upstream's answer about itself.
    upstreamRequests: async () => (await (await fetch(requestsUrl)).json()) as RecordedRequest[],
    resetUpstream: async () => void (await fetch(requestsUrl, { method: 'DELETE' })),
    fault: (fault) => postJson(`${baseUrl}/__fault`, fault),
    burst: async (burst) => {
      const { outcomes } = fieldsOf(await postJson(`${baseUrl}/__burst`, burst))
      // Counted by the entry of the test itself.
      return outcomes as { readonly [outcome: string]: number }
    },
    disconnect: () => pool.end(),
  }
}

async function postJson(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

type Operator = WorldClient['operator']

async function newAccount(
  operator: Operator,
  given: NewAccount,
): Promise<{ accountId: string; apiKey: string }> {
  const { creditUsd = '10.00', name = 'Test account', settings = {}, key } = given
  const accountId = String((await operator('POST', '/accounts', { name, settings }))['id'])
  // No invoice is sent to nobody.
  if (settings['mode'] === 'postpaid') {
    const addresses = { billing_emails: [`${accountId}@invoiced.example`] }
    await operator('PUT', `/accounts/${accountId}/billing-emails`, addresses)
  }
  if (Number(creditUsd) > 0) {
    const grant = { amount: creditUsd, reason: 'starting credit', idempotency_key: `start-${accountId}` }
    await operator('POST', `/accounts/${accountId}/grants`, grant)
  }
  const issued = await operator('POST', `/accounts/${accountId}/keys`, { name: 'first key', ...key })
  return { accountId, apiKey: String(issued['key']) }
}

function fieldsOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The number of the type in Postgres' catalog. */
const int8 = 20

function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === int8) return readSafeInteger
  return format === 'binary' ? types.getTypeParser(oid, format) : types.getTypeParser(oid)
}

function readSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is not a safe integer`)
  return value
}
