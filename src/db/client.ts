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

/** Undefined where no database is configured. */
export function makeDb(env: DbEnv): Db | undefined {
  if (env.DATABASE_URL === undefined || env.DATABASE_URL === '') return undefined
  // The driver's own message would carry the whole string, password included, into the log.
  if (!URL.canParse(env.DATABASE_URL)) throw new Error('DATABASE_URL is not a valid connection string.')
  const endpoint = env.NEON_HTTP
  if (endpoint !== undefined && endpoint !== '') neonConfig.fetchEndpoint = () => endpoint
  // A database that accepts a connection and says nothing must not hold a request for ever.
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    fetch(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) })
  return drizzle({ client: neon(env.DATABASE_URL) })
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
