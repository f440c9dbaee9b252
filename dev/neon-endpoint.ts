// Neon's HTTP `/sql` endpoint over a local Postgres: single queries and batches, text rows, errors with Postgres' fields.
// Held to the real driver by test/drivers/neon.test.ts.

import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { DatabaseError, Pool, type PoolClient } from 'pg'
import { readJson } from '#core/readers.ts'
import { closeServer, listen, localHost } from './ports.ts'
import { readText } from './request-body.ts'

/** Neon's own limit on a request and its answer is 64 MB. */
const bodyBytesMax = 64 * 1024 * 1024
const connectionsMax = 20

export type NeonEndpoint = {
  /** The `/sql` address, for `neonConfig.fetchEndpoint`. */
  url: string
  stop(): Promise<void>
}

type Query = { query: string; params: unknown[] }

/** Values leave as Postgres' own text; the driver parses them by the types of `fields`. */
const rawText = { getTypeParser: () => (text: unknown) => text }

export async function startNeonEndpoint(options: {
  postgresUrl: string
  port?: number
}): Promise<NeonEndpoint> {
  const pool = new Pool({
    connectionString: options.postgresUrl,
    max: connectionsMax,
    idleTimeoutMillis: 30_000,
  })
  // An idle connection that dies with its Postgres is replaced at the next query.
  pool.on('error', () => {})
  // Also a client that is in use: its query fails and says so; an event that nobody hears would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const server = createServer((request, response) => {
    answer(pool, options.postgresUrl, request).then(
      (result) => {
        response.writeHead(result.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(result.body))
      },
      // Postgres is away: to the Worker that is a broken connection, exactly as when Neon is.
      () => request.socket.destroy(),
    )
  })
  const port = await listen(server, options.port ?? 0)
  return {
    url: `http://${localHost}:${port}/sql`,
    stop: async () => {
      await closeServer(server)
      await pool.end()
    },
  }
}

type Answer = { status: number; body: unknown }

async function answer(pool: Pool, postgresUrl: string, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'POST' || request.url !== '/sql') return refuse(404, 'only POST /sql is served')
  const text = await readText(request, bodyBytesMax)
  if (text === undefined) return refuse(413, 'the request is larger than 64 MB')
  if (!isSameDatabase(request.headers['neon-connection-string'], postgresUrl)) {
    return {
      status: 400,
      body: { message: 'password authentication failed', code: '28P01', severity: 'FATAL' },
    }
  }
  const queries = readQueries(readJson(text))
  if (queries === undefined)
    return refuse(400, 'the body must be {query, params} or {queries: [{query, params}]}')
  const client = await pool.connect()
  let fault: unknown
  try {
    if (!queries.isBatch) return { status: 200, body: await run(client, queries.list[0]) }
    return { status: 200, body: { results: await runBatch(client, queries.list, request.headers) } }
  } catch (error) {
    // A shutdown comes as a Postgres error (class 57) on a connection that is gone: a fault, not an answer.
    if (error instanceof DatabaseError && error.code?.startsWith('57P') !== true) {
      return { status: 400, body: describe(error) }
    }
    fault = error
    throw error
  } finally {
    client.release(fault !== undefined)
  }
}

async function run(client: PoolClient, query: Query | undefined): Promise<unknown> {
  const result = await client.query({
    text: query?.query ?? '',
    values: query?.params ?? [],
    rowMode: 'array',
    types: rawText,
  })
  return {
    command: result.command,
    rowCount: result.rowCount,
    rowAsArray: true,
    rows: result.rows,
    fields: result.fields,
  }
}

/** All or nothing, in the isolation that the headers name. */
async function runBatch(
  client: PoolClient,
  queries: readonly Query[],
  headers: IncomingHttpHeaders,
): Promise<readonly unknown[]> {
  await client.query(`begin ${transactionModes(headers)}`)
  try {
    const results: unknown[] = []
    for (const query of queries) results.push(await run(client, query))
    await client.query('commit')
    return results
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

const isolationLevels: { readonly [header: string]: string } = {
  ReadUncommitted: 'isolation level read uncommitted',
  ReadCommitted: 'isolation level read committed',
  RepeatableRead: 'isolation level repeatable read',
  Serializable: 'isolation level serializable',
}

function transactionModes(headers: IncomingHttpHeaders): string {
  const isolation = isolationLevels[String(headers['neon-batch-isolation-level'])]
  const isReadOnly = headers['neon-batch-read-only'] === 'true'
  const isDeferrable = headers['neon-batch-deferrable'] === 'true'
  return [isolation, isReadOnly && 'read only', isDeferrable && 'deferrable'].filter(Boolean).join(' ')
}

function readQueries(body: unknown): { isBatch: boolean; list: readonly Query[] } | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const isBatch = 'queries' in body
  const given: unknown = isBatch ? body.queries : [body]
  if (!Array.isArray(given)) return undefined
  const list = given.map(readQuery)
  return list.every((query) => query !== undefined) ? { isBatch, list } : undefined
}

function readQuery(value: unknown): Query | undefined {
  if (typeof value !== 'object' || value === null || !('query' in value)) return undefined
  const params: unknown = 'params' in value ? value.params : []
  return typeof value.query === 'string' && Array.isArray(params) ? { query: value.query, params } : undefined
}

/** Neon authenticates by the connection string that the driver sends: a wrong password must fail here as well. */
function isSameDatabase(header: string | string[] | undefined, postgresUrl: string): boolean {
  if (typeof header !== 'string' || !URL.canParse(header)) return false
  const [asked, ours] = [new URL(header), new URL(postgresUrl)]
  return (
    asked.username === ours.username && asked.password === ours.password && asked.pathname === ours.pathname
  )
}

const errorFields = new Set(
  `severity code detail hint position internalPosition internalQuery where schema table column dataType constraint
   file line routine`.split(/\s+/),
)

function describe(error: DatabaseError): unknown {
  const fields = Object.entries(error).filter(([name]) => errorFields.has(name))
  return { message: error.message, ...Object.fromEntries(fields) }
}

function refuse(status: number, message: string): Answer {
  return { status, body: { message } }
}
