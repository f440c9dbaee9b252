// The tests of `npm run test:sdk`, against a world of their own. Apart from the root's, whose `npm test` needs none of the
// packages beside this file.

import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  // The package.json beside this file hides the root's `imports` from the tests in this folder.
  resolve: { alias: [{ find: /^#/, replacement: `${resolve(import.meta.dirname, '../../src')}/` }] },
  test: {
    name: 'sdk',
    reporters: ['default', './dev/failed-tests.ts'],
    silent: 'passed-only',
    include: ['test/sdk/big/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['test/world/global-setup.ts'],
    setupFiles: ['test/world/judged-answers.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
