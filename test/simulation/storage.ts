// An object's storage as the platform promises it, over a real SQLite: what was written becomes durable at the next I/O
// boundary or is gone, a transaction is all or nothing, a throw after `exec` outside of one keeps the writes, the alarm
// belongs to the same transactions.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

type Statement = { readonly statement: StatementSync; readonly isReading: boolean }
type Row = Record<string, SqlStorageValue>

export class ObjectStorage {
  readonly #db = new DatabaseSync(':memory:')
  readonly #statements = new Map<string, Statement>()
  /** As the object sees it, and as it would be after a crash now. */
  alarmMs: number | null = null
  durableAlarmMs: number | null = null
  isDirty = false
  /** Counts everything that may have changed a row, crashes included. */
  writes = 0
  /** Called when something was written that is not durable yet. */
  onDirty: () => void = () => undefined
  /** Asked before each write of a transaction; true makes the disk fail. */
  isFailing: (values: readonly unknown[]) => boolean = () => false
  #waiting: (() => void)[] = []

  constructor() {
    this.#db.exec('BEGIN')
  }

  readonly sql = {
    exec: (query: string, ...values: SQLInputValue[]) => this.#exec(query, values),
  }

  transactionSync<Result>(closure: () => Result): Result {
    const { alarmMs } = this
    this.#db.exec('SAVEPOINT t')
    try {
      const result = closure()
      this.#db.exec('RELEASE t')
      return result
    } catch (cause) {
      this.#db.exec('ROLLBACK TO t; RELEASE t')
      this.alarmMs = alarmMs
      throw cause
    }
  }

  getAlarm(): Promise<number | null> {
    return Promise.resolve(this.alarmMs)
  }

  setAlarm(atMs: number): Promise<void> {
    this.alarmMs = atMs
    this.#dirty()
    return Promise.resolve()
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
    this.#db.exec('COMMIT; BEGIN')
    this.durableAlarmMs = this.alarmMs
    this.isDirty = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** What was not durable has never been. */
  crash(): void {
    this.#db.exec('ROLLBACK; BEGIN')
    this.alarmMs = this.durableAlarmMs
    this.isDirty = false
    this.writes += 1
    this.#waiting = []
  }

  /** For the invariants: what the rows say now. */
  rows(query: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(query).statement.all(...values) as Row[]
  }

  close(): void {
    this.#db.close()
  }

  #exec(query: string, values: SQLInputValue[]) {
    if (values.length === 0 && query.includes(';')) {
      this.#dirty()
      this.#db.exec(query)
      return cursorOf([], 1)
    }
    const { statement, isReading } = this.#prepared(query)
    if (isReading) return cursorOf(statement.all(...values) as Row[], 0)
    this.#dirty()
    const { changes } = statement.run(...values)
    if (this.isFailing(values)) throw new Error('The disk failed after the write.')
    return cursorOf([], Number(changes))
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

function cursorOf(rows: Row[], rowsWritten: number) {
  return { toArray: () => rows, [Symbol.iterator]: () => rows[Symbol.iterator](), rowsWritten }
}
