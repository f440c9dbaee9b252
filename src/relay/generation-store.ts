// The rows of a Relay object: one per generation, its pieces, and the request of a stored one. Decides nothing.

import type { AccountId, CallId, RequestId } from '#core/ids.ts'
import { readJson } from '#core/readers.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Proven } from '#gateway/answer-record.ts'
import type { Pieces } from './recording.ts'
import type { GenerationStatus } from './relay-port.ts'

/** What never changes of a generation. */
export type GenerationFacts = {
  requestId: RequestId
  /** The dialect's own path. */
  route: string
  model: string
  isStreamed: boolean
  isBackground: boolean
  isStored: boolean
}

export type GenerationRow = {
  /** Also the upper part of its pieces' keys. */
  number: number
  callId: CallId
  accountId: AccountId
  status: GenerationStatus
  facts: GenerationFacts
  startedAtMs: number
  endedAtMs: number | null
  /** Set at its end. */
  deleteAtMs: number | null
  bytes: number
  /** Of a lost stream: where what was kept ends and the error begins. */
  endingAt: number | null
  /** 0 while nothing has been answered. */
  httpStatus: number
  contentType: string
  costNanoUsd: NanoUsd
  /** While it runs the newest checkpoint, afterwards what the ledger is yet to be told. */
  proven: Proven | null
}

type Row = Record<string, SqlStorageValue>

/** More pieces than an answer can have (relay-timings.ts). */
const piecesPerGeneration = 65_536

const tables = `
CREATE TABLE IF NOT EXISTS generation (
  number INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'lost')),
  facts TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  delete_at_ms INTEGER,
  bytes INTEGER NOT NULL,
  ending_at INTEGER,
  http_status INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  cost_nano_usd INTEGER NOT NULL,
  proven TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS piece (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
`

export class GenerationStore {
  readonly #sql: SqlStorage
  #next: number

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(tables)
    const [row] = sql.exec<Row>('SELECT coalesce(max(number), 0) + 1 AS next FROM generation').toArray()
    this.#next = Number(row?.['next'] ?? 1)
  }

  all(): GenerationRow[] {
    return this.#sql.exec<Row>('SELECT * FROM generation ORDER BY number').toArray().map(readRow)
  }

  nextNumber(): number {
    this.#next += 1
    return this.#next - 1
  }

  put(row: GenerationRow): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO generation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      row.number,
      row.callId,
      row.accountId,
      row.status,
      JSON.stringify(row.facts),
      row.startedAtMs,
      row.endedAtMs,
      row.deleteAtMs,
      row.bytes,
      row.endingAt,
      row.httpStatus,
      row.contentType,
      row.costNanoUsd,
      row.proven === null ? null : JSON.stringify(row.proven),
    )
  }

  putRequest(number: number, body: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO request VALUES (?, ?)', number, body)
  }

  request(number: number): string | null {
    const [row] = this.#sql.exec<Row>('SELECT body FROM request WHERE number = ?', number).toArray()
    const body = row?.['body']
    return typeof body === 'string' ? body : null
  }

  delete(number: number): void {
    this.#sql.exec('DELETE FROM generation WHERE number = ?', number)
    this.#sql.exec('DELETE FROM request WHERE number = ?', number)
    const first = number * piecesPerGeneration
    this.#sql.exec('DELETE FROM piece WHERE key >= ? AND key < ?', first, first + piecesPerGeneration)
  }

  piecesOf(number: number): Pieces {
    const first = number * piecesPerGeneration
    return {
      put: (index, bytes) => {
        this.#sql.exec('INSERT OR REPLACE INTO piece VALUES (?, ?)', first + index, bytes.slice().buffer)
      },
      get: (index) => {
        const sql = 'SELECT bytes FROM piece WHERE key = ?'
        const [row] = this.#sql.exec<Row>(sql, first + index).toArray()
        const bytes = row?.['bytes']
        return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : new Uint8Array(0)
      },
    }
  }
}

/** Rows were written by `put` alone. */
function readRow(row: Row): GenerationRow {
  const text = (name: string) => {
    const value = row[name]
    return typeof value === 'string' ? value : ''
  }
  const whole = (name: string) => Number(row[name])
  const orNull = (name: string) => (row[name] === null ? null : whole(name))
  return {
    number: whole('number'),
    callId: text('call_id') as CallId,
    accountId: text('account_id') as AccountId,
    status: text('status') as GenerationStatus,
    facts: readJson(text('facts')) as GenerationFacts,
    startedAtMs: whole('started_at_ms'),
    endedAtMs: orNull('ended_at_ms'),
    deleteAtMs: orNull('delete_at_ms'),
    bytes: whole('bytes'),
    endingAt: orNull('ending_at'),
    httpStatus: whole('http_status'),
    contentType: text('content_type'),
    costNanoUsd: whole('cost_nano_usd') as NanoUsd,
    proven: row['proven'] === null ? null : (readJson(text('proven')) as Proven),
  }
}
