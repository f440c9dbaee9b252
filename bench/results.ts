// The figures as people read them: lines on the terminal while the bench runs, and the page bench/RESULTS.md.

import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { cloneDir } from '../dev/clone.ts'
import { type Throughput, objectCallers } from './object-throughput.ts'
import type { ObjectWork } from './object-work.ts'
import type { Row } from './rounds.ts'
import type { Section } from './sections.ts'
import type { Spread } from './statistics.ts'
import { workerdPath } from './workerd.ts'

export type Results = {
  planName: string
  repeats: number
  date: string
  sections: readonly { section: Section; rows: readonly Row[] }[]
  objectWork: readonly ObjectWork[]
  throughput: Throughput
  /** Megabytes after the start and at the end. */
  memory: readonly { name: string; beforeMb: number; afterMb: number }[]
  longStream: string | undefined
  /** How many processes wanted a core when the run began and when it ended: others' work blurs the figures. */
  load: { before: number; after: number }
}

export function lineOf(row: Row): string {
  const { subject, figure, value } = row
  return `  ${figure.name.padEnd(24)} ${subject.padEnd(34)} ${spread(value, figure.digits).padEnd(28)} ${comparison(row)}`
}

export function resultsPage(results: Results): string {
  const { planName, repeats, date, sections, objectWork, throughput, memory, longStream, load } = results
  const parts = [
    '# Bench results',
    '',
    `Written by \`npm run bench\` (${planName} run, ${date}). Medians of ${repeats} interleaved rounds, the smallest and the largest round in brackets; "against bare" compares within each round.`,
    '',
    `Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}. Node ${process.versions.node}, ${workerdVersion()}, commit ${commit()}. Load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after the run.`,
    '',
    'Both Workers run in workerd itself, one process each, on the same core; upstream and load generator share the others. CPU is the user and system time of the workerd process. "Product" is everything on: balance, two budgets per key, requests and tokens per minute, the hash chain, the log line, and the outbox, whose flush and confirmation are waited for before the time is read. Postgres and the queue consumer are not in it.',
    '',
    ...sections.flatMap(({ section, rows }) => sectionLines(section, rows)),
    ...objectLines(objectWork),
    ...throughputLines(throughput),
    ...(longStream === undefined ? [] : ['## Long streams', '', longStream, '']),
    '## Memory',
    '',
    '| process | MB after the start | MB at the end |',
    '|---|---|---|',
    ...memory.map(({ name, beforeMb, afterMb }) => `| ${name} | ${beforeMb} | ${afterMb} |`),
    '',
  ]
  return parts.join('\n')
}

function sectionLines(section: Section, rows: readonly Row[]): readonly string[] {
  return [
    `## ${section.title}`,
    '',
    section.explanation,
    '',
    '| figure | subject | median (min–max) | against bare | goal |',
    '|---|---|---|---|---|',
    ...rows.map((row) => {
      const { subject, figure, value, goal } = row
      return `| ${figure.name} | ${subject} | ${spread(value, figure.digits)} | ${comparison(row)} | ${goal} |`
    }),
    '',
  ]
}

function objectLines(objectWork: readonly ObjectWork[]): readonly string[] {
  return [
    '## Rows written and object calls per request',
    '',
    'Rows by `cursor.rowsWritten`, each alarm set counted as one, the flush of the outbox included; the confirmation that follows when Postgres has the entries stands apart.',
    '',
    '| call | rows | goal | rows of the confirmation | object calls |',
    '|---|---|---|---|---|',
    ...objectWork.map(
      ({ name, goal, rows, rowsOfConfirmation, calls }) =>
        `| ${name} | ${rows.toFixed(2)} | ${goal} | ${rowsOfConfirmation.toFixed(2)} | ${calls.toFixed(2)} |`,
    ),
    '',
  ]
}

function throughputLines({ alone, together, ratio }: Throughput): readonly string[] {
  return [
    '## One account object alone',
    '',
    `${objectCallers} callers by RPC, each an admission and a charge, one call after the other; storage on disk as workerd syncs it. One command per commit against groups as shipped: the same class, the same SQL, taking turns.`,
    '',
    '| | calls/s: median (min–max) |',
    '|---|---|',
    `| one command per commit | ${spread(alone, 0)} |`,
    `| as shipped | ${spread(together, 0)} |`,
    `| ratio (goal ≥ 3) | ${spread(ratio, 2)} |`,
    '',
  ]
}

function comparison({ figure, against }: Row): string {
  if (against === undefined) return ''
  const text = spread(against, 2)
  return figure.against === 'ratio' ? `× ${text}` : `+ ${text} ms`
}

function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: cloneDir, encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--', 'src', 'bench', ':!bench/RESULTS.md') !== ''
  return `${git('rev-parse', '--short=10', 'HEAD')}${isChanged ? ' with changes' : ''}`
}

function workerdVersion(): string {
  return execFileSync(workerdPath(), ['--version'], { encoding: 'utf8' }).trim()
}
