// `npm run doctor -- URL`: looks whether a deployment works, by making a charged call and finding its row in Postgres. The
// steps are in doctor-steps.ts; here are the command line, the credentials and the connections.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Pool } from 'pg'

import { cloneDir, stateDir } from './clone.ts'
import { readCommandLine } from './command-line.ts'
import { runDoctor } from './doctor-steps.ts'

const help = `npm run doctor -- https://sluice.your-name.workers.dev

Opens an account, grants it $0.10, issues a key, makes one call of at most 16 tokens, compares balance and cost, finds the
charge in Postgres, and closes the account again. A line each; the first ✗ says what to do. Costs a fraction of a cent.

OPERATOR_TOKEN and DATABASE_URL come from the environment, or from what "npm run setup" kept in .sluice/production.env.
Against a running "npm start" nothing has to be given: npm run doctor -- http://127.0.0.1:8787
`

const { values: flags, positionals } = readCommandLine(help, {
  options: { help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
})
const url = readUrl(positionals[0])
if (flags.help || url === undefined) {
  console.log(help)
  process.exit(flags.help ? 0 : 1)
}

const known = { ...keptBySetup(), ...keptByStart(url), ...process.env }
const operatorToken = known['OPERATOR_TOKEN']
if (operatorToken === undefined) {
  console.error(
    '✗ OPERATOR_TOKEN is unknown here.\n  → OPERATOR_TOKEN=… DATABASE_URL=… npm run doctor -- URL',
  )
  process.exit(1)
}

const databaseUrl = known['DATABASE_URL']
const pool =
  databaseUrl === undefined
    ? undefined
    : new Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 20_000 })
const isWell = await runDoctor({
  baseUrl: url,
  operatorToken,
  query: pool && (async (sql, values) => (await pool.query(sql, [...values])).rows),
  request: (address, init) => fetch(address, { ...init, signal: AbortSignal.timeout(60_000) }),
  say: (line) => console.log(line),
  waitMs: (ms) => setTimeout(ms),
  visit: new Date().toISOString(),
})
await pool?.end()
console.log(isWell ? 'All is well.' : 'Not well.')
process.exitCode = isWell ? 0 : 1

function readUrl(given: string | undefined): string | undefined {
  const parsed = URL.parse(given ?? '')
  return parsed === null || !parsed.protocol.startsWith('http') ? undefined : parsed.origin
}

function keptBySetup(): { [name: string]: string } {
  const file = join(cloneDir, '.sluice', 'production.env')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** What a running `npm start` wrote down, if the URL is its own. */
function keptByStart(baseUrl: string): { [name: string]: string } {
  const file = join(stateDir, 'dev.json')
  if (!existsSync(file)) return {}
  const kept: { [name: string]: string } = JSON.parse(readFileSync(file, 'utf8'))
  if (URL.parse(kept['baseUrl'] ?? '')?.origin !== baseUrl) return {}
  const { operatorToken: token, databaseUrl: database } = kept
  return { ...(token && { OPERATOR_TOKEN: token }), ...(database && { DATABASE_URL: database }) }
}
