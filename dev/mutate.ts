// `npm run mutate`: changes the money code in every small way and looks whether a test notices (Stryker). Writes
// docs/mutation.md: the share of noticed changes per file, and each unnoticed one with the reason why it may stay.
// The first run takes more than an hour, later ones run what has changed. Stryker lives in dev/mutation, so that nobody
// else downloads it.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, relative } from 'node:path'

import { cloneDir, ensureDir, hashOf, stateDir } from './clone.ts'
import { readCommandLine } from './command-line.ts'
import {
  type Reasons,
  type Report,
  findingsOf,
  pageOf,
  percent,
  sumOf,
  unexplainedOf,
} from './mutation-report.ts'
import { exitOf } from './processes.ts'

const help = `npm run mutate -- [--only src/ledger/charges.ts,src/ledger/lots.ts] [--concurrency 1] [--fresh]

Mutation tests of src/ledger, the prices of src/catalog and the settle table. Results are kept in .sluice: what has not
changed is not run again. --only runs these files alone; the page names what is not measured. --fresh forgets.`

/** Below it the command fails. */
const killedPercentLeast = 90
const runWithinMs = 4 * 60 * 60_000

const mutated = ['src/ledger/*.ts', 'src/catalog/{price,quote,rates}.ts', 'src/gateway/settle.ts']
const notMutated = [
  'src/ledger/*.test.ts',
  // What joins the pure core to the platform is tested in workerd, where Stryker does not run.
  'src/ledger/{account,account-reads,account-engine,account-port,store,schema,stored-rows,erasure-store,rebuild-store,rebuilding,listening,listeners}.ts',
  // These exist for tests alone.
  'src/ledger/{example-commands,example-views,book.simulator,book.rebuilt,book.refunds,memory-store}.ts',
]

const { values: flags } = readCommandLine(help, {
  options: {
    only: { type: 'string', default: '' },
    concurrency: { type: 'string', default: String(availableParallelism()) },
    fresh: { type: 'boolean', default: false },
  },
})

const folder = join(cloneDir, 'dev', 'mutation')
const reportFile = join(stateDir, 'mutation.json')
const measuredFile = join(stateDir, 'mutation-measured.json')
const reasonsFile = join(folder, 'reasons.json')

ensureDir(stateDir)
if (flags.fresh) for (const file of [reportFile, measuredFile]) rmSync(file, { force: true })
if (!existsSync(join(folder, 'node_modules'))) await run('npm', ['ci', '--loglevel=error'], folder)
const files = globSync(mutated, { cwd: cloneDir, exclude: notMutated }).toSorted()
const running = flags.only === '' ? files : flags.only.split(',')
/** The text of each file when it was measured last. */
const measured: Readonly<{ [file: string]: string }> = {
  ...readJson(measuredFile, {}),
  ...Object.fromEntries(running.map((file) => [file, hashOfFile(file)])),
}
const stryker = join(folder, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
const configuration = join('dev', 'mutation', 'stryker.config.json')
const choice = ['--mutate', running.join(','), '--concurrency', flags.concurrency]
await run(
  process.execPath,
  [stryker, 'run', configuration, '--incrementalFile', reportFile, ...choice],
  cloneDir,
)
writeFileSync(measuredFile, JSON.stringify(measured))

const report: Report = readJson(reportFile, { files: {} })
const reasons: Reasons = readJson(reasonsFile, {})
const isCurrent = (file: string) => measured[file] === hashOfFile(file)
const findings = findingsOf(report, { files, reasons, isCurrent })
const total = sumOf(findings.scores)
const unexplained = unexplainedOf(findings)
const { stale, notMeasured } = findings

for (const score of findings.scores) console.log(`${score.file}: ${percent(score)} % of ${score.all}`)
console.log(`${percent(total)} % of ${total.all} changes are noticed.`)
for (const { name, line } of unexplained) console.log(`✗ No reason: ${name} (line ${line})`)
for (const name of stale) console.log(`✗ A reason without its survivor: ${name}`)
if (notMeasured.length > 0) console.log(`✗ Not measured as they stand: ${notMeasured.join(', ')}`)

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
const day = new Date().toISOString().slice(0, 10)
const commit = execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], {
  cwd: cloneDir,
  encoding: 'utf8',
}).trim()
const page = pageOf(findings, { day, machine, goal: killedPercentLeast, commit })
writeFileSync(join(cloneDir, 'docs', 'mutation.md'), page)
const isComplete = unexplained.length + stale.length + notMeasured.length === 0
if (percent(total) < killedPercentLeast || !isComplete) process.exitCode = 1

function hashOfFile(file: string): string {
  return hashOf(readFileSync(join(cloneDir, file)))
}

/** What this command or Stryker wrote. */
function readJson<Shape>(file: string, otherwise: Shape): Shape {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : otherwise
}

async function run(command: string, parameters: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, [...parameters], { cwd, stdio: 'inherit' })
  const code = await exitOf(child, runWithinMs)
  if (code !== 0)
    throw new Error(`${relative(cloneDir, command)} ${parameters[0] ?? ''} ended with ${String(code)}`)
}
