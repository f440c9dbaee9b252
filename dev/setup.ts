// `npm run setup -- --env production`: creates the queues at Cloudflare, asks for the secrets and stores them, migrates the
// database. Safe to repeat. The steps are in setup-steps.ts; here are the terminal, wrangler and the disk.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

import { quietWrangler } from './bundle.ts'
import { cloneDir, ensureDir } from './clone.ts'
import { readCommandLine } from './command-line.ts'
import { environmentProblem, secretPlans } from './secrets.ts'
import type { WranglerRun } from './setup-steps.ts'
import { runSetup } from './setup-steps.ts'
import { applyMigrations } from './world.ts'

const help = `npm run setup -- --env production

Prepares your Cloudflare account for Sluice: creates the queues of wrangler.toml, asks for the secrets and stores them with
wrangler, applies the migrations to DATABASE_URL. Repeat it as often as you like: what is there is kept.

Before it: npx wrangler login (or CLOUDFLARE_API_TOKEN), the Workers Paid plan, and a Neon database.
Without a terminal the secrets are taken from the environment, by these names:
  ${secretPlans.map(({ name }) => name).join(', ')}
After it: npm run deploy, then npm run doctor -- https://your-worker-url
`

const { values: flags } = readCommandLine(help, {
  options: { env: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
const problem = environmentProblem(flags.env)
if (flags.help || problem !== undefined) {
  console.log(problem ?? help)
  process.exit(problem === undefined ? 0 : 1)
}

const isReady = await runSetup({
  wrangler: runWrangler,
  ask: process.stdin.isTTY ? askHidden : async () => '',
  given: (name) => process.env[name],
  say: (line) => console.log(line),
  generateSecret: () => randomBytes(32).toString('base64url'),
  migrate: applyMigrations,
  remember,
  wranglerToml: readFileSync(join(cloneDir, 'wrangler.toml'), 'utf8'),
})
process.exitCode = isReady ? 0 : 1

function runWrangler(parameters: readonly string[], input = ''): Promise<WranglerRun> {
  const program = join(cloneDir, 'node_modules/wrangler/bin/wrangler.js')
  const child = spawn(process.execPath, [program, ...parameters], {
    cwd: cloneDir,
    env: { ...process.env, ...quietWrangler, CLOUDFLARE_CF_FETCH_ENABLED: undefined, WRANGLER_LOG: 'log' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // A wrangler that fails before it reads closes the pipe under us; its exit code tells.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (code) => done({ code: code ?? 1, output }))
  })
}

/** Shows the question and nothing of the answer. */
async function askHidden(question: string): Promise<string> {
  process.stdout.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  terminal.once('SIGINT', () => process.exit(130))
  const answer = await terminal.question('')
  terminal.close()
  process.stdout.write('\n')
  return answer
}

function remember(values: { readonly [name: string]: string }): string {
  const file = join(ensureDir(join(cloneDir, '.sluice')), 'production.env')
  const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const kept = before.filter((line) => line !== '' && !(line.slice(0, line.indexOf('=')) in values))
  const lines = [...kept, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)]
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return '.sluice/production.env'
}
