// What a listener hears of an account: what happened to its money since an entry, and how it stands now. Pure, and the
// same for whoever listened all the time and whoever comes back.

import type { NanoUsd } from '#core/money.ts'
import { availableOf } from './available.ts'
import type { Entry } from './entry.ts'
import { type EntryEvent, eventOfEntry } from './entry-events.ts'
import { type Level, type LevelChange, levelChangesKept, levelOf } from './levels.ts'
import type { State } from './state.ts'

export type AccountEvent =
  | {
      readonly event: 'balance'
      /** The newest entry; the balance is what stands behind it. */
      readonly seq: number
      readonly balanceNanoUsd: NanoUsd
      readonly heldNanoUsd: NanoUsd
      readonly availableNanoUsd: NanoUsd
      readonly openHolds: number
      readonly level: Level
      readonly atMs: number
    }
  | {
      readonly event: 'low_balance' | 'depleted' | 'recovered'
      readonly seq: number
      readonly balanceNanoUsd: NanoUsd
      readonly thresholdNanoUsd: NanoUsd
      readonly atMs: number
    }
  | EntryEvent

/** Whoever was away for more entries than these hears the present alone. */
export const entriesMissedMax = 1_000

/** Null for a listener that knows nothing yet; `entriesAfter` reads the log. */
export function eventsSince(
  state: State,
  seq: number | null,
  { nowMs, entriesAfter }: { nowMs: number; entriesAfter: (seq: number, limit: number) => readonly Entry[] },
): readonly AccountEvent[] {
  const now = presentOf(state, nowMs)
  if (seq === null || seq === state.headSeq || !isKnownSince(state, seq)) return [now]
  const changes = state.levels.filter((change) => change.seq > seq).map(eventOfChange)
  // The log may be ahead of the state that was made durable.
  const entries = entriesAfter(seq, entriesMissedMax)
    .filter((entry) => entry.seq <= state.headSeq)
    .flatMap((entry) => eventOfEntry(entry) ?? [])
  // The cause before its effect, where both have one number: the sort keeps their order.
  return [...[...entries, ...changes].sort((a, b) => a.seq - b.seq), now]
}

function isKnownSince({ headSeq, levels }: State, seq: number): boolean {
  const oldest = levels.length < levelChangesKept ? 0 : (levels[0]?.seq ?? 0)
  return headSeq - seq <= entriesMissedMax && oldest <= seq + 1
}

function presentOf(state: State, atMs: number): AccountEvent {
  return {
    event: 'balance',
    seq: state.headSeq,
    balanceNanoUsd: state.postedNanoUsd,
    heldNanoUsd: state.heldNanoUsd,
    availableNanoUsd: availableOf(state),
    openHolds: state.holds.size,
    level: levelOf(state.levels),
    atMs,
  }
}

const names = { ok: 'recovered', low: 'low_balance', depleted: 'depleted' } as const

function eventOfChange({ level, ...change }: LevelChange): AccountEvent {
  return { event: names[level], ...change }
}
