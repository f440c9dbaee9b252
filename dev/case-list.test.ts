// Holds the reader of the case list to its promises with small texts.
import { describe, expect, test } from 'vitest'

import { compareCases, readCaseList, readCaseMarks } from './case-list.ts'

const file = 'some.test.ts'
const marksOf = (...lines: string[]) => readCaseMarks(lines.join('\n'), file)
const namesOf = (marks: readonly { group: string; number: number }[]) =>
  marks.map((mark) => `${mark.group} ${mark.number}`)

describe('the case list', () => {
  test('gives each line its group, number and promise', () => {
    const { cases, problems } = readCaseList('# Head\n\n- dialects 7: Seven holds.\n', 'cases.md')
    expect(cases).toEqual([{ group: 'dialects', number: 7, promise: 'Seven holds.' }])
    expect(problems).toEqual([])
  })

  test.each([
    ['- dialects seven: Text.', 'an unreadable number'],
    ['- unknown 7: Text.', 'an unknown group'],
    ['- dialects 7:', 'no promise'],
  ])('reports %j as a problem', (line) => {
    expect(readCaseList(line, 'cases.md').problems).toMatchObject([{ file: 'cases.md', line: 1 }])
  })

  test('reports a number that stands twice', () => {
    const { problems } = readCaseList('- payments 1: A.\n- payments 1: B.', 'cases.md')
    expect(problems).toMatchObject([{ line: 2, what: 'payments 1 stands here twice' }])
  })
})

describe('the marks of a test file', () => {
  test('name every number of every group with the test below', () => {
    const { marks, problems } = marksOf(
      '',
      '// Cases: billing-bugs 12, 13; dialects 25',
      "test('a promise', () => {",
    )
    expect(problems).toEqual([])
    expect(namesOf(marks)).toEqual(['billing-bugs 12', 'billing-bugs 13', 'dialects 25'])
    expect(marks[0]).toMatchObject({ file, line: 2, test: 'a promise' })
  })

  test('may stand in two comments above one test, indented, with another comment between', () => {
    const { marks } = marksOf(
      '  // Cases: payments 1',
      '  // Requirements: 5, 6',
      '  // Why it matters.',
      '  it("a promise", () => {',
    )
    expect(namesOf(marks)).toEqual(['payments 1', 'requirements 5', 'requirements 6'])
    expect(new Set(marks.map((mark) => mark.test))).toEqual(new Set(['a promise']))
  })

  test('find the name of a table test behind its table', () => {
    const { marks } = marksOf(
      '// Cases: dialects 1',
      'test.each([',
      "  ['(a)', 1],",
      "])('a promise about %s', (a) => {",
    )
    expect(marks[0]?.test).toBe('a promise about %s')
  })

  test('find a name that stands on the next line', () => {
    const { marks } = marksOf('// Cases: dialects 1', 'test(', "  'a long promise',")
    expect(marks[0]?.test).toBe('a long promise')
  })

  test.each([
    ['// Cases: billing-bugs 1-4'],
    ['// Cases: 12'],
    ['// Cases: unknown 12'],
    ['// cases: dialects 1'],
    ['// Cases: requirements 1'],
    ['// Cases: dialects 1, billing-bugs 2'],
    ['// Requirements: five'],
    ['//Cases: dialects 1'],
  ])('that are written as %j are a problem, not silence', (comment) => {
    const { marks, problems } = marksOf(comment, "test('a promise', () => {")
    expect(marks).toEqual([])
    expect(problems).toHaveLength(1)
  })

  test.each([["test.skip('a promise', () => {"], ["test.todo('a promise')"], ['const a = 1']])(
    'above %j count for nothing',
    (below) => {
      const { marks, problems } = marksOf('// Cases: dialects 1', below)
      expect(marks).toEqual([])
      expect(problems).toHaveLength(1)
    },
  )
})

describe('the comparison', () => {
  const { cases } = readCaseList('- dialects 1: One.\n- dialects 2: Two.', 'cases.md')

  test('gives each case its tests', () => {
    const { marks } = marksOf('// Cases: dialects 2', "test('two', () => {")
    const { covered, problems } = compareCases(cases, marks)
    expect(covered.map((one) => one.tests.length)).toEqual([0, 1])
    expect(problems).toEqual([])
  })

  test('reports a number that is not in the list', () => {
    const { marks } = marksOf('// Cases: dialects 3', "test('three', () => {")
    expect(compareCases(cases, marks).problems).toEqual([
      { file, line: 1, what: 'there is no case dialects 3' },
    ])
  })
})
