// A reporter of vitest that keeps one line per failed test in the file named by FAILED_TESTS, so that a run of several parts can
// say at its very end what failed. Without that name it does nothing.

import { appendFileSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/** Names the file. */
const fileName = 'FAILED_TESTS'
const messageMax = 300

export default class FailedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env[fileName]
    if (file === undefined) return
    const lines = [...modules.flatMap(failuresOf), ...unhandled.map((error) => `✗ ${firstLine(error)}`)]
    for (const line of lines) appendFileSync(file, `${line}\n`)
  }
}

function failuresOf(module: TestModule): readonly string[] {
  const where = `✗ ${module.project.name} ${module.relativeModuleId}`
  const tests = [...module.children.allTests('failed')].map(
    (test) => `${where} > ${test.fullName}: ${firstLine(test.result().errors?.[0])}`,
  )
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors())
  return [...tests, ...[...module.errors(), ...suites].map((error) => `${where}: ${firstLine(error)}`)]
}

function firstLine(error: { message: string } | undefined): string {
  const [line = ''] = (error?.message ?? 'no message').split('\n')
  return line.slice(0, messageMax)
}
