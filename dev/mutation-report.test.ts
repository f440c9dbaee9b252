import { describe, expect, test } from 'vitest'

import { type Mutant, findingsOf, pageOf, percent, sumOf, unexplainedOf } from './mutation-report.ts'

const source = 'const a = 1\nreturn a > 0\n'
const at = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
})
const killed: Mutant = {
  mutatorName: 'Numeric',
  replacement: '2',
  status: 'Killed',
  killedBy: ['7'],
  location: at(1, 11, 12),
}
const survived: Mutant = {
  mutatorName: 'EqualityOperator',
  replacement: 'a >= 0',
  status: 'Survived',
  location: at(2, 8, 13),
}
const name = 'src/a.ts: return a > 0 | a > 0 → a >= 0 (EqualityOperator)'

function find(mutants: readonly Mutant[], reasons = {}, isCurrent = true) {
  const report = { files: { 'src/a.ts': { source, mutants } } }
  return findingsOf(report, { files: ['src/a.ts'], reasons, isCurrent: () => isCurrent })
}

describe('the score of a file', () => {
  const cases: readonly (readonly [string, Mutant['status'], number, number])[] = [
    ['a change that a test notices counts', 'Killed', 1, 1],
    ['one that runs for ever is noticed', 'Timeout', 1, 1],
    ['one that no test notices lowers it', 'Survived', 0, 1],
    ['one that no test reaches lowers it', 'NoCoverage', 0, 1],
    ['one that is left out does not count', 'Ignored', 0, 0],
    ['one that does not compile does not count', 'CompileError', 0, 0],
  ]
  test.each(cases)('%s', (_, status, noticed, all) => {
    const score = { file: 'src/a.ts', noticed, all }
    expect(find([{ ...killed, status }]).scores).toEqual(all === 0 ? [] : [score])
  })

  test('is rounded down, so that the goal is never reached by rounding', () => {
    expect(percent({ file: '', noticed: 8_999, all: 10_000 })).toBe(89.9)
  })

  test('counts changes and not files in the sum', () => {
    const sum = sumOf([
      { file: 'a', noticed: 1, all: 1 },
      { file: 'b', noticed: 1, all: 3 },
    ])
    expect(percent(sum)).toBe(50)
  })
})

describe('reasons', () => {
  test('a survivor without one is named by its line as it is and as it became', () => {
    expect(unexplainedOf(find([killed, survived]))).toEqual([{ file: 'src/a.ts', line: 2, name }])
  })

  test('a survivor with one is explained', () => {
    expect(unexplainedOf(find([survived], { [name]: 'equivalent' }))).toEqual([])
  })

  test('one whose survivor is noticed by now is stale', () => {
    expect(find([killed], { [name]: 'equivalent' }).stale).toEqual([name])
    expect(find([survived], { [name]: 'equivalent' }).stale).toEqual([])
  })

  test('one of a file that is not measured is not judged', () => {
    expect(find([killed], { [name]: 'equivalent' }, false).stale).toEqual([])
  })
})

describe('what is not measured', () => {
  test('a file that changed since counts for nothing and is named', () => {
    expect(find([killed, survived], {}, false)).toMatchObject({
      scores: [],
      survivors: [],
      notMeasured: ['src/a.ts'],
    })
  })

  test('nor does one whose noticing test has changed', () => {
    expect(find([{ ...killed, killedBy: [] }]).notMeasured).toEqual(['src/a.ts'])
  })
})

test('the page tells each survivor with its reason, and how many changes were left out', () => {
  const findings = find([killed, survived, { ...killed, status: 'Ignored' }], { [name]: 'zero is not used' })
  const page = pageOf(findings, { day: '2026-01-01', machine: 'one core', goal: 90, commit: 'abc1234' })
  expect(page).toContain('at commit abc1234')
  expect(page).toContain('50 % of 2 small changes')
  expect(page).toContain('1 changes to what is evaluated once')
  expect(page).toContain(`- \`${name}\`, line 2: zero is not used`)
  expect(page).not.toContain('Not measured')
})
