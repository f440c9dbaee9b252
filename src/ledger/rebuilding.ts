// The steps of a rebuild inside the object, each in one transaction and each repeatable: clear, take the closed log page by
// page, open the new epoch. A process that dies between two steps leaves the row of rebuild-store.ts, and the next ask goes on.

import type { AccountId } from '#core/ids.ts'
import type { Context } from './draft.ts'
import type { BeginRebuild, FinishRebuild, RebuildAnswer, TakeEntries } from './rebuild-commands.ts'
import { clearForRebuild, endRebuild, rebuildingIn } from './rebuild-store.ts'
import { changesOfPage, openEpoch, replayed } from './rebuild.ts'
import type { Changes } from './rows.ts'
import { snapshotOf } from './start.ts'
import type { State } from './state.ts'
import type { Store } from './store.ts'

export type RebuildParts = {
  readonly sql: SqlStorage
  readonly store: Store
  readonly transaction: (write: () => void) => void
  readonly state: () => State | null
  /** Memory follows the rows. */
  readonly reload: () => void
  readonly context: () => Context
}

const nothingWritten: Omit<Changes, 'nowMs'> = {
  isCreation: false,
  entries: [],
  holds: [],
  references: [],
  answers: [],
  marks: null,
  snapshot: null,
  erasedSeq: null,
}

const entriesPerRead = 1_000
/** So that no step replays more, however long the log is: a second of the platform's 30. */
const entriesPerSnapshot = 20_000

export function beginRebuild(command: BeginRebuild, parts: RebuildParts): RebuildAnswer {
  const { sql, store } = parts
  const state = parts.state()
  if (state !== null && state.epoch >= command.epoch)
    return { ok: true, headSeq: state.headSeq, isOpen: true }
  const known = rebuildingIn(sql)
  if (known?.epoch === command.epoch) return { ok: true, headSeq: store.headSeq(), isOpen: false }
  if (state !== null && !command.isDiscarding) return { ok: false, code: 'not_empty' }
  const { accountId, epoch } = command
  parts.transaction(() => {
    clearForRebuild(sql, { accountId, epoch })
    store.readDays()
    store.write({ ...nothingWritten, isCreation: true, nowMs: parts.context().nowMs })
  })
  parts.reload()
  return { ok: true, headSeq: 0, isOpen: false }
}

export function takeEntries(command: TakeEntries, parts: RebuildParts): RebuildAnswer {
  const { sql, store } = parts
  const rebuilding = rebuildingIn(sql)
  if (rebuilding?.epoch !== command.epoch) return { ok: false, code: 'not_begun' }
  const headSeq = store.headSeq()
  const entries = command.entries.filter(({ seq }) => seq > headSeq)
  if (entries.some(({ seq }, index) => seq !== headSeq + 1 + index)) return { ok: false, code: 'gap' }
  const { nowMs } = parts.context()
  parts.transaction(() => {
    store.write(changesOfPage(entries, nowMs))
    keepReplay(store, { accountId: rebuilding.accountId, nowMs })
  })
  return { ok: true, headSeq: headSeq + entries.length, isOpen: false }
}

export function finishRebuild(command: FinishRebuild, parts: RebuildParts): RebuildAnswer {
  const { sql, store } = parts
  const open = parts.state()
  if (open !== null && open.epoch >= command.epoch) return { ok: true, headSeq: open.headSeq, isOpen: true }
  const rebuilding = rebuildingIn(sql)
  if (rebuilding?.epoch !== command.epoch) return { ok: false, code: 'not_begun' }
  const state = replayOf(store, rebuilding.accountId)
  const isWhole = state.headSeq === command.closedSeq && state.postedNanoUsd === command.closedSumNanoUsd
  if (!isWhole) return { ok: false, code: 'differs' }
  parts.transaction(() => {
    store.write(openEpoch(state, command, parts.context()))
    endRebuild(sql)
  })
  parts.reload()
  return { ok: true, headSeq: command.closedSeq + 1, isOpen: true }
}

/** The next step replays from here. */
function keepReplay(store: Store, { accountId, nowMs }: { accountId: AccountId; nowMs: number }): void {
  const from = store.snapshot()?.headSeq ?? 0
  if (store.headSeq() - from < entriesPerSnapshot) return
  const snapshot = snapshotOf(replayOf(store, accountId))
  store.write({ ...nothingWritten, nowMs, snapshot })
}

function replayOf(store: Store, accountId: AccountId): State {
  const snapshot = store.snapshot()
  return replayed(accountId, entriesAfter(store, snapshot?.headSeq ?? 0), snapshot)
}

function* entriesAfter(store: Store, afterSeq: number) {
  for (let after = afterSeq; ;) {
    const page = store.entriesAfter(after, entriesPerRead)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.seq
  }
}
