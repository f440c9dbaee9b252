// Kinds of tests: pure files in plain Node, what needs the platform in workerd, the simulation, journeys against the whole
// product, storms. `npm test` runs the last two beside each other (dev/test.ts).
import { resolve } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { BalancedShards } from './dev/balanced-shards.ts'

const againstTheProduct = {
  environment: 'node' as const,
  globalSetup: ['test/world/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  fileParallelism: false,
}

export default defineConfig({
  test: {
    reporters: ['default', './dev/failed-tests.ts'],
    // What a passing test has logged hides what a failing one says.
    silent: 'passed-only',
    sequence: { sequencer: BalancedShards },
    // Of two cores vitest would leave one idle; most of the time goes to the simulation beside everything else that is pure.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'dev/**/*.test.ts', 'test/unit/**/*.test.ts'],
          exclude: ['src/**/*.worker.test.ts'],
          environment: 'node',
          // Pure files leave nothing behind: a process for each of them would be most of the time.
          isolate: false,
          // Some start a command; on a busy machine that alone takes seconds.
          testTimeout: 30_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: { ENVIRONMENT: 'development' } },
          }),
        ],
        test: {
          name: 'worker',
          include: ['src/**/*.worker.test.ts'],
          // Some write megabytes; on a busy machine that takes seconds.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          environment: 'node',
        },
      },
      {
        // test/sdk has a package.json of its own, which hides the root's `imports` from the tests in it.
        resolve: { alias: [{ find: /^#/, replacement: `${resolve(import.meta.dirname, 'src')}/` }] },
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts', 'test/drivers/**/*.test.ts', 'test/sdk/**/*.test.ts'],
          exclude: ['test/journeys/storm-*.test.ts', 'test/sdk/big/**', '**/node_modules/**'],
          setupFiles: ['test/world/judged-answers.ts'],
          ...againstTheProduct,
        },
      },
      {
        test: { name: 'storms', include: ['test/journeys/storm-*.test.ts'], ...againstTheProduct },
      },
    ],
  },
})
