// The tests that a mutant has to survive: those of the pure money code, with short property runs.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/ledger/**/*.test.ts', 'src/catalog/**/*.test.ts', 'src/gateway/settle.test.ts'],
    exclude: ['src/**/*.worker.test.ts'],
    environment: 'node',
    // A property run of an instrumented build, beside other work.
    testTimeout: 60_000,
    env: { PROPERTY_RUNS: '40' },
  },
})
