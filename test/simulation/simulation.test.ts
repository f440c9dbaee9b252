// 3,000 schedules with every commit, and every planted bug, searched first where it was found last. The command runs in
// processes of its own, because it replaces the platform's clock and loads the shipped files through hooks.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const seeds = 3_000
const withinMs = 600_000

test(
  `${seeds} schedules of crashes, losses and repeats keep every promise about money`,
  { timeout: withinMs },
  async () => {
    expect(await simulate(['--seeds', String(seeds)])).toBe(0)
  },
)

test('every planted bug is found within 1,000 schedules', { timeout: withinMs }, async () => {
  expect(await simulate(['--planted', '--near'])).toBe(0)
})

function simulate(parameters: readonly string[]): Promise<number | null> {
  const command = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'simulate.ts')]
  const child = spawn(process.execPath, [...command, ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve) => void child.on('close', resolve))
}
