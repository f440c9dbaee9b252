// The rounds of a run: in each, every subject of a section has its turn, so that a machine that grows slower or busier
// grows so for all of them.

import type { Generator, Measured } from './measure.ts'
import { measure } from './measure.ts'
import type { Plan } from './plan.ts'
import type { Figure, Section, Subject } from './sections.ts'
import { type Spread, spreadOf } from './statistics.ts'

export type Row = {
  subject: string
  figure: Figure
  value: Spread
  /** Against the bare Worker's figure of the same round. */
  against: Spread | undefined
  goal: string
}

export async function runSection(
  section: Section,
  { plan, generator, say }: { plan: Plan; generator: Generator; say: (line: string) => void },
): Promise<readonly Row[]> {
  const rounds: (readonly Measured[])[] = []
  for (const { gateway, work } of section.subjects) {
    await measure(gateway, generator, {
      ...work,
      forMs: plan.warmUpMs,
      leavesDebts: true,
    })
  }
  for (let round = 0; round < plan.repeats; round += 1) {
    const results = new Map<Subject, Measured>()
    for (const subject of turns(section.subjects, round)) {
      results.set(subject, await measure(subject.gateway, generator, subject.work))
    }
    rounds.push(section.subjects.flatMap((subject) => results.get(subject) ?? []))
    say(`${section.title}: round ${round + 1} of ${plan.repeats}`)
  }
  return section.figures.flatMap((figure) => rowsOf(section, figure, rounds))
}

/** Every other round goes backwards. */
function turns(subjects: readonly Subject[], round: number): readonly Subject[] {
  return round % 2 === 0 ? subjects : subjects.toReversed()
}

function rowsOf(section: Section, figure: Figure, rounds: readonly (readonly Measured[])[]): readonly Row[] {
  const valuesOf = (index: number) =>
    rounds.map((round) => {
      const measured = round[index]
      return measured === undefined ? Number.NaN : figure.of(measured)
    })
  const bare = valuesOf(0)
  return section.subjects.flatMap(({ name, gateway }, index) => {
    if (figure.isOfProductAlone === true && !('drained' in gateway)) return []
    const values = valuesOf(index)
    const isCompared = index > 0 && figure.against !== 'none'
    const compare = (value: number, round: number) => {
      const other = bare[round] ?? Number.NaN
      return figure.against === 'ratio' ? value / other : value - other
    }
    return {
      subject: name,
      figure,
      value: spreadOf(values),
      against: isCompared ? spreadOf(values.map(compare)) : undefined,
      goal: 'drained' in gateway && isCompared ? (figure.goal ?? '') : '',
    }
  })
}
