// What was decided last stands, in whatever order the lines of a closed epoch are booked again: a line that is told after one
// that was decided later changes only what that one has left alone.

import { minuteMs } from '#core/clock.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'

/** Where a line stood when it was decided: an epoch opens when the one before it is over, whatever the clocks say. */
export type Decided = { readonly epoch: number; readonly seq: number }

/** The clocks of two machines differ by less: no line of a later epoch seems older than this. */
const clocksDifferMaxMs = minuteMs
/** Since an object was lost so many changes of one kind; older ones are not looked at. */
const changesMax = 1_000

/** A line that was booked again says where it stood first. */
export function decidedOf({ epoch, seq, detail }: Pick<Entry, 'epoch' | 'seq' | 'detail'>): Decided {
  const said: unknown = isObject(detail) ? detail['decided'] : undefined
  const first = isObject(said) ? { epoch: readWhole(said['epoch']), seq: readWhole(said['seq']) } : {}
  return first.epoch === undefined || first.seq === undefined
    ? { epoch, seq }
    : { epoch: first.epoch, seq: first.seq }
}

/** The lines of its kind that stand in the books and were decided after it. */
export function decidedAfter(draft: Draft, line: Entry): readonly Entry[] {
  const { lookup } = draft.context
  const stored = lookup.newestOfKind(line.kind, line.createdAtMs - clocksDifferMaxMs, changesMax)
  const own = decidedOf(line)
  return [...stored, ...draft.entries].filter(
    (entry) => entry.kind === line.kind && isAfter(decidedOf(entry), own),
  )
}

/** What the named values of a line are once those that the later ones name are gone. */
export function withoutLater<Values extends object>(
  values: Values,
  later: readonly { readonly [name: string]: unknown }[],
): Partial<Values> {
  const left: Partial<Values> = { ...values }
  for (const named of later)
    for (const name of namesIn(left)) if (Object.hasOwn(named, name)) delete left[name]
  return left
}

function namesIn<Values extends object>(values: Values): (keyof Values & string)[] {
  // TypeScript does not know the names of an object that it was given whole.
  return Object.keys(values) as (keyof Values & string)[]
}

function isAfter(one: Decided, other: Decided): boolean {
  return one.epoch === other.epoch ? one.seq > other.seq : one.epoch > other.epoch
}
