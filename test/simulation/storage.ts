// An object's storage as the platform promises it, over a real SQLite: what was written becomes durable at the next I/O
// boundary or is gone, a transaction is all or nothing, a throw after `exec` outside of one keeps the writes, the alarm
// belongs to the same transactions.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

import { snapshotOfAnotherVersion } from './versions.ts'

/** As store.ts reads them; where it reads them otherwise, looking costs more and nothing else. */
const newestEntries = 'SELECT * FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?'
/** Rows that no invariant looks at. */
const isOther = /^(?:INSERT (?:OR \w+ )?INTO|DELETE FROM) (?:keeping|reference|answer_\d+) /v

/** What may have changed since somebody looked last: everything after a roll back, else the named rows of calls. */
export type Touched = { isAll: boolean; readonly callIds: Set<string>; isEntry: boolean }

type Transaction = {
  readonly [step in 'begin' | 'commit' | 'rollback' | 'save' | 'keep' | 'takeBack']: () => void
}

type Statement = { readonly statement: StatementSync; readonly isReading: boolean }
type Row = Record<string, SqlStorageValue>

export class ObjectStorage {
  readonly #db = new DatabaseSync(':memory:')
  readonly #statements = new Map<string, Statement>()
  /** What was read since a row changed last: an object that starts reads what the one before it has read. */
  readonly #read = new Map<string, readonly Row[]>()
  /** As the object sees it, and as it would be after a crash now. */
  alarmMs: number | null = null
  durableAlarmMs: number | null = null
  /** Its handler runs and has set no other: used up for the object, for the platform only once the handler is through. */
  isAlarmUnderWay = false
  isDirty = false
  /** Counts everything that may have changed a row, crashes included. */
  writes = 0
  /** Called when something was written that is not durable yet. */
  onDirty: () => void = () => undefined
  /** Asked before each write of a transaction; true makes the disk fail. */
  isFailing: (values: readonly unknown[]) => boolean = () => false
  #waiting: (() => void)[] = []
  #tables: readonly string[] | undefined
  #isGlancing = false
  #touched: Touched = { isAll: true, callIds: new Set(), isEntry: true }

  readonly #transaction: Transaction

