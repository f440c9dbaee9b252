// What must be true of months that are paid for later: cut once, for what was owed by then, sent by one document of that sum, paid
// once, and calls refused exactly while one is unpaid beyond its grace. Shares no line with the ledger.

import type { Line } from './line.ts'
import type { Oracle } from './oracle.ts'
import type { Invoice, StripeBooks } from './stripe-books.ts'
import { Violation } from './violation.ts'

const centNanoUsd = 10_000_000
const leastNanoUsd = 500_000_000
/** Money that running calls hold pays no debt before they end. */
const heldMaxNanoUsd = 1_000_000_000
const secondMs = 1_000
const dayMs = 86_400_000
/** Clocks differ by less. */
const skewMs = 10_000
const givenKinds = new Set(['grant', 'allowance', 'bonus'])

/** What the object says at rest. */
export type Suspension = {
  readonly suspendedBy: string | null
  readonly nowMs: number
  readonly graceDays: number
}

export class InvoiceTruth {
  readonly #books: StripeBooks
  readonly #oracle: Oracle

  constructor(books: StripeBooks, oracle: Oracle) {
    this.#books = books
    this.#oracle = oracle
  }

  checkQuiet(lines: readonly Line[], suspension: Suspension): void {
    const cuts = lines.filter(({ kind, detail }) => kind === 'invoice' && detail['what'] === 'cut')
    const ids = new Set(cuts.map(({ reference }) => reference))
    if (ids.size !== cuts.length) throw new Violation('invoice', 'an invoice is cut twice')
    for (const cut of cuts) this.#checkCut(lines, cut)
    for (const cut of cuts) this.#checkDocument(lines, cut)
    this.#checkPeriods(lines)
    this.#checkMade(ids)
    this.#checkSuspended(cuts, suspension)
  }

  /** What is owed by then and not asked for yet, in whole cents; what was given away pays no debt. */
  #checkCut(lines: readonly Line[], { reference, detail, seq }: Line): void {
    const amount = Number(detail['amountNanoUsd'])
    const throughSeq = Number(detail['throughSeq'])
    const before = lines.filter((line) => line.seq <= throughSeq)
    const balance = before.at(-1)?.balanceAfterNanoUsd ?? 0
    const given = before.filter(({ kind }) => givenKinds.has(kind))
    const givenNanoUsd = given.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
    const owed = -balance - this.#openAt(lines, seq)
    const least = owed - (((owed % centNanoUsd) + centNanoUsd) % centNanoUsd)
    const isSound =
      amount >= least && amount <= owed + givenNanoUsd + heldMaxNanoUsd && amount % centNanoUsd === 0
    if (!isSound || amount < leastNanoUsd)
      throw new Violation('invoice', `${reference} asks for ${amount}, ${owed} is owed`)
  }

  /** Asked for before, and neither paid nor withdrawn. */
  #openAt(lines: readonly Line[], seq: number): number {
    const before = lines.filter((line) => line.seq < seq)
    const isOver = (id: string) =>
      before.some(
        ({ kind, reference, detail }) =>
          reference === id &&
          (kind === 'purchase' || (detail['what'] === 'closed' && detail['end'] === 'void')),
      )
    return before
      .filter(
        ({ kind, detail, reference }) => kind === 'invoice' && detail['what'] === 'cut' && !isOver(reference),
      )
      .reduce((sum, { detail }) => sum + Number(detail['amountNanoUsd']), 0)
  }

  /** One document asks for just that, or none where it is withdrawn; paid is credited, and nothing else. */
  #checkDocument(lines: readonly Line[], { reference, detail, createdAtMs }: Line): void {
    const own = this.#documentsOf(reference)
    const asking = own.filter(({ status }) => status !== 'void' && status !== 'draft')
    const isVoid = lines.some(
      (line) =>
        line.reference === reference && line.detail['what'] === 'closed' && line.detail['end'] === 'void',
    )
    const credits = lines.filter((line) => line.kind === 'purchase' && line.reference === reference)
    const isPaid = own.some(({ status }) => status === 'paid')
    // What was known of it went with the object: its number may be another's.
    if (this.#oracle.lostAtMs > createdAtMs - dayMs) return
    if (asking.length > 1) throw new Violation('invoice', `${asking.length} documents ask for ${reference}`)
    if (own.length > asking.length && !isVoid && asking.length > 0)
      throw new Violation('invoice', `${reference} was made again`)
    if (asking.length === 0 && !isVoid) throw new Violation('invoice', `${reference} was never sent`)
    for (const { total } of asking)
      if (total * centNanoUsd !== detail['amountNanoUsd'])
        throw new Violation(
          'invoice',
          `${reference} asks for ${total} cents, not ${String(detail['amountNanoUsd'])}`,
        )
    if (credits.length !== (isPaid ? 1 : 0))
      throw new Violation(
        'invoice',
        `${reference} is ${isPaid ? '' : 'not '}paid and credited ${credits.length} times`,
      )
  }

  #documentsOf(invoiceId: string): readonly Invoice[] {
    return [...this.#books.invoices.values()].filter(({ metadata }) => metadata['invoice_id'] === invoiceId)
  }

  /** The end of a month cuts once. */
  #checkPeriods(lines: readonly Line[]): void {
    const ends = lines.filter(({ kind, detail }) => kind === 'invoice' && detail['actor'] === 'period')
    const seen = ends.map(({ detail }) => detail['periodEndMs'])
    if (new Set(seen).size !== seen.length) throw new Violation('invoice', 'a month is cut twice')
  }

  #checkMade(ids: ReadonlySet<string>): void {
    if (this.#oracle.lostAtMs > 0) return
    for (const { metadata } of this.#books.invoices.values())
      if (!ids.has(metadata['invoice_id'] ?? ''))
        throw new Violation('invoice', 'a document of no invoice is made')
  }

  #checkSuspended(cuts: readonly Line[], { suspendedBy, nowMs, graceDays }: Suspension): void {
    if (this.#oracle.lostAtMs > 0) return
    const unpaid = cuts.flatMap(({ reference }) =>
      this.#documentsOf(reference).filter(({ status }) => status === 'open' || status === 'uncollectible'),
    )
    const untilMs = unpaid.map(({ due_date: due }) => (due ?? 0) * secondMs + graceDays * dayMs)
    const isLate = untilMs.some((atMs) => nowMs > atMs + skewMs)
    const isNear = untilMs.some((atMs) => Math.abs(nowMs - atMs) <= skewMs)
    if (!isNear && isLate !== (suspendedBy !== null))
      throw new Violation('invoice', `suspended by ${suspendedBy}, ${unpaid.length} are unpaid`)
  }
}
