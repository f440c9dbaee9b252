// `npm run mutate`: changes the money code in every small way and looks whether a test notices (Stryker). Writes
// docs/mutation.md: the share of noticed changes per file, and each unnoticed one with the reason why it may stay.
// Takes about an hour; Stryker lives in dev/mutation, so that nobody else downloads it.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, relative } from 'node:path'

import { cloneDir, ensureDir, stateDir } from './clone.ts'
import { readCommandLine } from './command-line.ts'
import { exitOf } from './processes.ts'

const help = `npm run mutate -- --only src/ledger/charges.ts

Mutation tests of src/ledger, the prices of src/catalog and the settle table. --only takes one file and writes no page.`

/** Below it the command fails. */
const killedPercentLeast = 90
const runWithinMs = 4 * 60 * 60_000

/** What joins the pure core to the platform is tested in workerd, where Stryker does not run. */
const mutated = [
  'src/ledger/*.ts',
  '!src/ledger/*.test.ts',
  '!src/ledger/{account,account-engine,store,schema,account-port,example-commands,book.simulator,memory-store}.ts',
  'src/catalog/{price,quote,rates}.ts',
  'src/gateway/settle.ts',
]

/** Of Stryker's report: what is read of it. */
type Mutant = {
  mutatorName: string
  replacement?: string
  status: 'Killed' | 'Survived' | 'Timeout' | 'NoCoverage' | 'Ignored' | 'CompileError' | 'RuntimeError'
  location: { start: { line: number; column: number }; end: { line: number; column: number } }
}
type Report = { files: { [file: string]: { source: string; mutants: readonly Mutant[] } } }
/** An unnoticed change: its file, its line as it is and as it became. The key of a reason. */
type Survivor = { file: string; line: number; name: string }

const { values: flags } = readCommandLine(help, { options: { only: { type: 'string', default: '' } } })

const folder = join(cloneDir, 'dev', 'mutation')
const reportFile = join(stateDir, 'mutation.json')
const reasonsFile = join(folder, 'reasons.json')

ensureDir(stateDir)
if (!existsSync(join(folder, 'node_modules'))) await run('npm', ['ci', '--loglevel=error'], folder)
const startedAt = performance.now()
const stryker = join(folder, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
await run(
  process.execPath,
  [
    stryker,
    'run',
    'dev/mutation/stryker.config.json',
    '--mutate',
    flags.only === '' ? mutated.join(',') : flags.only,
    '--concurrency',
    String(availableParallelism()),
  ],
  cloneDir,
)
const minutes = Math.round((performance.now() - startedAt) / 60_000)
const report: Report = JSON.parse(readFileSync(reportFile, 'utf8'))
const reasons: { readonly [name: string]: string } = existsSync(reasonsFile)
  ? JSON.parse(readFileSync(reasonsFile, 'utf8'))
  : {}
const scores = Object.entries(report.files).map(([file, { mutants }]) => scoreOf(file, mutants))
const total = sumOf(scores)
const survivors = Object.entries(report.files).flatMap(([file, found]) => survivorsOf(file, found))
const unexplained = survivors.filter(({ name }) => reasons[name] === undefined)

console.log(`${percent(total)} % of ${total.all} changes are noticed; ${survivors.length} are not:`)
for (const { name, line } of survivors)
  console.log(`  ${name} (line ${line}): ${reasons[name] ?? 'NO REASON'}`)
if (flags.only === '') writeFileSync(join(cloneDir, 'docs', 'mutation.md'), page())
if (percent(total) < killedPercentLeast || unexplained.length > 0) process.exitCode = 1

type Score = { file: string; noticed: number; all: number }

function scoreOf(file: string, mutants: readonly Mutant[]): Score {
  const counted = mutants.filter(({ status }) => isNoticed(status) || isUnnoticed(status))
  return { file, noticed: counted.filter(({ status }) => isNoticed(status)).length, all: counted.length }
}

function isNoticed(status: Mutant['status']): boolean {
  return status === 'Killed' || status === 'Timeout'
}

function isUnnoticed(status: Mutant['status']): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

function sumOf(all: readonly Score[]): Score {
  const add = (pick: (score: Score) => number) => all.reduce((sum, score) => sum + pick(score), 0)
  return { file: 'all', noticed: add(({ noticed }) => noticed), all: add((score) => score.all) }
}

function percent({ noticed, all }: Score): number {
  return all === 0 ? 100 : Math.floor((noticed / all) * 1_000) / 10
}

function survivorsOf(file: string, { source, mutants }: Report['files'][string]): Survivor[] {
  const lines = source.split('\n')
  return mutants
    .filter(({ status }) => isUnnoticed(status))
    .map(({ mutatorName, replacement, location: { start, end } }) => {
      const line = lines[start.line - 1] ?? ''
      const became = replacement ?? ''
      const changed = line.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined)
      const short = (text: string) => text.replaceAll(/\s+/g, ' ').slice(0, 80)
      const name = `${file}: ${short(line.trim())} | ${short(changed)} → ${short(became)} (${mutatorName})`
      return { file, line: start.line, name }
    })
}

function page(): string {
  const rows = scores.map(
    (score) => `| ${score.file} | ${score.noticed} of ${score.all} | ${percent(score)} % |`,
  )
  return [
    '# Mutation tests',
    '',
    `Written by \`npm run mutate\` on ${new Date().toISOString().slice(0, 10)}: ${percent(total)} % of ${total.all} small changes to the money code make a test fail (goal ${killedPercentLeast} %). Took ${minutes} minutes on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}.`,
    '',
    'Not changed: what joins the pure core to the platform (account.ts, account-engine.ts, store.ts, schema.ts), which is tested inside workerd. Property tests run shorter here than in `npm test`.',
    '',
    '| file | noticed | share |',
    '|---|---|---|',
    ...rows,
    '',
    '## Unnoticed, and why they may stay',
    '',
    ...survivors.map(({ name, line }) => `- \`${name}\`, line ${line}: ${reasons[name] ?? 'no reason yet'}`),
    '',
  ].join('\n')
}

async function run(command: string, parameters: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, [...parameters], { cwd, stdio: 'inherit' })
  const code = await exitOf(child, runWithinMs)
  if (code !== 0)
    throw new Error(`${relative(cloneDir, command)} ${parameters[0] ?? ''} ended with ${String(code)}`)
}
