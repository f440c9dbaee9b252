// What a rebuild must bring back of a simulated account, whatever its history: the state that decides, the first outcome of
// every command, and the end of every call that was charged. Not part of the product.

import { assert } from '#core/assert.ts'
import { dayMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import type { Simulator } from './book.simulator.ts'
import { decide } from './book.ts'
import { callTimeOf } from './call-time.ts'
import { capture } from './charges.ts'
import { type Resolved, openDraft, resolvedCall } from './draft.ts'
import { captureOf } from './example-commands.ts'
import { MemoryStore } from './memory-store.ts'
import { changesOfPage, openEpoch, referencesOfEntry, replayed } from './rebuild.ts'
import type { Lookup } from './rows.ts'
import { snapshotOf, stateFrom } from './start.ts'
import type { State } from './state.ts'
import { genesisHash } from './state.ts'
import { timings } from './timings.ts'

/** So that short histories take several pages, and a call's lines fall into different ones. */
const entriesPerPage = 3
/** Call rows of younger calls are never forgotten, by any object. */
const rememberedMs = dayMs

export function checkRebuild(simulator: Simulator): void {
  const { live, store } = simulator
  const state = replayed(store.accountId, store.entries)
  same('the state', pictureOf(live), pictureOf(state))
  const middle = Math.floor(store.entries.length / 2)
  const half = snapshotOf(replayed(store.accountId, store.entries.slice(0, middle)))
  const inSteps = replayed(store.accountId, store.entries.slice(middle), half)
  same('the state, replayed in steps', pictureOf(live), pictureOf(inSteps))
  const first = [...store.references.values()].filter(({ scope }) => scope !== 'claim' && scope !== 'repeat')
  const written = store.entries.flatMap(referencesOfEntry)
  // A payment's row is written anew with each of its facts.
  const last = new Map(written.map((row) => [`${row.scope} ${row.reference}`, row]))
  same('references', textsOf(first), textsOf([...last.values()]))

  const rebuilt = rebuiltStore(simulator, state)
  const stored = rebuilt.read(simulator.nowMs)
  assert(stored !== null, 'the rebuilt account is there')
  const opened = stateFrom(stored, simulator.nowMs, timings)
  const fromLog = stateFrom({ ...stored, snapshot: null, entries: rebuilt.entries }, simulator.nowMs, timings)
  const { epoch: _, headSeq: __, levels: ___, ...asBefore } = pictureOf(live)
  const { epoch, headSeq, levels, ...asOpened } = pictureOf(opened)
  same('the opened epoch', asBefore, asOpened)
  same('the opened epoch by its log alone', { epoch, headSeq, levels, ...asOpened }, pictureOf(fromLog))
  checkCalls(simulator, { state: opened, lookup: rebuilt.lookup })
}

/** Whatever is said again about a call that was charged books nothing in the new epoch. */
function checkCalls(simulator: Simulator, rebuilt: { state: State; lookup: Lookup }): void {
  const { live, store, nowMs } = simulator
  const calls = new Set<CallId>(store.holds.keys())
  for (const callId of calls) {
    const isRemembered = (callTimeOf(callId) ?? 0) > nowMs - rememberedMs
    if (!isRemembered || live.holds.has(callId) || simulator.chargesOf(callId).length === 0) continue
    const was = resolvedCall(openDraft(live, simulator.context()), callId)
    const context = { ...simulator.context(), lookup: rebuilt.lookup }
    const is = resolvedCall(openDraft(rebuilt.state, context), callId)
    same(`the end of ${callId}`, endOf(was), endOf(is))
    if (was?.outcome === 'expired') continue
    const { answer, changes } = decide(
      rebuilt.state,
      ({ draft }) => draft !== null && capture(draft, captureOf(callId, 12_345)),
      context,
    )
    const isRepeat = typeof answer === 'object' && answer.ok && answer.state === 'repeat'
    const booked = changes?.entries.filter(({ reference }) => reference === callId) ?? []
    assert(isRepeat && booked.length === 0, `${callId} is told that it has ended`)
  }
}

function endOf(resolved: Resolved | undefined) {
  const { row, outcome, chargedNanoUsd } = resolved ?? {}
  return { outcome, chargedNanoUsd, key: row?.keyNumber, endUser: row?.endUser }
}

function rebuiltStore({ store }: Simulator, closed: State): MemoryStore {
  const rebuilt = new MemoryStore(store.accountId)
  const { nowMs } = closed
  for (let at = 0; at < store.entries.length; at += entriesPerPage) {
    const changes = changesOfPage(store.entries.slice(at, at + entriesPerPage), nowMs)
    const holds = changes.holds.map(({ row }) => ({ row, isNew: !rebuilt.holds.has(row.callId) }))
    rebuilt.write({ ...changes, holds, isCreation: at === 0 })
  }
  const command = {
    epoch: closed.epoch + 1,
    closedEpoch: closed.epoch,
    closedSeq: closed.headSeq,
    closedSumNanoUsd: closed.postedNanoUsd,
    closedHash: genesisHash,
    reason: 'a test',
  }
  const opening = { nowMs, timings, lookup: rebuilt.lookup, rowsPerSnapshot: Infinity }
  rebuilt.write(openEpoch(closed, command, opening))
  return rebuilt
}

/** All that a snapshot carries, but for what no entry says: the time of the last refusal, and the pins of open holds. */
function pictureOf(state: State) {
  const { openCallIds: _, takenAtMs: __, keys, endUsers, standing, ...rest } = snapshotOf(state)
  return {
    ...rest,
    keys: textsOf(keys),
    endUsers: textsOf(endUsers),
    standing: { ...standing, refusedAtMs: 0 },
  }
}

function textsOf(values: readonly unknown[]): readonly string[] {
  return values.map((value) => JSON.stringify(value)).sort()
}

function same(what: string, expected: object, found: object): void {
  const [a, b] = [linesOf(expected), linesOf(found)]
  const differs = [...a.filter((line) => !b.includes(line)), '≠', ...b.filter((line) => !a.includes(line))]
  assert(differs.length === 1, `a rebuild brings back ${what}:\n${differs.join('\n')}`)
}

/** One line per field, so that what differs can be read. */
function linesOf(value: object): readonly string[] {
  if (Array.isArray(value)) return value.map((line: unknown) => JSON.stringify(line))
  return Object.entries(value).map(([name, field]) => `${name} ${JSON.stringify(field)}`)
}
