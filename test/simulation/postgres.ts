// Postgres as the consumer sees it: the two files of settlement/ that speak SQL, over plain maps, with the same meaning
// (one transaction per batch, first line of a number stands, marks move over unbroken runs only) and a network that times
// out before and after the commit.

import { type Millis } from '#core/clock.ts'
import { type AccountId } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Finding } from '#settlement/findings.ts'
import type { Mark, Written } from '#settlement/mirror.ts'
import type { EntryRow, HashConflict, MirrorRows } from '#settlement/rows.ts'
import type { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import type { Process, Scheduler } from './scheduler.ts'

export class Postgres {
  readonly entries = new Map<string, EntryRow>()
  readonly marks = new Map<string, Mark>()
  readonly charges = new Map<string, number>()
  readonly findings = new Map<string, Finding>()
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
    for (const row of rows.entries) {
      const name = nameOf(row.account_id, row.epoch, row.seq)
      const stored = this.entries.get(name)
      if (stored === undefined) this.entries.set(name, row)
      else if (stored.hash !== row.hash) {
        const { account_id: accountId, epoch, seq } = row
        conflicts.push({ accountId, epoch, seq, stored: stored.hash, sent: row.hash })
      }
      if (stored === undefined && (row.kind === 'usage' || row.kind === 'late')) {
        this.charges.set(row.reference, (this.charges.get(row.reference) ?? 0) - row.amount_nano_usd)
      }
    }
    const epochs = new Map(rows.entries.map((row) => [`${row.account_id} ${row.epoch}`, row]))
    return {
      strays: [],
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

  #moveMark(accountId: AccountId, epoch: number): Mark {
    const name = `${accountId} ${epoch}`
    let { seq, sumNanoUsd, hash } = this.marks.get(name) ?? { seq: 0, sumNanoUsd: zeroNanoUsd, hash: '' }
    for (;;) {
      const row = this.entries.get(nameOf(accountId, epoch, seq + 1))
      if (row === undefined) break
      seq += 1
      sumNanoUsd = addNanoUsd(sumNanoUsd, nanoUsd(row.amount_nano_usd))
      hash = row.hash
    }
    const mark: Mark = { accountId, epoch, seq, sumNanoUsd, hash }
    this.marks.set(name, mark)
    return mark
  }
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
    for (const finding of found)
      db.findings.set(`${finding.kind} ${finding.accountId} ${finding.subject}`, finding)
  })
}
