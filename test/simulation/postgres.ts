// Postgres as the consumer and a rebuild see it: the files of settlement/ that speak SQL, over plain maps, with the same meaning
// (one transaction per batch, first line of a number stands, marks move over unbroken runs only) and a network that times
// out before and after the commit.

import { type Millis } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { type AccountId } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readString } from '#core/readers.ts'
import type { Entry } from '#ledger/entry.ts'
import { genesisHash } from '#ledger/state.ts'
import type { Closing, EpochRow, EpochStep, Head } from '#settlement/epochs.ts'
import type { Finding } from '#settlement/findings.ts'
import type { Mark, Written } from '#settlement/mirror.ts'
import type { EntryRow, HashConflict, MirrorRows } from '#settlement/rows.ts'
import type { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import { PaymentRows } from './payment-tables.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** Fewer than the shipped ones: a rebuild takes several steps. */
const linesPerPage = 12

export class Postgres {
  readonly entries = new Map<string, EntryRow>()
  readonly marks = new Map<string, Mark>()
  readonly findings = new Map<string, Finding & { readonly id: number }>()
  /** Of one account: each epoch that has ended, oldest first. */
  readonly epochs: EpochRow[] = []
  readonly payments = new PaymentRows()
  isDown = false
  /** Of a hundred transactions, how many lose their answer, before the commit or after it. */
  lossPercent = 0
  readonly #scheduler: Scheduler
  readonly #process: Process
  readonly #dice: Dice
  readonly #faults: Faults

  constructor(scheduler: Scheduler, process: Process, dice: Dice, faults: Faults) {
    this.#scheduler = scheduler
    this.#process = process
    this.#dice = dice
    this.#faults = faults
  }

  /** One transaction over the network: its caller may die meanwhile, the transaction does not. */
  transaction<Result>(apply: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const caller = this.#scheduler.current
    const fate = this.#dice.between(1, 100)
    const isLostBefore = this.isDown || fate <= this.lossPercent
    const isLostAfter = !isLostBefore && fate > 100 - this.lossPercent
    this.#scheduler.after(this.#dice.between(1, 20), this.#process, () => {
      if (isLostBefore) {
        this.#faults.fired('postgres_lost_before_commit')
        this.#scheduler.after(2_000, caller, () => reject(new Error('Postgres did not answer.')))
        return
      }
      const result = apply()
      if (isLostAfter) this.#faults.fired('postgres_lost_after_commit')
      this.#scheduler.after(isLostAfter ? 2_000 : this.#dice.between(1, 20), caller, () =>
        isLostAfter ? reject(new Error('Postgres did not answer.')) : resolve(result),
      )
    })
    return promise
  }

  write(rows: MirrorRows): Written {
    const conflicts: HashConflict[] = [...rows.conflicts]
    const strays = rows.entries.filter((row) => this.#isBeyondItsEpoch(row))
    for (const row of rows.entries) {
      if (strays.includes(row)) continue
      const name = nameOf(row.account_id, row.epoch, row.seq)
      const stored = this.entries.get(name)
      if (stored === undefined) this.entries.set(name, row)
      else if (stored.hash !== row.hash) {
        const { account_id: accountId, epoch, seq } = row
        conflicts.push({ accountId, epoch, seq, stored: stored.hash, sent: row.hash })
      }
    }
    const epochs = new Map(rows.entries.map((row) => [`${row.account_id} ${row.epoch}`, row]))
    return {
      strays: strays.map(({ account_id: accountId, epoch, seq }) => ({ accountId, epoch, seq })),
      conflicts,
      marks: [...epochs.values()].map((row) => this.#moveMark(row.account_id, row.epoch)),
    }
  }

  sumUpTo(accountId: AccountId, epoch: number, seq: number): NanoUsd | undefined {
    let sum: NanoUsd = zeroNanoUsd
    for (let n = 1; n <= seq; n += 1) {
      const row = this.entries.get(nameOf(accountId, epoch, n))
      if (row === undefined) return undefined
      sum = addNanoUsd(sum, nanoUsd(row.amount_nano_usd))
    }
    return sum
  }

  /** What each call has cost, over all epochs. */
  charges(): Map<string, number> {
    const charges = new Map<string, number>()
    for (const { kind, reference, amount_nano_usd: amount } of this.entries.values())
      if (kind === 'usage' || kind === 'late') charges.set(reference, (charges.get(reference) ?? 0) - amount)
    return charges
  }

  #isBeyondItsEpoch({ epoch, seq }: EntryRow): boolean {
    return this.epochs.some((ended) => ended.epoch === epoch && seq > ended.closedSeq)
  }

  find(finding: Finding): void {
    if (finding.kind === 'stray') this.#faults.fired('entry_of_a_closed_epoch')
    const name = `${finding.kind} ${finding.accountId} ${finding.subject}`
    const id = this.findings.get(name)?.id ?? this.findings.size + 1
    this.findings.set(name, { ...finding, id })
  }

  keepRefusal(name: string, code: string | null): void {
    const finding = this.findings.get(name)
    if (finding === undefined) return
    const { entry } = finding.detail as { entry: Json }
    this.findings.set(name, { ...finding, detail: code === null ? { entry } : { entry, refused: code } })
  }

  /** The epoch ends at its mark; what had come beyond it moves to the findings. */
  close({ accountId, reason, idempotencyKey, isDiscarding, afterEpoch }: Closing, now: Millis): void {
    const last = this.epochs.at(-1)
    if ((last?.epoch ?? 0) !== afterEpoch) return
    const mark = [...this.marks.values()]
      .filter((one) => one.accountId === accountId && one.epoch > afterEpoch)
      .toSorted((a, b) => b.epoch - a.epoch)[0]
    // Nothing of it has come: it ends where the one before it ended.
    const end =
      mark === undefined
        ? last && { ...last, epoch: last.epoch + 1 }
        : { ...closedBy(mark), epoch: mark.epoch }
    if (end === undefined) return
    const { epoch, closedSeq, closedSumNanoUsd, closedHash } = end
    const closed = { closedSeq, closedSumNanoUsd, closedHash, closedAt: new Date(now) }
    const asked = { reason, idempotencyKey, isDiscarding, step: 'closed' as const, updatedAt: new Date(now) }
    this.epochs.push({ accountId, epoch, ...closed, ...asked })
    for (const [name, row] of this.entries) {
      if (row.epoch !== epoch || row.seq <= closedSeq) continue
      this.entries.delete(name)
      const entry = { ...entryOf(row), hash: row.hash }
      this.find({ kind: 'stray', accountId, subject: `${epoch}:${row.seq}`, detail: { entry } })
    }
  }

  advance(accountId: AccountId): void {
    for (const epoch of new Set([...this.entries.values()].map((row) => row.epoch)))
      this.#moveMark(accountId, epoch)
  }

  linesAfter(headSeq: number, closedSeq: number): readonly EntryRow[] {
    return [...this.entries.values()]
      .filter(({ seq }) => seq > headSeq && seq <= closedSeq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, linesPerPage)
  }

  #moveMark(accountId: AccountId, epoch: number): Mark {
    const name = `${accountId} ${epoch}`
    let { seq, sumNanoUsd, hash } = this.marks.get(name) ?? {
      seq: this.#startOf(epoch),
      sumNanoUsd: zeroNanoUsd,
      hash: '',
    }
    for (;;) {
      const row = this.entries.get(nameOf(accountId, epoch, seq + 1))
      if (row === undefined) break
      seq += 1
      sumNanoUsd = addNanoUsd(sumNanoUsd, nanoUsd(row.amount_nano_usd))
      hash = row.hash
    }
    if (hash === '') return { accountId, epoch, seq: 0, sumNanoUsd, hash }
    const mark: Mark = { accountId, epoch, seq, sumNanoUsd, hash }
    this.marks.set(name, mark)
    return mark
  }

  /** An epoch's numbers begin where the one before ended, with its opening. */
  #startOf(epoch: number): number {
    const rows = [...this.entries.values()]
    const opening = rows.find((row) => row.epoch === epoch && row.kind === 'opening')
    return epoch === 1 || opening === undefined ? 0 : opening.seq - 1
  }
}

