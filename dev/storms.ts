// `npm run storms`: the storms of test/journeys at real scale and fifty kills, where `npm test` runs them small. Takes about
// half an hour. Writes what they measured to docs/storms.md; a storm that fails leaves the page as it is.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

import { cloneDir } from './clone.ts'
import { readCommandLine } from './command-line.ts'
import { exitOf } from './processes.ts'

/** What one storm printed. */
type Storm = { name: string; figures: { readonly [figure: string]: string | number } }

const runWithinMs = 90 * 60_000

const help = `npm run storms -- --only kill --kills 5 --scale 20 --seed 1

Runs the storms at real scale and fifty kills. --only takes a part of a file's name: race, object, limits, kill, crowd, upstream.
docs/storms.md is written anew by a whole run that passes.`

const { values: flags } = readCommandLine(help, {
  options: {
    scale: { type: 'string', default: '1' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'sluice-storms-'))
const figuresFile = join(folder, 'figures.jsonl')
writeFileSync(figuresFile, '')
try {
  const code = await runVitest()
  const storms = readFileSync(figuresFile, 'utf8').split('\n').filter(Boolean).map(readStorm)
  if (code === 0 && flags.only === '') writeFileSync(join(cloneDir, 'docs', 'storms.md'), pageOf(storms))
  process.exitCode = code ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function runVitest(): Promise<number | null> {
  const vitest = join(cloneDir, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', '--project', 'storms', `test/journeys/storm-${flags.only}`]
  const { scale, kills, seed } = flags
  const child = spawn(process.execPath, args, {
    cwd: cloneDir,
    stdio: 'inherit',
    env: {
      ...process.env,
      STORM_SCALE: scale,
      STORM_KILLS: kills,
      STORM_SEED: seed,
      STORM_FIGURES: figuresFile,
    },
  })
  return exitOf(child, runWithinMs)
}

/** Written by test/world/storm.ts. */
function readStorm(line: string): Storm {
  return JSON.parse(line) as Storm
}

function pageOf(storms: readonly Storm[]): string {
  const workerd: { version: string } = JSON.parse(
    readFileSync(join(cloneDir, 'node_modules', 'workerd', 'package.json'), 'utf8'),
  )
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`
  return [
    '# Storms',
    '',
    `Written by \`npm run storms\` on ${new Date().toISOString().slice(0, 10)} with seed ${flags.seed}, time divided by ${flags.scale}. \`npm test\` runs the same storms with time twelve times as fast and six kills.`,
    '',
    `Machine: ${machine}. Node ${process.versions.node}, workerd ${workerd.version}.`,
    '',
    'What each storm promises is the name of its test (test/journeys/storm-*.test.ts). A storm that broke its promise would not stand here. "Acknowledged" means: a hold whose client has seen the headers of its answer, a charge that the account\'s object has confirmed to the Worker. A charge that a client has read in its last frame in the very moment of a kill, before that confirmation, may end as the last checkpoint of its hold, which is never more.',
    '',
    'Two storms keep their own pace at every scale: SIGKILL always runs with time twenty times as fast, so that holds write checkpoints between two kills; requests and tokens per minute are counted over a real minute.',
    '',
    ...storms.flatMap(sectionOf),
  ].join('\n')
}

function sectionOf({ name, figures }: Storm): readonly string[] {
  const rows = Object.entries(figures).map(([figure, value]) => `| ${figure} | ${value} |`)
  return [
    `## ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    '',
    '| figure | value |',
    '|---|---|',
    ...rows,
    '',
  ]
}
