// `npm run test:sdk`: the big SDKs and the agents against the product. Their types first, because ours must fit into them. With
// arguments, those go to vitest: `npm run test:sdk -- claude-code`.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

import { cloneDir } from './clone.ts'
import { exitOf } from './processes.ts'

const runWithinMs = 10 * 60_000
const bin = (...path: string[]) => join(cloneDir, 'node_modules', ...path)

const types = await run(bin('typescript', 'bin', 'tsc'), ['-p', 'test/sdk/tsconfig.json'])
const tests = await run(bin('vitest', 'vitest.mjs'), [
  'run',
  '--config',
  'test/sdk/vitest.config.ts',
  ...process.argv.slice(2),
])
if (types !== 0) process.stdout.write('FAIL: the types of test/sdk.\n')
if (tests !== 0) process.stdout.write('FAIL: a test of test/sdk, or what its end found, above.\n')
process.exitCode = Math.max(types, tests)

async function run(program: string, parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...parameters], { cwd: cloneDir, stdio: 'inherit' })
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward)
  const code = await exitOf(child, runWithinMs)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, forward)
  return code ?? 1
}