function closedBy({ seq, sumNanoUsd, hash }: Mark) {
  return { closedSeq: seq, closedSumNanoUsd: BigInt(sumNanoUsd), closedHash: hash }
}

function nameOf(accountId: string, epoch: number, seq: number): string {
  return `${accountId} ${epoch} ${seq}`
}

// ── In place of settlement/mirror.ts and settlement/findings.ts (hooks.ts) ───────────────────────────────────────

export function writeRows(db: Postgres, rows: MirrorRows, _now: Millis): Promise<Written> {
  return db.transaction(() => {
    const written = db.write(rows)
    return { ...written, marks: written.marks.filter(({ seq }) => seq > 0) }
  })
}

export async function recordFindings(db: Postgres, found: readonly Finding[], _now: Millis): Promise<void> {
  if (found.length === 0) return
  await db.transaction(() => {
    for (const finding of found) db.find(finding)
  })
}

export function straysAfter(db: Postgres, accountId: string, afterId: number) {
  return db.transaction(() =>
    [...db.findings.values()].filter(
      (finding) => finding.kind === 'stray' && finding.accountId === accountId && finding.id > afterId,
    ),
  )
}

export function refusedStraysAfter(
  db: Postgres,
  { codes }: { codes: readonly string[] },
  afterId: number,
): Promise<readonly (Finding & { id: number })[]> {
  return db.transaction(() =>
    [...db.findings.values()].filter(
      ({ kind, id, detail }) => kind === 'stray' && id > afterId && codes.includes(refusalIn(detail)),
    ),
  )
}

