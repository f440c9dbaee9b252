// Commands with parameters that they do not know.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneDir } from './clone.ts'

function run(script: string, ...parameters: string[]) {
  const options = { cwd: cloneDir, encoding: 'utf8', timeout: 20_000 } as const
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join('dev', script), ...parameters],
    options,
  )
  return { status, output: `${stdout}${stderr}` }
}

test.each([
  ['setup.ts', ['--evn', 'production'], "✗ Unknown option '--evn'."],
  ['setup.ts', ['--env'], '✗ '],
  ['doctor.ts', ['--url', 'x'], "✗ Unknown option '--url'."],
  ['demo-kill.ts', ['--rounds', 'x'], '✗ --rounds must be a whole number from 1, not "x".'],
  ['demo-kill.ts', ['--rounds', '0'], '✗ --rounds must be a whole number from 1, not "0".'],
] as const)('%s %j ends at once with a sentence', (script, parameters, sentence) => {
  const { status, output } = run(script, ...parameters)
  expect(status).toBe(1)
  expect(output.startsWith(sentence)).toBe(true)
  expect(output).not.toContain('    at ')
})

test('every command for operators prints its help and does nothing', () => {
  for (const script of ['setup.ts', 'deploy.ts', 'doctor.ts']) {
    const { status, output } = run(script, '--help')
    expect(status).toBe(0)
    expect(output).toContain(`npm run ${script.replace('.ts', '')} -- `)
  }
})
