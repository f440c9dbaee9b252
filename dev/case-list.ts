// Reads the numbered cases of test/cases.md and the tests' comments that name them, and compares the two. Pure: text in,
// values out; dev/cases.ts reads the files and prints.

export const caseGroups = ['billing-bugs', 'dialects', 'payments', 'requirements'] as const
export type CaseGroup = (typeof caseGroups)[number]

export type Case = { group: CaseGroup; number: number; promise: string }

/** One number in one comment, with the test that stands below it. */
export type CaseMark = { group: CaseGroup; number: number; file: string; line: number; test: string }

/** Something in the list or in a comment that cannot be right; `npm run cases` fails on it. */
export type CaseProblem = { file: string; line: number; what: string }

export type CoveredCase = Case & { tests: readonly CaseMark[] }

const casePattern = /^- ([a-z-]+) (\d+): (\S.*)$/
const markPattern = /^\s*\/\/\s*(cases|requirements)\s*:(.*)$/i
const exactMarkPattern = /^\s*\/\/ (Cases|Requirements): (\S.*)$/
const numbersPattern = /^\d+(?:, \d+)*$/
/** How far below its comment a test may begin: a test's own comment may stand between. */
const linesToTestMax = 12

export function readCaseList(
  text: string,
  file: string,
): { cases: readonly Case[]; problems: readonly CaseProblem[] } {
  const cases: Case[] = []
  const problems: CaseProblem[] = []
  const seen = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.startsWith('- ')) continue
    const match = casePattern.exec(line)
    const group = groupOf(match?.[1])
    const place = { file, line: index + 1 }
    if (match === null || group === undefined) {
      problems.push({ ...place, what: `not a line of the form "- group 1: Promise.": ${line}` })
      continue
    }
    const name = `${group} ${match[2]}`
    if (seen.has(name)) problems.push({ ...place, what: `${name} stands here twice` })
    seen.add(name)
    cases.push({ group, number: Number(match[2]), promise: match[3] ?? '' })
  }
  return { cases, problems }
}

/** The numbers that the comments of one test file carry, each with the name of the test below it. */
export function readCaseMarks(
  text: string,
  file: string,
): { marks: readonly CaseMark[]; problems: readonly CaseProblem[] } {
  const marks: CaseMark[] = []
  const problems: CaseProblem[] = []
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!markPattern.test(line)) continue
    const place = { file, line: index + 1 }
    const numbers = readMark(line)
    const test = testBelow(lines, index + 1)
    if (numbers === undefined) {
      const form = '"// Cases: billing-bugs 12, 13; dialects 25" or "// Requirements: 5, 6"'
      problems.push({ ...place, what: `not of the form ${form}: ${line.trim()}` })
    } else if (test === undefined) {
      problems.push({ ...place, what: `no running test stands below: ${line.trim()}` })
    } else {
      marks.push(...numbers.map((found) => ({ ...found, ...place, test })))
    }
  }
  return { marks, problems }
}

export function compareCases(
  cases: readonly Case[],
  marks: readonly CaseMark[],
): { covered: readonly CoveredCase[]; problems: readonly CaseProblem[] } {
  const isSame = (a: { group: CaseGroup; number: number }, b: { group: CaseGroup; number: number }) =>
    a.group === b.group && a.number === b.number
  return {
    covered: cases.map((one) => ({ ...one, tests: marks.filter((mark) => isSame(mark, one)) })),
    problems: marks
      .filter((mark) => !cases.some((one) => isSame(one, mark)))
      .map(({ group, number, file, line }) => ({ file, line, what: `there is no case ${group} ${number}` })),
  }
}

function groupOf(text: string | undefined): CaseGroup | undefined {
  return caseGroups.find((group) => group === text)
}

function readMark(line: string): { group: CaseGroup; number: number }[] | undefined {
  const match = exactMarkPattern.exec(line)
  const list = match?.[2] ?? ''
  if (match?.[1] === 'Requirements') return readNumbers('requirements', list)
  const parts = list.split('; ').map((part) => {
    const space = part.indexOf(' ')
    const group = groupOf(part.slice(0, space))
    return group === undefined || group === 'requirements'
      ? undefined
      : readNumbers(group, part.slice(space + 1))
  })
  const known = parts.filter((part) => part !== undefined)
  return known.length === parts.length ? known.flat() : undefined
}

function readNumbers(group: CaseGroup, list: string): { group: CaseGroup; number: number }[] | undefined {
  if (!numbersPattern.test(list)) return undefined
  return list.split(', ').map((number) => ({ group, number: Number(number) }))
}

/** The name of the first test at or below a line; a skipped one shows nothing and does not count. */
function testBelow(lines: readonly string[], from: number): string | undefined {
  const start = lines.findIndex(
    (line, index) =>
      index >= from && index < from + linesToTestMax && /^\s*(?:it|test|describe)\b[.(`]/.test(line),
  )
  if (start === -1) return undefined
  const text = lines.slice(start).join('\n')
  const head = /^\s*(?:it|test|describe)((?:\.\w+)*)/.exec(text)
  if (head === null || /\.(?:skip|todo|fails)\b/.test(head[1] ?? '')) return undefined
  const isTable = /\.(?:each|for|skipIf|runIf)$/.test(head[1] ?? '')
  const rest = text.slice(head[0].length)
  return firstString(isTable ? afterBalanced(rest) : rest)
}

/** What follows the first balanced pair of parentheses: the call that takes a table's name. */
function afterBalanced(text: string): string {
  let depth = 0
  let quote = ''
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? ''
    if (quote !== '') {
      if (character === '\\') index += 1
      else if (character === quote) quote = ''
    } else if (`'"\``.includes(character)) quote = character
    else if (character === '(') depth += 1
    else if (character === ')') {
      depth -= 1
      if (depth === 0) return text.slice(index + 1)
    }
  }
  return ''
}

function firstString(text: string): string | undefined {
  return /^\s*\(\s*(['"`])((?:\\[^]|(?!\1)[^])*)\1/.exec(text)?.[2]
}
