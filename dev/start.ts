// `npm start`: the whole product on this machine with no account anywhere, kept in .sluice/ between starts.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { persistentPostgresDir, stateDir } from './clone.ts'
import { type DevVars, DevVarsError, providerNames, readDevVars } from './dev-vars.ts'
import { portProblem } from './ports.ts'
import { PostgresStartError } from './postgres.ts'
import { claimStart, findRunning, publishStart, releaseStart } from './running.ts'
import { startWorld, type World } from './world.ts'

const defaultPort = 8787
const exampleModel = 'gpt-6-luna'
/** What is mailed to the first account lies in the local mailbox. */
const localEmail = 'you@sluice.example'
const impatientMs = 1_000
/** How long a bank debit is pending: a person waits for it, a test moves the clock. */
const pendingPaymentMs = 5_000
/** As wrangler.toml's triggers. */
const hourlyEveryMs = 3_600_000
const often = { cron: '*/5 * * * *', everyMs: 300_000 }

/** A sentence for the terminal. Declared before the code below runs, which a class needs and a function does not. */
class StartError extends Error {}

let world: World | undefined
let isStopping = false
let stoppingSince = Number.POSITIVE_INFINITY
const say = (line: string) => process.stdout.write(`${line}\n`)

// Before anything starts: a Ctrl-C in the middle of a start must end what is there so far.
// npm passes a terminal's Ctrl-C on, so one key press may arrive twice; only a later one no longer waits for an orderly end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void (Date.now() - stoppingSince > impatientMs ? process.exit(1) : stop(0)))
}
// The terminal may have been closed.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  await start()
} catch (error) {
  say(explain(error))
  await stop(1)
}

async function start(): Promise<void> {
  const port = readPort(process.env['PORT'] || undefined)
  if (!claimStart()) return sayRunning()
  const problem = await portProblem(port)
  if (problem === 'taken') {
    const other = port === 65_535 ? defaultPort : port + 1
    throw new StartError(
      `Port ${port} is taken by another program. Choose another one: PORT=${other} npm start`,
    )
  }
  if (problem === 'not_allowed')
    throw new StartError(
      `This user may not listen on port ${port}. Choose another one: PORT=${defaultPort} npm start`,
    )
  const startedAt = performance.now()
  const vars = readDevVars(process.env)
  const started = await startWorld({
    keep: { stateDir, postgresDir: persistentPostgresDir() },
    port,
    vars,
    showsLog: true,
    onProgress: (line) => say(`… ${line}`),
    stripe: { pendingMs: pendingPaymentMs },
  })
  world = started
  if (isStopping) return stop(0)
  const { accountId, apiKey } = await seedAccount(started)
  const { baseUrl, operatorToken, databaseUrl, upstreamUrl, mailboxUrl } = started
  // With a real key there is no stand-in.
  const stripe = started.stripe.url === '' ? {} : { stripeUrl: started.stripe.url }
  publishStart({ baseUrl, apiKey, operatorToken, databaseUrl, upstreamUrl, mailboxUrl, ...stripe })
  const seconds = (performance.now() - startedAt) / 1_000
  sayReady({ baseUrl, accountId, apiKey, mailboxUrl, vars, seconds })
  repeatCron(started, hourlyEveryMs)
  repeatCron(started, often.everyMs, often.cron)
  await started.product().ended
  if (!isStopping) throw new StartError('The product ended unexpectedly; its last lines are above.')
}

/** One account with $10, a key and a mail address, once. */
async function seedAccount(started: World): Promise<{ accountId: string; apiKey: string }> {
  const file = join(stateDir, 'account.json')
  // Written below, by an earlier start.
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as { accountId: string; apiKey: string }
  const account = await started.newAccount({ name: 'Local account', creditUsd: '10.00' })
  const mailTo = { account_id: account.accountId, billing_emails: [localEmail] }
  await started.api('PUT', '/billing-emails', mailTo)
  writeFileSync(file, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600 })
  return account
}

async function stop(code: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  stoppingSince = Date.now()
  const isOurs = findRunning()?.pid === process.pid
  if (world !== undefined) say('Stopping …')
  try {
    await world?.stop()
  } finally {
    if (isOurs) releaseStart()
    process.exit(code)
  }
}

function repeatCron(started: World, everyMs: number, cron?: string): void {
  setTimeout(() => {
    started.runCron(cron).catch((error: unknown) => say(`A cron run failed: ${String(error)}`))
    repeatCron(started, everyMs, cron)
  }, everyMs).unref()
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? defaultPort)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartError(`PORT must be a number from 1 to 65535, not "${text}".`)
}

function sayRunning(): void {
  const running = findRunning()
  const where = running?.baseUrl === null ? 'and still starting' : `at ${running?.baseUrl}`
  say(`Sluice is already running ${where} (process ${running?.pid}).`)
  process.exit(0)
}

function explain(error: unknown): string {
  const isForPeople = [StartError, PostgresStartError, DevVarsError].some((kind) => error instanceof kind)
  if (error instanceof Error && isForPeople) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC')
    return `The disk is full: make room and start again (the world is kept in ${stateDir}).`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `This user may not write where the world is kept (${stateDir}). What an earlier start as another user left there can be given away (chown -R) or deleted.\n${String(error)}`
  return `The start failed. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

function sayReady(given: {
  baseUrl: string
  accountId: string
  apiKey: string
  mailboxUrl: string
  vars: DevVars
  seconds: number
}): void {
  const { baseUrl, accountId, apiKey, mailboxUrl, vars, seconds } = given
  const real = providerNames.filter((name) => vars[`${name}_API_KEY`] !== undefined)
  const upstream =
    real.length === 0
      ? 'the local stand-in answers, nothing is billed'
      : `${real.join(', ')} for real and at your cost, the local stand-in for the rest`
  say(`
Sluice is ready after ${seconds.toFixed(1)} s (models: ${upstream}).

  base URL   ${baseUrl}/v1
  API key    ${apiKey}    ($10.00 to begin with)
  account    ${accountId}
  mailbox    ${mailboxUrl}

  curl -N ${baseUrl}/v1/chat/completions -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\
    -d '{"model": "${exampleModel}", "messages": [{"role": "user", "content": "Hello"}], "stream": true, "stream_options": {"include_usage": true}}'

  import OpenAI from 'openai'
  const client = new OpenAI({ baseURL: '${baseUrl}/v1', apiKey: '${apiKey}' })
  const messages = [{ role: 'user', content: 'Hello' }]
  const stream = await client.chat.completions.create({ model: '${exampleModel}', messages, stream: true, stream_options: { include_usage: true } })
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
  // The last chunk's usage has the cost: chunk.usage.cost

Ctrl-C stops it and keeps the data; npm run reset begins anew. Below: one line per request.
`)
}
