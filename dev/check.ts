// `npm run check`: formatter, linter, types and everything generated, a line per step. All steps run, so that one look
// shows all that is wrong; any failure ends with exit code 1. The tests are not here: `npm test`.

import { checkSteps } from './check-steps.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `✗ Node ${process.versions.node} is too old for the tools: run "npm run check", which brings its own.`,
  )
  process.exit(1)
}

const startedAt = performance.now()
const failed: string[] = []
for (const step of checkSteps) {
  const from = performance.now()
  const { problems, note = '' } = await step.run()
  console.log(`${problems.length === 0 ? '✓' : '✗'} ${step.name.padEnd(12)} ${secondsSince(from)}  ${note}`)
  for (const problem of problems) console.log(indent(problem))
  if (problems.length > 0) failed.push(step.name)
}
const summary = failed.length === 0 ? `All ${checkSteps.length} checks pass` : `Failed: ${failed.join(', ')}`
console.log(`${summary} (${secondsSince(startedAt).trim()})`)
process.exitCode = failed.length === 0 ? 0 : 1

function secondsSince(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1).padStart(5)} s`
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
