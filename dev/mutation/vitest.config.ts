// The tests that a mutant has to survive: those of the pure money code, with short property runs.
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Most mutants die of a unit test in milliseconds; Vitest itself would begin with the longest file. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => Number(moduleId.includes('.property.'))
    return (await super.sort(files)).toReversed().toSorted((a, b) => isLong(a) - isLong(b))
  }
}

export default defineConfig({
  test: {
    include: ['src/ledger/**/*.test.ts', 'src/catalog/**/*.test.ts', 'src/gateway/settle.test.ts'],
    exclude: ['src/**/*.worker.test.ts'],
    environment: 'node',
    // The files are pure: one worker for all of them is many times faster than one for each.
    isolate: false,
    setupFiles: ['dev/mutation/short-properties.ts'],
    sequence: { sequencer: ShortestFirst },
    // A property run of an instrumented build, beside other work.
    testTimeout: 60_000,
    env: { PROPERTY_RUNS: '40' },
  },
})
