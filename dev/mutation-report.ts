// What a report of the mutation tests says: the share of noticed changes per file, the unnoticed ones by name, and the
// page of them. Pure; mutate.ts runs Stryker and writes.

/** Of Stryker's report: what is read of it. */
export type Mutant = {
  mutatorName: string
  replacement?: string
  status: 'Killed' | 'Survived' | 'Timeout' | 'NoCoverage' | 'Ignored' | 'CompileError' | 'RuntimeError'
  /** The tests that noticed it. */
  killedBy?: readonly string[]
  location: { start: { line: number; column: number }; end: { line: number; column: number } }
}
export type MutatedFile = { source: string; mutants: readonly Mutant[] }
export type Report = { files: { readonly [file: string]: MutatedFile } }

/** Why an unnoticed change may stay, by the survivor's name. */
export type Reasons = { readonly [name: string]: string }

export type Score = { readonly file: string; readonly noticed: number; readonly all: number }

/** An unnoticed change: its file, its line as it is and as it became. The name is the key of a reason, so no line number is in it. */
export type Survivor = { readonly file: string; readonly line: number; readonly name: string }

/** Everything that the page tells. */
export type Findings = {
  readonly scores: readonly Score[]
  readonly survivors: readonly Survivor[]
  readonly reasons: Reasons
  /** Reasons whose change is noticed by now, or gone. */
  readonly stale: readonly string[]
  /** Files whose text or killing tests changed since they were measured, or that never were. */
  readonly notMeasured: readonly string[]
  /** Changes of what is evaluated once, when a file is loaded (tables, constants); Stryker leaves them out. */
  readonly staticCount: number
}

/** `isCurrent` tells whether a file was measured as it stands now. */
export function findingsOf(
  report: Report,
  {
    files,
    reasons,
    isCurrent,
  }: { files: readonly string[]; reasons: Reasons; isCurrent: (file: string) => boolean },
): Findings {
  const isMeasured = (file: string) => isCurrent(file) && !hasLostTests(report.files[file])
  const measured = files.filter((file) => isMeasured(file))
  const found = measured.flatMap((file) => {
    const mutated = report.files[file]
    return mutated === undefined || mutated.mutants.length === 0 ? [] : [{ file, mutated }]
  })
  const survivors = found.flatMap(({ file, mutated }) => survivorsOf(file, mutated))
  const names = new Set(survivors.map(({ name }) => name))
  const notMeasured = files.filter((file) => !measured.includes(file))
  const isUnknown = (name: string) => notMeasured.some((file) => name.startsWith(`${file}: `))
  return {
    scores: found.map(({ file, mutated }) => scoreOf(file, mutated.mutants)).filter(({ all }) => all > 0),
    survivors,
    reasons,
    stale: Object.keys(reasons).filter((name) => !names.has(name) && !isUnknown(name)),
    notMeasured,
    staticCount: found.flatMap(({ mutated }) => mutated.mutants).filter(({ status }) => status === 'Ignored')
      .length,
  }
}

export function sumOf(all: readonly Score[]): Score {
  const add = (pick: (score: Score) => number) => all.reduce((sum, score) => sum + pick(score), 0)
  return { file: 'all', noticed: add(({ noticed }) => noticed), all: add((score) => score.all) }
}

/** Rounded down to a tenth, so that 90 is never less than 90. */
export function percent({ noticed, all }: Score): number {
  return all === 0 ? 100 : Math.floor((noticed / all) * 1_000) / 10
}

export function unexplainedOf({ survivors, reasons }: Findings): readonly Survivor[] {
  return survivors.filter(({ name }) => reasons[name] === undefined)
}

export function pageOf(
  findings: Findings,
  { day, machine, goal, commit }: { day: string; machine: string; goal: number; commit: string },
): string {
  const { scores, survivors, reasons, notMeasured, staticCount } = findings
  const total = sumOf(scores)
  const missing =
    notMeasured.length === 0
      ? []
      : [`**Not measured as they stand now (${notMeasured.length} files):** ${notMeasured.join(', ')}.`, '']
  return [
    '# Mutation tests',
    '',
    `Written by \`npm run mutate\` on ${day} at commit ${commit} (${machine}): ${percent(total)} % of ${total.all} small changes to the money code make a test fail (goal ${goal} %).`,
    '',
    ...missing,
    'A result is kept between runs as long as its line and the test that noticed it stay as they are (`--fresh` forgets them all).',
    '',
    `Not changed: what joins the pure core to the platform (the account object, its store, its alarm), which is tested inside workerd, and what exists for tests alone. ${staticCount} changes to what is evaluated once, when a file is loaded (tables, constants), are left out as well (\`ignoreStatic\`). Property tests run shorter here than in \`npm test\`.`,
    '',
    '| file | noticed | share |',
    '|---|---|---|',
    ...scores.map((score) => `| ${score.file} | ${score.noticed} of ${score.all} | ${percent(score)} % |`),
    '',
    '## Unnoticed, and why they may stay',
    '',
    ...survivors.map(({ name, line }) => `- \`${name}\`, line ${line}: ${reasons[name] ?? 'no reason yet'}`),
    '',
  ].join('\n')
}

/** Stryker keeps an old result of a file that it did not run, and strikes the tests that have changed out of it. */
function hasLostTests(file: MutatedFile | undefined): boolean {
  return file?.mutants.some(({ status, killedBy }) => status === 'Killed' && killedBy?.length === 0) ?? false
}

function scoreOf(file: string, mutants: readonly Mutant[]): Score {
  const counted = mutants.filter((mutant) => isNoticed(mutant) || isUnnoticed(mutant))
  return { file, noticed: counted.filter(isNoticed).length, all: counted.length }
}

/** A change that makes the code run for ever is noticed by its time limit. */
function isNoticed({ status }: Mutant): boolean {
  return status === 'Killed' || status === 'Timeout'
}

function isUnnoticed({ status }: Mutant): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

function survivorsOf(file: string, { source, mutants }: MutatedFile): Survivor[] {
  const lines = source.split('\n')
  return mutants.filter(isUnnoticed).map(({ mutatorName, replacement, location: { start, end } }) => {
    const line = lines[start.line - 1] ?? ''
    const changed = line.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined)
    const name = `${file}: ${short(line)} | ${short(changed)} → ${short(replacement ?? '')} (${mutatorName})`
    return { file, line: start.line, name }
  })
}

function short(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, 80)
}
