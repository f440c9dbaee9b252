// `npm test`: all tests. Pure ones, the platform's and the simulation first; then, beside each other, the journeys in four parts
// and the storms, which mostly wait, each with a world of its own. With arguments it is vitest alone: `npm test -- --project unit src/ledger`.

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

import { ReceivedCodes, codesFileName } from '../test/world/received-codes.ts'
import { cloneDir } from './clone.ts'
import { exitOf } from './processes.ts'

const runWithinMs = 30 * 60_000
const quick = ['unit', 'worker', 'simulation']
const withProduct = [
  ['--project', 'journeys', '--shard', '1/4'],
  ['--project', 'journeys', '--shard', '2/4'],
  ['--project', 'journeys', '--shard', '3/4'],
  ['--project', 'journeys', '--shard', '4/4'],
  ['--project', 'storms'],
]

const startedAt = performance.now()
const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 1
  })

const args = process.argv.slice(2)
process.exitCode = args.length > 0 ? await vitest(args) : await everything()

/** All are run even if the first fail, so that one look shows everything. */
async function everything(): Promise<number> {
  const first = await vitest(projects(quick))
  const received = new ReceivedCodes()
  const codes = { [codesFileName]: received.file }
  const rest = await Promise.all(withProduct.map((parameters) => vitest(parameters, codes)))
  const missing = Math.max(...rest) === 0 ? received.missing() : []
  received.remove()
  if (missing.length > 0)
    process.stdout.write(`FAIL: no journey has received the refusals ${missing.join(', ')}.\n`)
  const code = Math.max(first, ...rest, missing.length > 0 ? 1 : 0)
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  const verdict = code === 0 ? 'All tests pass' : 'Some tests failed: look for "FAIL" above'
  process.stdout.write(`\n${verdict} (${seconds} s)\n`)
  return code
}

function projects(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => ['--project', name])
}

async function vitest(parameters: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<number> {
  const program = join(cloneDir, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [program, 'run', ...parameters], {
    cwd: cloneDir,
    env: { ...process.env, ...more },
    stdio: 'inherit',
  })
  running.add(child)
  const code = await exitOf(child, runWithinMs)
  running.delete(child)
  return code ?? 1
}
