// The rows of the object and of Postgres held against each other and against the oracle, after every step that wrote
// something. Reads SQL and the object's public views only.

import type { CallId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import { isChoreNear } from './chores-near.ts'
import type { ObjectHost } from './object-host.ts'
import type { Line } from './line.ts'
import type { KnownCall, Oracle } from './oracle.ts'
import type { Postgres } from './postgres.ts'
import { presently } from './turn.ts'
import type { Touched } from './storage.ts'
import { Violation } from './violation.ts'

/** The entries of one call; those of `reversals` gave something back. */
type Booked = { lines: Line[]; reversals: Line[]; expiredNanoUsd: number | undefined }

/** A silent owner keeps its hold for a minute; the object's clock may step, and what is written is up to 7 s old. */
const silentForMs = 53_000
/** No hold may have to wait longer than this for its wake: a minute after a sign of life, and half of one after a start. */
const wakeWithinMs = 92_000

export class Books {
  readonly lines: Line[] = []
  readonly byCall = new Map<string, Booked>()
  readonly #host: ObjectHost
  readonly #oracle: Oracle
  readonly #postgres: Postgres
  #seenHeldNanoUsd = 0
  #seenDebtNanoUsd: number | undefined = 0
  #seenStart = 0
  /** Lost, or being made anew. */
  #isAway = false
  readonly #openRows = new Map<string, number>()
  #seenTables: readonly string[] = []
  #seenHoldTables: readonly string[] = []

  constructor(host: ObjectHost, oracle: Oracle, postgres: Postgres) {
    this.#host = host
    this.#oracle = oracle
    this.#postgres = postgres
  }

  get epoch(): number {
    return this.lines.at(-1)?.epoch ?? 1
  }

  get sumNanoUsd(): number {
    return this.lines.at(-1)?.balanceAfterNanoUsd ?? 0
  }

  /** What a crash has taken back was never there. */
  check(): void {
    const { storage } = this.#host
    const tables = storage.tables()
    const isThere = tables.includes('entry') && !tables.includes('rebuilding')
    if (!isThere && !this.#isAway && this.lines.length > 0) {
      this.#isAway = true
      this.#oracle.lost()
    }
    if (!isThere) return
    if (this.#isAway) return this.#begin()
    const touched = storage.takeTouched()
    const added = touched.isAll || touched.isEntry ? this.#readLines(touched) : []
    this.#readHolds(touched)
    this.#checkMemory(added)
  }

  /** An account that was made anew: what it has not brought back is lost, and everything else is as it was. */
  #begin(): void {
    this.#isAway = false
    const before = this.lines.splice(0)
    this.byCall.clear()
    this.#host.storage.takeTouched()
    const everything: Touched = { isAll: true, isEntry: true, callIds: new Set() }
    const lines = this.#readLines(everything)
    this.#readHolds(everything)
    for (const [index, line] of lines.entries()) {
      if (line.kind === 'opening') break
      const old = before[index]
      if (
        old?.reference !== line.reference ||
        old.amountNanoUsd !== line.amountNanoUsd ||
        old.kind !== line.kind
      )
        throw new Violation('I8', `the rebuilt entry ${line.seq} is another one`)
    }
    this.#oracle.rebuilt(this)
    this.#checkMemory(lines)
  }

  /** Only what was taken back can have made the log shorter. */
  #readLines({ isAll }: Touched): readonly Line[] {
    const { storage } = this.#host
    const [newest] = isAll ? storage.rows('SELECT max(seq) AS seq FROM entry') : []
    const headSeq = isAll ? Number(newest?.['seq'] ?? 0) : this.lines.length
    while (this.lines.length > headSeq) this.#forget()
    const rows = storage.rows('SELECT * FROM entry WHERE seq > ? ORDER BY seq', this.lines.length)
    return rows.map((row) => this.#read(row))
  }

  /** The rows that say "open", read anew where one may have changed. */
  #readHolds({ isAll, callIds }: Touched): void {
    const { storage } = this.#host
    if (isAll) this.#openRows.clear()
    for (const table of this.#holdTables()) {
      const all = `SELECT call_id, held_nano_usd FROM ${table} WHERE outcome = 'open'`
      for (const row of isAll ? storage.rows(all) : [])
        this.#openRows.set(textOf(row['call_id']), Number(row['held_nano_usd']))
    }
    if (isAll) return
    for (const callId of callIds) {
      const heldNanoUsd = this.#rowOf(callId)
      if (heldNanoUsd === undefined) this.#openRows.delete(callId)
      else this.#openRows.set(callId, heldNanoUsd)
    }
  }

  #read(row: Record<string, SqlStorageValue>): Line {
    const detail: unknown = JSON.parse(textOf(row['detail']))
    const line: Line = {
      seq: Number(row['seq']),
      epoch: Number(row['epoch']),
      kind: textOf(row['kind']),
      reference: textOf(row['reference']),
      amountNanoUsd: Number(row['amount_nano_usd']),
      balanceAfterNanoUsd: Number(row['balance_after_nano_usd']),
      createdAtMs: Number(row['created_at_ms']),
      keyNumber: row['key_number'] === null ? null : Number(row['key_number']),
      detail: isObject(detail) ? detail : {},
    }
    if (line.seq !== this.lines.length + 1)
      throw new Violation('I4', `entry ${line.seq} follows ${this.lines.length}`)
    // The sum of an epoch begins at nothing: its opening brings the balance over.
    const isOpening = line.kind === 'opening'
    if (isOpening && line.amountNanoUsd !== this.sumNanoUsd)
      throw new Violation(
        'I1',
        `epoch ${line.epoch} opens with ${line.amountNanoUsd}, not ${this.sumNanoUsd}`,
      )
    if (line.balanceAfterNanoUsd !== (isOpening ? 0 : this.sumNanoUsd) + line.amountNanoUsd)
      throw new Violation('I1', `entry ${line.seq} says a balance that is not the sum`)
    this.lines.push(line)
    if (line.kind === 'usage' || line.kind === 'late') this.#readCharge(line)
    if (line.kind === 'reversal') this.#readReversal(line)
    if (line.kind === 'finding') this.#readFinding(line)
    return line
  }

  #readCharge(line: Line): void {
    const booked = this.byCall.get(line.reference) ?? { lines: [], reversals: [], expiredNanoUsd: undefined }
    booked.lines.push(line)
    this.byCall.set(line.reference, booked)
    const kinds = booked.lines.map(({ kind }) => kind).join(' ')
    // An expiry that came after its epoch's end is booked again as `late`, and its owner may still say more.
    const isTwice = kinds === 'late late' && booked.expiredNanoUsd !== undefined && line.epoch > 1
    if (!['usage', 'late', 'usage late'].includes(kinds) && !isTwice)
      throw new Violation('I5', `${line.reference} has ${kinds}`)
    const isExpiry = line.detail['rule'] === 'hold_expired'
    if (isExpiry) this.#checkExpiry(line, this.#oracle.callOf(line.reference as CallId))
    if (kinds === 'usage late' && booked.expiredNanoUsd === undefined)
      throw new Violation('I5', `${line.reference} is late without having expired`)
    if (isExpiry) booked.expiredNanoUsd = -line.amountNanoUsd
    const net = netOf(booked)
    if (net < 0) throw new Violation('I6', `${line.reference} is charged ${net}`)
  }

  #readReversal(line: Line): void {
    const booked = this.byCall.get(line.reference)
    if (booked === undefined) throw new Violation('I7', `${line.reference} gets back what it never paid`)
    booked.reversals.push(line)
    if (netOf(booked) < 0) throw new Violation('I7', `${line.reference} gets back more than it paid`)
  }

  #checkExpiry(line: Line, call: KnownCall): void {
    const silentMs = this.#oracle.nowMs() - call.lastSignMs
    if (call.admittedAtMs !== undefined && silentMs < silentForMs)
      throw new Violation('lease', `${line.reference} expires ${silentMs} ms after a sign of life`)
    if (-line.amountNanoUsd > Math.max(call.sentBeatNanoUsd, call.beatNanoUsd))
      throw new Violation('I5', `${line.reference} expires with a checkpoint that nobody stated`)
  }

  #readFinding(line: Line): void {
    const what = line.detail['what']
    if (what === 'invariant_broken' || what === 'confirmation_differs')
      throw new Violation('finding', `the object found ${JSON.stringify(line.detail)}`)
  }

  #forget(): void {
    const line = this.lines.pop()
    if (line === undefined) return
    const booked = this.byCall.get(line.reference)
    if (booked === undefined) return
    booked.lines = booked.lines.filter(({ seq }) => seq !== line.seq)
    booked.reversals = booked.reversals.filter(({ seq }) => seq !== line.seq)
    if (line.detail['rule'] === 'hold_expired') booked.expiredNanoUsd = undefined
    if (booked.lines.length === 0) this.byCall.delete(line.reference)
  }

  /** Memory says what the rows say: posted, held, the pins and lots, the marks, and the wake. */
  #checkMemory(added: readonly Line[]): void {
    const { object, storage } = this.#host
    if (object === null) return
    if (isChoreNear(this.lines, this.#host.nowMs)) {
      this.#seenDebtNanoUsd = undefined
      this.#seenStart = -1
      return
    }
    const view = storage.glancing(() => presently(object.view()))
    const holds = presently(object.holds())
    if (view === null) throw new Violation('I1', 'the object has forgotten its account')
    if (view.postedNanoUsd !== this.sumNanoUsd || view.marks.head !== this.lines.length)
      throw new Violation('I1', `memory says ${view.postedNanoUsd}, the rows say ${this.sumNanoUsd}`)
    const held = this.openHolds()
    const sum = [...held.values()].reduce((total, amount) => total + amount, 0)
    if (sum !== view.heldNanoUsd || held.size !== holds.length)
      throw new Violation('I2', `memory holds ${view.heldNanoUsd}, the rows hold ${sum}`)
    const lots = view.buckets.reduce((total, lot) => total + lot.remainingNanoUsd, 0)
    if (lots - view.debtNanoUsd !== this.sumNanoUsd)
      throw new Violation('I12', 'lots less debt are not the balance')
    const isOnlyGiven =
      added.length > 0 && added.every(({ kind }) => kind === 'grant' || kind === 'allowance')
    const seenDebtNanoUsd = this.#seenDebtNanoUsd ?? view.debtNanoUsd
    if (isOnlyGiven && view.debtNanoUsd !== seenDebtNanoUsd)
      throw new Violation('debt', 'what was given has paid a debt')
    this.#seenDebtNanoUsd = view.debtNanoUsd
    // What came too late for its epoch is booked whatever the account has.
    const isOnlyRefunded =
      view.epoch === 1 &&
      added.length > 0 &&
      added.every(
        ({ kind, reference, detail }) =>
          // What was told of a payment has happened already.
          kind === 'refund' && 'asked' in detail && !this.#oracle.payments.disputed.has(reference),
      )
    if (isOnlyRefunded && view.availableNanoUsd < 0)
      throw new Violation('I3', 'what was given back was held for a running call')
    const isOnlyMore = added.every(({ amountNanoUsd }) => amountNanoUsd >= 0)
    // A crash may take a release or an expiry back: then more is held without an admission.
    const isSameStart = this.#seenStart === this.#host.starts
    this.#seenStart = this.#host.starts
    if (isSameStart && sum > this.#seenHeldNanoUsd && isOnlyMore && view.availableNanoUsd < 0)
      throw new Violation('I3', `${sum} is held of ${view.postedNanoUsd}`)
    this.#seenHeldNanoUsd = sum
    for (const hold of holds) this.#checkHold(hold)
    const closedSeq = this.#postgres.epochs.at(-1)?.closedSeq ?? 0
    const mark = this.#postgres.marks.get(`${view.accountId} ${view.epoch}`)?.seq ?? closedSeq
    if (view.marks.confirmed > mark)
      throw new Violation('I8', `the object believes in ${view.marks.confirmed}, Postgres has ${mark}`)
    const wakeInMs = storage.alarmMs === null ? Infinity : storage.alarmMs - this.#host.nowMs
    if (holds.length > 0 && !this.#host.isAlarming && wakeInMs > wakeWithinMs)
      throw new Violation('alarm', `a hold is open and the next wake is in ${wakeInMs} ms`)
  }

  #checkHold(hold: { callId: CallId; heldNanoUsd: number; checkpointNanoUsd: number }): void {
    const call = this.#oracle.callOf(hold.callId)
    if (call.isReleased || call.capturedNanoUsd !== undefined)
      throw new Violation('I5', `${hold.callId} is held after its end`)
    // An account that was made anew under the same process takes an admission that is told once more, and knows no beat of it.
    const isKnown = call.beatStart === this.#host.starts && !call.isOrphan
    if (isKnown && hold.checkpointNanoUsd < call.beatNanoUsd)
      throw new Violation('beat', `${hold.callId} has forgotten a beat of ${call.beatNanoUsd}`)
    if (hold.heldNanoUsd > Math.max(0, ...call.askedNanoUsd))
      throw new Violation('I2', `${hold.callId} holds ${hold.heldNanoUsd}, which nobody asked for`)
  }

  /** All that have cost something so far, the oldest first. */
  chargedCalls(): readonly { callId: CallId; chargedNanoUsd: number }[] {
    return [...this.byCall].flatMap(([callId, booked]) => {
      const chargedNanoUsd = netOf(booked)
      return chargedNanoUsd > 0 && callId.startsWith('gen_')
        ? [{ callId: callId as CallId, chargedNanoUsd }]
        : []
    })
  }

  /** By their rows: open, and without an entry. */
  openHolds(): Map<string, number> {
    const open = new Map<string, number>()
    for (const [callId, heldNanoUsd] of this.#openRows)
      if (!this.byCall.has(callId)) open.set(callId, heldNanoUsd)
    return open
  }

  heldBy(callId: CallId): number | undefined {
    return this.byCall.has(callId) ? undefined : this.#rowOf(callId)
  }

  #rowOf(callId: string): number | undefined {
    const { storage } = this.#host
    for (const table of this.#holdTables()) {
      const sql = `SELECT held_nano_usd FROM ${table} WHERE call_id = ? AND outcome = 'open'`
      const [row] = storage.rows(sql, callId)
      if (row !== undefined) return Number(row['held_nano_usd'])
    }
    return undefined
  }

  #holdTables(): readonly string[] {
    const tables = this.#host.storage.tables()
    if (tables !== this.#seenTables) {
      this.#seenTables = tables
      this.#seenHoldTables = tables.filter((name) => /^hold_[0-9]/v.test(name))
    }
    return this.#seenHoldTables
  }
}

/** What the charges of a call come to. */
export function chargeOf({ lines }: Pick<Booked, 'lines'>): number {
  return lines.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, 0)
}

/** The same less what was given back. */
export function netOf(booked: Pick<Booked, 'lines' | 'reversals'>): number {
  return booked.reversals.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, chargeOf(booked))
}

function textOf(value: SqlStorageValue | undefined): string {
  if (typeof value !== 'string') throw new Error('The column holds text.')
  return value
}