export function keepRefusal(
  db: Postgres,
  { accountId, epoch, seq }: { accountId: string; epoch: number; seq: number },
  code: string | null,
): Promise<void> {
  return db.transaction(() => db.keepRefusal(`stray ${accountId} ${epoch}:${seq}`, code))
}

/** Nobody is erased in this world. */
export async function eraseStrays(): Promise<void> {}

export function advanceMarks(db: Postgres, accountId: AccountId, _now: Millis): Promise<void> {
  return db.transaction(() => db.advance(accountId))
}

export function newestEpoch(db: Postgres): Promise<EpochRow | undefined> {
  return db.transaction(() => db.epochs.at(-1))
}

export function epochAskedBy(
  db: Postgres,
  _accountId: AccountId,
  key: string,
): Promise<EpochRow | undefined> {
  return db.transaction(() => db.epochs.findLast(({ idempotencyKey }) => idempotencyKey === key))
}

export function unfinishedEpochs(db: Postgres): Promise<readonly EpochRow[]> {
  return db.transaction(() => db.epochs.filter(({ step }) => step !== 'done'))
}

export function closeEpoch(db: Postgres, closing: Closing, now: Millis): Promise<void> {
  return db.transaction(() => db.close(closing, now))
}

export function keepStep(db: Postgres, row: EpochRow, step: EpochStep, _now: Millis): Promise<void> {
  return db.transaction(() => {
    const at = db.epochs.findIndex(({ epoch }) => epoch === row.epoch)
    db.epochs[at] = { ...row, step }
  })
}

export function headAt(db: Postgres, _accountId: AccountId, seq: number): Promise<Head> {
  return db.transaction(() => {
    const row = db.linesAfter(seq - 1, seq)[0]
    return seq === 0
      ? { epoch: 0, seq, hash: genesisHash }
      : { epoch: row?.epoch ?? 0, seq, hash: row?.hash ?? '' }
  })
}

export function linesAfter(
  db: Postgres,
  _accountId: AccountId,
  { head, closedSeq }: { head: Head; closedSeq: number },
): Promise<readonly { entry: Entry; hash: string }[]> {
  return db.transaction(() =>
    db.linesAfter(head.seq, closedSeq).map((row) => ({ entry: entryOf(row), hash: row.hash })),
  )
}

function refusalIn(detail: unknown): string {
  return (isObject(detail) ? readString(detail['refused']) : undefined) ?? ''
}

function entryOf(row: EntryRow): Entry {
  const { epoch, seq, kind, reference, detail } = row
  return {
    epoch,
    seq,
    // As an object of ours wrote it.
    kind: kind as Entry['kind'],
    reference,
    amountNanoUsd: nanoUsd(row.amount_nano_usd),
    balanceAfterNanoUsd: nanoUsd(row.balance_after_nano_usd),
    createdAtMs: Date.parse(row.created_at),
    keyNumber: row.key_number as Entry['keyNumber'],
    detail,
  }
}
