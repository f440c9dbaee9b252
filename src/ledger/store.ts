// The account's rows in the object's SQLite: written in one transaction per group, read as values. Decides nothing.

import { readJson } from '#core/readers.ts'
import type { AccountId, CallId, KeyNumber } from '#core/ids.ts'
import type { Json } from '#core/errors.ts'
import type { NanoUsd } from '#core/money.ts'
import { callTimeOf, dayOf, oldestKeptDay } from './call-time.ts'
import type { Entry, EntryKind } from './commands.ts'
import { rateWindowMs } from './rate.ts'
import type { Changes, HoldRow, Lookup, ReferenceRow, Snapshot, StoredOutcome } from './rows.ts'
import { snapshotVersion } from './rows.ts'
import { accountTables, createHoldTable, holdTable } from './schema.ts'
import { type Stored, firstCallIdToRead } from './start.ts'
import type { Marks } from './state.ts'

type Row = Record<string, SqlStorageValue>

export class Store {
  readonly #sql: SqlStorage
  readonly #days = new Set<number>()
  /** Since this instance began; what the platform bills. */
  rowsWritten = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    for (const { name } of sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE name GLOB 'hold_[0-9]*'",
    )) {
      this.#days.add(Number(name.slice('hold_'.length)))
    }
  }

  /** Null in an object that no `create` has initialised; looking writes nothing. */
  read(clockMs: number): Stored | null {
    const tables = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'entry'").toArray()
    if (tables.length === 0) return null
    const [first] = this.#sql.exec<Row>('SELECT reference FROM entry WHERE seq = 1').toArray()
    const snapshot = readSnapshot(this.#kept('snapshot'))
    const marks = this.#kept('marks')
    return {
      // Written by `create` after the id was checked.
      accountId: String(first?.['reference']) as AccountId,
      snapshot,
      marks: marks === undefined ? null : (readJson(marks) as Marks),
      entries: this.#entriesFrom(this.#firstSeqToRead(snapshot, clockMs)),
      holds: this.#holdsFrom(firstCallIdToRead(snapshot)),
    }
  }

  readonly lookup: Lookup = {
    holdRow: (callId) => this.#holdRow(callId),
    usageEntry: (callId, afterSeq) =>
      this.#entries(
        "SELECT * FROM entry WHERE seq > ? AND kind = 'usage' AND reference = ? LIMIT 1",
        afterSeq,
        callId,
      )[0],
    reference: (scope, reference) => {
      const sql = 'SELECT * FROM reference WHERE scope = ? AND reference = ?'
      const [row] = this.#sql.exec<Row>(sql, scope, reference).toArray()
      return row === undefined ? undefined : readReference(row)
    },
  }

  /** Inside the caller's transaction. */
  write(changes: Changes): void {
    if (changes.isCreation) this.#run(accountTables)
    for (const entry of changes.entries) this.#insertEntry(entry)
    for (const { row } of changes.holds) this.#putHold(row, changes.nowMs)
    for (const { scope, reference, seq, said } of changes.references) {
      this.#run('INSERT INTO reference VALUES (?, ?, ?, ?)', scope, reference, seq, said)
    }
    if (changes.marks !== null) this.#keep('marks', changes.marks)
    if (changes.snapshot !== null) this.#keep('snapshot', changes.snapshot)
  }

  entriesAfter(afterSeq: number, limit: number): readonly Entry[] {
    return this.#entries('SELECT * FROM entry WHERE seq > ? ORDER BY seq LIMIT ?', afterSeq, limit)
  }

  entriesBefore(beforeSeq: number, limit: number): readonly Entry[] {
    return this.#entries('SELECT * FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?', beforeSeq, limit)
  }

  entriesOfCall(callId: string): readonly Entry[] {
    const row = this.#holdRow(callId)
    if (row === undefined) return []
    return this.#entries(
      "SELECT * FROM entry WHERE seq > ? AND kind IN ('usage', 'late') AND reference = ? ORDER BY seq",
      row.afterSeq,
      callId,
    )
  }

  #insertEntry(entry: Entry): void {
    const { seq, epoch, kind, reference, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, keyNumber } = entry
    const detail = JSON.stringify(entry.detail)
    this.#run(
      'INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[seq, epoch, kind, reference, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, keyNumber, detail],
    )
  }

  #putHold(row: HoldRow, nowMs: number): void {
    const day = dayOf(callTimeOf(row.callId) ?? nowMs)
    this.#openDay(day, nowMs)
    const { callId, outcome, keyNumber, model, heldNanoUsd, checkpointNanoUsd } = row
    const { beatN, beatAtMs, admittedAtMs, tokens, afterSeq, chargedNanoUsd } = row
    this.#run(
      `INSERT OR REPLACE INTO ${holdTable(day)} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[callId, outcome, keyNumber, model, heldNanoUsd, checkpointNanoUsd],
      ...[beatN, beatAtMs, admittedAtMs, tokens, afterSeq, chargedNanoUsd],
    )
  }

  /** The first row of a day makes its table and forgets the days that are past remembering. */
  #openDay(day: number, nowMs: number): void {
    if (this.#days.has(day)) return
    this.#run(createHoldTable(day))
    for (const old of [...this.#days].filter((known) => known < oldestKeptDay(nowMs))) {
      this.#run(`DROP TABLE ${holdTable(old)}`)
      this.#days.delete(old)
    }
    this.#days.add(day)
  }

  /** A transaction that was rolled back takes its new table with it. */
  forgetDays(): void {
    this.#days.clear()
    for (const { name } of this.#sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE name GLOB 'hold_[0-9]*'",
    )) {
      this.#days.add(Number(name.slice('hold_'.length)))
    }
  }

  #holdRow(callId: string): HoldRow | undefined {
    const time = callTimeOf(callId)
    if (time === undefined || !this.#days.has(dayOf(time))) return undefined
    const [row] = this.#sql
      .exec<Row>(`SELECT * FROM ${holdTable(dayOf(time))} WHERE call_id = ?`, callId)
      .toArray()
    return row === undefined ? undefined : readHold(row)
  }

  #holdsFrom(first: string): HoldRow[] {
    const time = callTimeOf(first)
    const days = [...this.#days]
      .filter((day) => time === undefined || day >= dayOf(time))
      .sort((a, b) => a - b)
    return days.flatMap((day) =>
      this.#sql
        .exec<Row>(`SELECT * FROM ${holdTable(day)} WHERE call_id >= ?`, first)
        .toArray()
        .map(readHold),
    )
  }

  /** The entry after the snapshot, or the first of the last minute (for burn and rate), whichever is earlier. */
  #firstSeqToRead(snapshot: Snapshot | null, clockMs: number): number {
    if (snapshot === null) return 1
    const since = clockMs - 2 * rateWindowMs
    let first = snapshot.headSeq + 1
    const newest = this.#sql.exec<Row>(
      'SELECT seq, created_at_ms FROM entry WHERE seq <= ? ORDER BY seq DESC',
      snapshot.headSeq,
    )
    for (const row of newest) {
      if (Number(row['created_at_ms']) < since) break
      first = Number(row['seq'])
    }
    return first
  }

  #entriesFrom(seq: number): Entry[] {
    return this.#entries('SELECT * FROM entry WHERE seq >= ? ORDER BY seq', seq)
  }

  #entries(sql: string, ...values: SqlStorageValue[]): Entry[] {
    return this.#sql
      .exec<Row>(sql, ...values)
      .toArray()
      .map(readEntry)
  }

  #kept(name: 'marks' | 'snapshot'): string | undefined {
    const [row] = this.#sql.exec<Row>('SELECT body FROM keeping WHERE name = ?', name).toArray()
    return row === undefined ? undefined : String(row['body'])
  }

  #keep(name: 'marks' | 'snapshot', body: object): void {
    this.#run('INSERT OR REPLACE INTO keeping VALUES (?, ?)', name, JSON.stringify(body))
  }

  #run(sql: string, ...values: SqlStorageValue[]): void {
    this.rowsWritten += this.#sql.exec(sql, ...values).rowsWritten
  }
}

// Rows of our own tables, whose columns are checked as they are written.

function readEntry(row: Row): Entry {
  return {
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    kind: String(row['kind']) as EntryKind,
    reference: String(row['reference']),
    amountNanoUsd: Number(row['amount_nano_usd']) as NanoUsd,
    balanceAfterNanoUsd: Number(row['balance_after_nano_usd']) as NanoUsd,
    createdAtMs: Number(row['created_at_ms']),
    keyNumber: row['key_number'] === null ? null : (Number(row['key_number']) as KeyNumber),
    detail: readJson(String(row['detail'])) as Json,
  }
}

function readHold(row: Row): HoldRow {
  return {
    callId: String(row['call_id']) as CallId,
    outcome: String(row['outcome']) as StoredOutcome,
    keyNumber: Number(row['key_number']) as KeyNumber,
    model: String(row['model']),
    heldNanoUsd: Number(row['held_nano_usd']) as NanoUsd,
    checkpointNanoUsd: Number(row['checkpoint_nano_usd']) as NanoUsd,
    beatN: Number(row['beat_n']),
    beatAtMs: Number(row['beat_at_ms']),
    admittedAtMs: Number(row['admitted_at_ms']),
    tokens: Number(row['tokens']),
    afterSeq: Number(row['after_seq']),
    chargedNanoUsd: Number(row['charged_nano_usd']) as NanoUsd,
  }
}

function readReference(row: Row): ReferenceRow {
  return {
    scope: String(row['scope']) as ReferenceRow['scope'],
    reference: String(row['reference']),
    seq: Number(row['seq']),
    said: String(row['said']),
  }
}

function readSnapshot(body: string | undefined): Snapshot | null {
  if (body === undefined) return null
  const snapshot = readJson(body) as Snapshot
  return snapshot.version === snapshotVersion ? snapshot : null
}
