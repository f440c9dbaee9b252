// `npm run cases`: which cases of test/cases.md have a test and which have none. Fails on a number that does not exist.
// Flags: --untested lists only what has no test, --json prints everything as one JSON document.

import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { caseGroups, compareCases, readCaseList, readCaseMarks } from './case-list.ts'
import type { CoveredCase } from './case-list.ts'

const root = resolve(import.meta.dirname, '..')
const listFile = 'test/cases.md'
const testFiles = ['src/**/*.test.ts', 'test/**/*.test.ts', 'dev/**/*.test.ts']

const { values: flags } = parseArgs({ options: { untested: { type: 'boolean' }, json: { type: 'boolean' } } })

const list = readCaseList(readFileSync(resolve(root, listFile), 'utf8'), listFile)
const files = globSync(testFiles, { cwd: root }).toSorted()
const read = files.map((file) => readCaseMarks(readFileSync(resolve(root, file), 'utf8'), file))
const { covered, problems: strangers } = compareCases(
  list.cases,
  read.flatMap(({ marks }) => marks),
)
const problems = [...list.problems, ...read.flatMap((one) => one.problems), ...strangers]

if (flags.json) {
  console.log(JSON.stringify({ cases: covered, problems }, null, 2))
} else {
  for (const group of caseGroups) printGroup(covered.filter((one) => one.group === group))
}
for (const { file, line, what } of problems) console.error(`✗ ${file}:${line}: ${what}`)
process.exitCode = problems.length > 0 ? 1 : 0

function printGroup(cases: readonly CoveredCase[]): void {
  const tested = cases.filter((one) => one.tests.length > 0)
  console.log(`\n${cases[0]?.group}: ${tested.length} of ${cases.length} have a test`)
  if (!flags.untested) for (const one of tested) printTested(one)
  for (const one of cases.filter(({ tests }) => tests.length === 0)) {
    console.log(`  – ${one.number}  ${one.promise}`)
  }
}

function printTested({ number, promise, tests }: CoveredCase): void {
  console.log(`  ✓ ${number}  ${promise}`)
  for (const { file, line, test } of tests) console.log(`        ${file}:${line}  ${test}`)
}
