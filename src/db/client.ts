// The Neon client: HTTP, one round trip per statement or batch, no interactive transactions.
// Locally the same driver speaks to an endpoint of our own (`NEON_HTTP`); no other line differs.

import { neon, NeonDbError, neonConfig } from '@neondatabase/serverless'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http'

export type DbEnv = {
  DATABASE_URL?: string
  /** Development only: the HTTP endpoint that speaks Neon's protocol. */
  NEON_HTTP?: string
}

export type Db = NeonHttpDatabase

/** A consumer waits this long at most for one statement or batch: longer than Neon's cold start, shorter than its turn. */
const answerWithinMs = 20_000

/**
 * Undefined where no database is configured, or not in a form that the driver takes: no request needs one, and the
 * driver's own complaint would carry the whole string, password included, into the log.
 */
export function makeDb(env: DbEnv): Db | undefined {
  if (env.DATABASE_URL === undefined || !isConnectionString(env.DATABASE_URL)) return undefined
  const endpoint = env.NEON_HTTP
  if (endpoint !== undefined && endpoint !== '') neonConfig.fetchEndpoint = () => endpoint
  // A database that accepts a connection and says nothing must not hold a request for ever.
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    fetch(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) })
  return drizzle({ client: neon(env.DATABASE_URL) })
}

function isConnectionString(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, hostname, pathname } = new URL(text)
  return /^postgres(ql)?:$/.test(protocol) && username !== '' && hostname !== '' && pathname !== ''
}

/**
 * What the driver said, without the statement and its parameters, which drizzle puts into the message of its own error:
 * they hold what customers named things, and do not belong in a log.
 */
export function driverErrorOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}

/**
 * The SQLSTATE where Postgres answered and refused what it was given (class 22 data, 23 constraint, 54 limits);
 * undefined where it could not be reached or failed on its own.
 */
export function dataErrorCodeOf(error: unknown): string | undefined {
  const cause = driverErrorOf(error)
  if (!(cause instanceof NeonDbError) || cause.code === undefined) return undefined
  return /^(22|23|54)/.test(cause.code) ? cause.code : undefined
}
