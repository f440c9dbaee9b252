// The account's rows in plain memory, for tests and simulation: as strict as the object's SQLite, read by the same start.

import { assert } from '#core/assert.ts'
import type { AccountId, CallId } from '#core/ids.ts'
import { callTimeOf, dayOf, oldestKeptDay } from './call-time.ts'
import { withoutPersonalTexts } from './chain.ts'
import type { StoredAnswer } from './claim.ts'
import type { Entry } from './entry.ts'
import { rateWindowMs } from './rate.ts'
import { isMoneyOfCall } from './reversals.ts'
import type { Changes, HoldRow, Lookup, ReferenceRow, Snapshot } from './rows.ts'
import type { Stored } from './start.ts'
import { firstCallIdToRead } from './start.ts'
import type { Marks } from './state.ts'

export class MemoryStore {
  readonly accountId: AccountId
  readonly entries: Entry[] = []
  readonly holds = new Map<CallId, HoldRow>()
  readonly references = new Map<string, ReferenceRow>()
  readonly answers = new Map<CallId, StoredAnswer>()
  marks: Marks | null = null
  snapshot: Snapshot | null = null
  rowsWritten = 0
  #isCreated = false

  constructor(accountId: AccountId) {
    this.accountId = accountId
  }

  write(changes: Changes): void {
    assert(changes.isCreation !== this.#isCreated, 'an account is created once, before anything else')
    this.#isCreated = true
    for (const entry of changes.entries) this.#append(entry)
    for (const { row, isNew } of changes.holds) this.#putHold(row, isNew)
    for (const row of changes.references) {
      const name = `${row.scope} ${row.reference}`
      const isOnce = row.scope !== 'claim' && row.scope !== 'payment'
      assert(!isOnce || !this.references.has(name), 'a reference is written once')
      this.references.set(name, row)
    }
    if (changes.erasedSeq !== null) this.#erase(changes.erasedSeq)
    for (const { callId, answer } of changes.answers) this.answers.set(callId, answer)
    this.marks = changes.marks ?? this.marks
    this.snapshot = changes.snapshot === null ? this.snapshot : structuredClone(changes.snapshot)
    this.rowsWritten += changes.entries.length + changes.holds.length + changes.references.length
    this.#forget(changes.nowMs)
  }

  /** Null before `create`. */
  read(clockMs: number): Stored | null {
    if (!this.#isCreated) return null
    const first = firstCallIdToRead(this.snapshot)
    const asOfSeq = this.snapshot?.headSeq ?? 0
    const isWanted = ({ seq, createdAtMs }: Entry) => seq > asOfSeq || createdAtMs >= clockMs - rateWindowMs
    return {
      accountId: this.accountId,
      snapshot: this.snapshot,
      marks: this.marks,
      entries: this.entries.filter(isWanted),
      holds: [...this.holds.values()].filter((row) => row.callId >= first),
    }
  }

  readonly lookup: Lookup = {
    holdRow: (callId) => this.holds.get(callId),
    usageEntry: (callId, afterSeq) =>
      this.entries.find(
        ({ seq, kind, reference }) => seq > afterSeq && kind === 'usage' && reference === callId,
      ),
    moneyOfCall: (callId, fromMs, limit) =>
      this.entries
        .filter((entry) => entry.createdAtMs >= fromMs && isMoneyOfCall(entry, callId))
        .slice(0, limit),
    newestOfKind: (wanted, fromMs, limit) =>
      this.entries
        .filter(({ kind, createdAtMs }) => kind === wanted && createdAtMs >= fromMs)
        .slice(-limit)
        .toReversed(),
    answer: (callId) => this.answers.get(callId),
    reference: (scope, reference) => this.references.get(`${scope} ${reference}`),
  }

  #append(entry: Entry): void {
    const before = this.entries.at(-1)
    assert(entry.seq === (before?.seq ?? 0) + 1, 'entries are numbered without a gap')
    const carried = entry.kind === 'opening' ? 0 : (before?.balanceAfterNanoUsd ?? 0)
    const balance = carried + entry.amountNanoUsd
    assert(entry.balanceAfterNanoUsd === balance, 'a balance is the one before and the amount')
    this.entries.push(structuredClone(entry))
  }

  #putHold(row: HoldRow, isNew: boolean): void {
    assert(isNew !== this.holds.has(row.callId), 'the book knows which rows there are')
    this.holds.set(row.callId, row)
  }

  #erase(beforeSeq: number): void {
    this.answers.clear()
    for (const [index, entry] of this.entries.entries())
      if (entry.seq < beforeSeq)
        this.entries[index] = { ...entry, detail: withoutPersonalTexts(entry.detail) }
  }

  #forget(nowMs: number): void {
    for (const callId of this.holds.keys()) {
      if (dayOf(callTimeOf(callId) ?? nowMs) < oldestKeptDay(nowMs)) this.#forgetCall(callId)
    }
  }

  #forgetCall(callId: CallId): void {
    this.holds.delete(callId)
    this.answers.delete(callId)
  }
}