  constructor() {
    const run = (query: string) => {
      const statement = this.#db.prepare(query)
      return () => void statement.run()
    }
    this.#transaction = {
      begin: run('BEGIN'),
      commit: run('COMMIT'),
      rollback: run('ROLLBACK'),
      save: run('SAVEPOINT t'),
      keep: run('RELEASE t'),
      takeBack: run('ROLLBACK TO t'),
    }
    this.#transaction.begin()
  }

  readonly sql = {
    exec: (query: string, ...values: SQLInputValue[]) => this.#exec(query, values),
  }

  transactionSync<Result>(closure: () => Result): Result {
    const { alarmMs, isAlarmUnderWay } = this
    // Where nothing else was written since the last I/O boundary, all of it is taken back: most are such.
    const { begin, rollback, save, keep, takeBack } = this.#transaction
    const isFirst = !this.isDirty
    if (!isFirst) save()
    try {
      const result = closure()
      if (!isFirst) keep()
      return result
    } catch (cause) {
      for (const step of isFirst ? [rollback, begin] : [takeBack, keep]) step()
      this.alarmMs = alarmMs
      this.isAlarmUnderWay = isAlarmUnderWay
      this.#isTakenBack()
      throw cause
    }
  }

  getAlarm(): Promise<number | null> {
    return Promise.resolve(this.alarmMs)
  }

  setAlarm(atMs: number): Promise<void> {
    this.alarmMs = atMs
    this.isAlarmUnderWay = false
    this.#dirty()
    return Promise.resolve()
  }

  alarmBegins(): void {
    this.alarmMs = null
    this.isAlarmUnderWay = true
  }

  alarmIsOver(): void {
    this.durableAlarmMs = this.alarmMs
    this.isAlarmUnderWay = false
  }

  /** Resolves when all that was written before is durable. */
  sync(): Promise<void> {
    if (!this.isDirty) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** The I/O boundary. */
  commit(): void {
    if (!this.isDirty) return
    this.#transaction.commit()
    this.#transaction.begin()
    // What others write meanwhile does not use the alarm up: a handler that dies is called again.
    if (!this.isAlarmUnderWay) this.durableAlarmMs = this.alarmMs
    this.isDirty = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** What was not durable has never been. */
  crash(): void {
    this.#transaction.rollback()
    this.#transaction.begin()
    this.#isTakenBack()
    this.alarmMs = this.durableAlarmMs
    this.isAlarmUnderWay = false
    this.isDirty = false
    this.writes += 1
    this.#waiting = []
  }

  /** The platform has lost all of it, for good. */
  wipe(): void {
    this.crash()
    for (const name of this.tables()) this.#db.exec(`DROP TABLE "${name}"`)
    this.#transaction.commit()
    this.#transaction.begin()
    this.alarmMs = null
    this.durableAlarmMs = null
    this.#isTakenBack()
  }

  /** Durable at once, as if an object of another version had run meanwhile; false where there is no snapshot yet. */
  leaveSnapshotOfAnotherVersion(): boolean {
    if (!this.tables().includes('keeping')) return false
    const rows = this.rows("SELECT body FROM keeping WHERE name GLOB 'snapshot*' ORDER BY name")
    if (rows.length === 0) return false
    const body = snapshotOfAnotherVersion(rows.map((row) => textOf(row['body'])).join(''))
    this.#prepared("DELETE FROM keeping WHERE name GLOB 'snapshot+*'").statement.run()
    this.#prepared("UPDATE keeping SET body = ? WHERE name = 'snapshot'").statement.run(body)
    this.#transaction.commit()
    this.#transaction.begin()
    this.#isTakenBack()
    return true
  }

  /** For the invariants: what the rows say now. */
  rows(query: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#rows(query, values)
  }

  /** For the invariants: what is worth a new look, once. */
  takeTouched(): Touched {
    const touched = this.#touched
    this.#touched = { isAll: false, callIds: new Set(), isEntry: false }
    return touched
  }

  #isTakenBack(): void {
    this.#tables = undefined
    this.#read.clear()
    this.#touched.isAll = true
  }

  #touch(query: string, [first]: readonly SQLInputValue[]): void {
    if (query.startsWith('INSERT INTO entry')) this.#touched.isEntry = true
    else if (query.startsWith('INSERT OR REPLACE INTO hold_')) this.#touched.callIds.add(textOf(first))
    else if (isOther.test(query)) return
    else this.#isTakenBack()
  }

  /** The names of the tables that there are now. */
  tables(): readonly string[] {
    this.#tables ??= this.rows("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) =>
      textOf(name),
    )
    return this.#tables
  }

  /** For the invariants: asks the object for its figures without the newest entries, which are looked at as rows. */
  glancing<Seen>(look: () => Seen): Seen {
    this.#isGlancing = true
    try {
      return look()
    } finally {
      this.#isGlancing = false
    }
  }

  close(): void {
    this.#db.close()
  }

  #exec(asked: string, bound: SQLInputValue[]) {
    const { query, values } = withLimit(asked, bound)
    if (values.length === 0 && query.includes(';')) {
      this.#dirty()
      this.#isTakenBack()
      this.#db.exec(query)
      return new Cursor([], 1)
    }
    if (this.#isGlancing && asked === newestEntries) return new Cursor([], 0)
    const { statement, isReading } = this.#prepared(query)
    if (isReading) return new Cursor(this.#rows(query, values), 0)
    this.#dirty()
    this.#touch(query, values)
    this.#read.clear()
    const { changes } = statement.run(...values)
    if (this.isFailing(values)) throw new Error('The disk failed after the write.')
    return new Cursor([], Number(changes))
  }

  #rows(query: string, values: readonly SQLInputValue[]): readonly Row[] {
    const name = values.length === 0 ? query : query + JSON.stringify(values)
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const rows = this.#prepared(query).statement.all(...values) as Row[]
    this.#read.set(name, rows)
    return rows
  }

  #prepared(query: string): Statement {
    const known = this.#statements.get(query)
    if (known !== undefined) return known
    const statement = this.#db.prepare(query)
    const made = { statement, isReading: statement.columns().length > 0 }
    this.#statements.set(query, made)
    return made
  }

  #dirty(): void {
    this.writes += 1
    if (this.isDirty) return
    this.isDirty = true
    this.onDirty()
  }
}

/** Where a limit is bound SQLite plans anew each time it runs, for longer than it then reads: here it is written out. */
function withLimit(query: string, values: SQLInputValue[]): { query: string; values: SQLInputValue[] } {
  if (!query.endsWith('LIMIT ?')) return { query, values }
  return { query: `${query.slice(0, -1)}${Number(values.at(-1))}`, values: values.slice(0, -1) }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('The column holds text.')
  return value
}

class Cursor {
  readonly #rows: readonly Row[]
  readonly rowsWritten: number

  constructor(rows: readonly Row[], rowsWritten: number) {
    this.#rows = rows
    this.rowsWritten = rowsWritten
  }

  toArray(): Row[] {
    return [...this.#rows]
  }

  [Symbol.iterator]() {
    return this.#rows[Symbol.iterator]()
  }
}
