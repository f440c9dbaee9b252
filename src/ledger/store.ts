// The account's rows in the object's SQLite: written in one transaction per group, read as values. Decides nothing.

import { readJson } from '#core/readers.ts'
import type { AccountId, CallId } from '#core/ids.ts'
import { callTimeOf, dayOf, oldestKeptDay } from './call-time.ts'
import type { StoredAnswer } from './claim.ts'
import type { Entry } from './entry.ts'
import { eraseTexts } from './erasure-store.ts'
import { piecesOf } from './pieces.ts'
import { rateWindowMs } from './rate.ts'
import { rebuildingIn } from './rebuild-store.ts'
import { entriesPerCallMax } from './reversals.ts'
import type { Changes, HoldRow, Lookup, Snapshot } from './rows.ts'
import { accountTables, answerTable, createHoldTable, holdTable } from './schema.ts'
import { pieceName, readEntry, readHold, readReference, readSnapshot, text, whole } from './stored-rows.ts'
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
    this.readDays()
  }

  /** Null in an object that no `create` has initialised; looking writes nothing. */
  read(clockMs: number): Stored | null {
    const tables = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'entry'").toArray()
    if (tables.length === 0 || rebuildingIn(this.#sql) !== undefined) return null
    const [first] = this.#sql.exec<Row>('SELECT reference FROM entry WHERE seq = 1').toArray()
    const snapshot = this.snapshot()
    const marks = this.#kept('marks')
    return {
      // Written by `create` after the id was checked.
      accountId: text(first?.['reference']) as AccountId,
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
    moneyOfCall: (callId, fromMs, limit) =>
      this.#entries(
        "SELECT * FROM entry WHERE seq >= ? AND kind IN ('usage', 'late', 'reversal') AND reference = ? ORDER BY seq LIMIT ?",
        this.#firstSeqAt(fromMs),
        callId,
        limit,
      ),
    newestOfKind: (kind, fromMs, limit) =>
      this.#entries(
        'SELECT * FROM entry WHERE seq >= ? AND kind = ? ORDER BY seq DESC LIMIT ?',
        this.#firstSeqAt(fromMs),
        kind,
        limit,
      ),
    answer: (callId) => this.#answer(callId),
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
      this.#run('INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?)', [scope, reference, seq, said])
    }
    if (changes.erasedSeq !== null)
      this.rowsWritten += eraseTexts(this.#sql, changes.erasedSeq, [...this.#days].map(answerTable))
    for (const { callId, answer } of changes.answers) this.#putAnswer(callId, answer, changes.nowMs)
    if (changes.marks !== null) this.#keep('marks', changes.marks)
    if (changes.snapshot !== null) this.#keep('snapshot', changes.snapshot)
  }

  snapshot(): Snapshot | null {
    return readSnapshot(this.#kept('snapshot'))
  }

  headSeq(): number {
    const [row] = this.#sql.exec<Row>('SELECT max(seq) AS seq FROM entry').toArray()
    return row?.['seq'] === null ? 0 : whole(row?.['seq'])
  }

  entriesAfter(afterSeq: number, limit: number): readonly Entry[] {
    return this.#entries('SELECT * FROM entry WHERE seq > ? ORDER BY seq LIMIT ?', afterSeq, limit)
  }

  entriesBefore(beforeSeq: number, limit: number): readonly Entry[] {
    return this.#entries('SELECT * FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?', beforeSeq, limit)
  }

  entriesOfCall(callId: string): readonly Entry[] {
    const row = this.#holdRow(callId)
    if (row === undefined || row.outcome === 'released') return []
    // Found by walking the log from the admission: the limit is where the walk may end.
    const charges = this.#entries(
      "SELECT * FROM entry WHERE seq > ? AND kind IN ('usage', 'late') AND reference = ? ORDER BY seq LIMIT ?",
      row.afterSeq,
      callId,
      row.outcome === 'late' ? 2 : 1,
    )
    // By an index of their own: they are few, and may come at any time.
    const sql = "SELECT * FROM entry WHERE kind = 'reversal' AND reference = ? ORDER BY seq LIMIT ?"
    return [...charges, ...this.#entries(sql, callId, entriesPerCallMax)].sort((a, b) => a.seq - b.seq)
  }

  #insertEntry(entry: Entry): void {
    const { seq, epoch, kind, reference, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, keyNumber } = entry
    const detail = JSON.stringify(entry.detail)
    this.#run('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
      seq,
      epoch,
      kind,
      reference,
      amountNanoUsd,
      balanceAfterNanoUsd,
      createdAtMs,
      keyNumber,
      detail,
    ])
  }

  #putHold(row: HoldRow, nowMs: number): void {
    const day = dayOf(callTimeOf(row.callId) ?? nowMs)
    this.#openDay(day, nowMs)
    const { callId, outcome, keyNumber, model, endUser } = row
    const { heldNanoUsd, sliceNanoUsd, pins, cover, checkpointNanoUsd } = row
    const { beatN, beatAtMs, admittedAtMs, tokens, afterSeq, chargedNanoUsd } = row
    this.#run(
      `INSERT OR REPLACE INTO ${holdTable(day)} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        callId,
        outcome,
        keyNumber,
        model,
        endUser,
        heldNanoUsd,
        sliceNanoUsd,
        JSON.stringify(pins.map(({ seq, amountNanoUsd }) => [seq, amountNanoUsd])),
        JSON.stringify(cover),
        checkpointNanoUsd,
        beatN,
        beatAtMs,
        admittedAtMs,
        tokens,
        afterSeq,
        chargedNanoUsd,
      ],
    )
  }

  #putAnswer(callId: CallId, { contentType, body }: StoredAnswer, nowMs: number): void {
    const day = dayOf(callTimeOf(callId) ?? nowMs)
    this.#openDay(day, nowMs)
    this.#run(`INSERT OR IGNORE INTO ${answerTable(day)} VALUES (?, ?, ?)`, [callId, contentType, body])
  }

  #answer(callId: CallId): StoredAnswer | undefined {
    const time = callTimeOf(callId)
    if (time === undefined || !this.#days.has(dayOf(time))) return undefined
    const sql = `SELECT * FROM ${answerTable(dayOf(time))} WHERE call_id = ?`
    const [row] = this.#sql.exec<Row>(sql, callId).toArray()
    return row === undefined ? undefined : { contentType: text(row['content_type']), body: text(row['body']) }
  }

  /** The first row of a day makes its table and forgets the days that are past remembering. */
  #openDay(day: number, nowMs: number): void {
    if (this.#days.has(day)) return
    this.#run(createHoldTable(day))
    for (const old of [...this.#days].filter((known) => known < oldestKeptDay(nowMs))) {
      this.#run(`DROP TABLE ${holdTable(old)}`)
      this.#run(`DROP TABLE ${answerTable(old)}`)
      this.#days.delete(old)
    }
    this.#days.add(day)
  }

  /** Also after a transaction that was rolled back, which took its new table with it. */
  readDays(): void {
    this.#days.clear()
    const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'hold_[0-9]*'"
    for (const { name } of this.#sql.exec<{ name: string }>(sql))
      this.#days.add(Number(name.slice('hold_'.length)))
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
      if (whole(row['created_at_ms']) < since) break
      first = whole(row['seq'])
    }
    return first
  }

  /** The first entry from a time on, found by halving: the object's time never goes back. */
  #firstSeqAt(fromMs: number): number {
    let low = 1
    const [last] = this.#sql.exec<Row>('SELECT coalesce(max(seq), 0) + 1 AS seq FROM entry').toArray()
    let high = whole(last?.['seq'])
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const [row] = this.#sql.exec<Row>('SELECT created_at_ms FROM entry WHERE seq = ?', middle).toArray()
      if (row !== undefined && whole(row['created_at_ms']) < fromMs) low = middle + 1
      else high = middle
    }
    return low
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
    const sql = "SELECT body FROM keeping WHERE name = ?1 OR name GLOB ?1 || '+*' ORDER BY name"
    const pieces = this.#sql.exec<Row>(sql, name).toArray()
    return pieces.length === 0 ? undefined : pieces.map((row) => text(row['body'])).join('')
  }

  /** Many keys make a snapshot of many megabytes: what is beyond one row stands in `snapshot+001` and so on. */
  #keep(name: 'marks' | 'snapshot', body: object): void {
    const pieces = piecesOf(JSON.stringify(body))
    for (const [index, piece] of pieces.entries())
      this.#run('INSERT OR REPLACE INTO keeping VALUES (?, ?)', [pieceName(name, index), piece])
    // What a longer one has left behind.
    const sql = "DELETE FROM keeping WHERE name GLOB ?1 || '+*' AND name > ?2"
    this.#run(sql, [name, pieceName(name, pieces.length - 1)])
  }

  #run(sql: string, values: readonly SqlStorageValue[] = []): void {
    this.rowsWritten += this.#sql.exec(sql, ...values).rowsWritten
  }
}
