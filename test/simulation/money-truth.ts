// What must be true of money that comes in through Stripe, told by somebody who knows what Stripe holds and what was answered:
// every payment credited once with its bonus, and gone back of it what Stripe says. Shares no line with the ledger.

import type { ComparisonFinding } from '#payments/compare.ts'
import { isObject } from '#core/readers.ts'
import type { PaymentRisk } from '#ledger/payment-risk.ts'
import type { Deliveries } from './deliveries.ts'
import type { Line } from './line.ts'
import type { Question } from './object-host.ts'
import type { Oracle } from './oracle.ts'
import type { Intent, Invoice, StripeBooks } from './stripe-books.ts'
import { Violation } from './violation.ts'

const centNanoUsd = 10_000_000
/** From a thousand dollars on, a twentieth on top. */
const bonusFromNanoUsd = 1_000_000_000_000
const bonusShare = 20
/** Clocks differ by less. */
const skewMs = 10_000

type Sold = { readonly netNanoUsd: number; readonly bonusNanoUsd: number }

export class MoneyTruth {
  readonly #books: StripeBooks
  readonly #oracle: Oracle
  /** By order: when the account last said that it is credited. */
  readonly #creditedAtMs = new Map<string, number>()
  /** By order: when the account was last told what has become of its payment. */
  readonly #toldAtMs = new Map<string, number>()
  /** Of the night's comparison. */
  findings: readonly ComparisonFinding[] | undefined

  constructor(books: StripeBooks, oracle: Oracle) {
    this.#books = books
    this.#oracle = oracle
  }

  /** Stripe has the money: from now on it may be credited. */
  paid(intent: Intent): void {
    const { order_id: orderId } = intent.metadata
    if (orderId === undefined) return
    const { netNanoUsd, bonusNanoUsd } = this.#soldBy(intent)
    this.#oracle.askedCredits.set(orderId, netNanoUsd)
    if (bonusNanoUsd > 0) this.#oracle.askedCredits.set(`${orderId}:bonus`, bonusNanoUsd)
  }

  invoicePaid({ metadata, total }: Invoice): void {
    this.#oracle.askedCredits.set(metadata['invoice_id'] ?? '', total * centNanoUsd)
  }

  /** At the object's gate. */
  answered({ method, command }: Question, answer: unknown): void {
    if (!isObject(answer) || answer['ok'] !== true || !isObject(command)) return
    const now = this.#oracle.nowMs()
    const isCredit = method === 'payOrder' || (method === 'reportAttempt' && isSuccess(command['outcome']))
    if (isCredit) this.#creditedAtMs.set(String(command['orderId']), now)
    if (method === 'tellFacts') this.#toldAtMs.set(String(command['payment']), now)
  }

  #soldBy({ id, amount }: Intent): Sold {
    const session = [...this.#books.sessions.values()].find(({ payment_intent: of }) => of === id)
    const netNanoUsd = (amount - (session?.total_details.amount_tax ?? 0)) * centNanoUsd
    const isRewarded = session !== undefined && netNanoUsd >= bonusFromNanoUsd
    return { netNanoUsd, bonusNanoUsd: isRewarded ? Math.floor(netNanoUsd / bonusShare) : 0 }
  }

  // ── At rest ────────────────────────────────────────────────────────────────────────────────────────────────────

  checkQuiet(lines: readonly Line[], { lost }: Deliveries, risk: PaymentRisk | undefined): void {
    const uncredited = this.#checkCredits(lines, lost)
    this.#checkPaid(lines)
    this.#checkComparison(uncredited)
    for (const intent of this.#books.paid()) if (!uncredited.has(intent.id)) this.#checkFacts(lines, intent)
    this.#checkRefunds(lines)
    this.#checkRisk(risk)
  }

  /** Every payment is credited once; what was lost with its object, or never told of, is found at night. */
  #checkCredits(lines: readonly Line[], lostEvents: ReadonlySet<string>): ReadonlySet<string> {
    const uncredited = new Set<string>()
    for (const intent of this.#books.paid()) {
      const { order_id: orderId } = intent.metadata
      if (orderId === undefined) continue
      const own = lines.filter((line) => isCredit(line) && line.reference === orderId)
      if (own.length === 0 && this.#isExcused(intent, lines, lostEvents)) {
        uncredited.add(intent.id)
        continue
      }
      const { netNanoUsd, bonusNanoUsd } = this.#soldBy(intent)
      if (own.length !== 1 || own[0]?.amountNanoUsd !== netNanoUsd)
        throw new Violation('top-up', `${orderId} was paid and is credited ${own.length} times`)
      const bonus = lines.filter(({ reference }) => reference === `${orderId}:bonus`)
      const given = bonus.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
      const isLost = this.#isLostAfter(this.#creditedAtMs.get(orderId) ?? Infinity)
      if (given !== bonusNanoUsd && !(given === 0 && isLost))
        throw new Violation('top-up', `${orderId} brought ${given} on top, not ${bonusNanoUsd}`)
    }
    return uncredited
  }

  #isExcused(
    { id, metadata, paidAtMs }: Intent,
    lines: readonly Line[],
    lostEvents: ReadonlySet<string>,
  ): boolean {
    const orderId = metadata['order_id'] ?? ''
    const credited = this.#creditedAtMs.get(orderId)
    if (credited !== undefined) return this.#isLostAfter(credited)
    // Without its first line an order is nobody's.
    const begun = lines.find((line) => line.reference === orderId && isBegun(line))
    const begunAtMs = begun?.createdAtMs ?? 0
    if (this.#isLostAfter(Math.min(begunAtMs, paidAtMs))) return true
    const hasEnded = lines.some(
      ({ reference, detail }) => reference === orderId && detail['what'] === 'closed',
    )
    return hasEnded && lostEvents.has(id)
  }

  #isLostAfter(atMs: number): boolean {
    return this.#oracle.lostAtMs >= atMs
  }

  /** Nothing is credited that was not paid, nor before it was. */
  #checkPaid(lines: readonly Line[]): void {
    const paidAtMs = new Map(
      this.#books.paid().map(({ metadata, paidAtMs: at }) => [metadata['order_id'] ?? '', at]),
    )
    for (const { kind, reference, createdAtMs } of lines) {
      if (!reference.startsWith('ord_') || !['purchase', 'auto_top_up', 'bonus'].includes(kind)) continue
      const at = paidAtMs.get(reference.replace(/:bonus$/v, ''))
      if (at === undefined || createdAtMs < at - skewMs)
        throw new Violation('top-up', `${reference} is credited and was not paid by then`)
    }
  }

  #checkComparison(uncredited: ReadonlySet<string>): void {
    if (this.#books.paid().length === 0) return
    if (this.findings === undefined) throw new Violation('compare', 'nobody has compared the payments')
    // Of a lost invoice the number may be another's: then a human compares.
    const isLost = this.#oracle.lostAtMs > 0
    const wanted = this.findings.filter(({ kind }) => !isLost || kind.startsWith('payment'))
    const found = wanted.map(({ kind, subject }) => `${kind} ${subject}`).toSorted()
    const expected = [...uncredited].map((id) => `payment_not_credited ${id}`).toSorted()
    if (found.join() !== expected.join())
      throw new Violation(
        'compare',
        `found ${found.join() || 'nothing'}, not ${expected.join() || 'nothing'}`,
      )
  }

  /** What has gone back follows from what Stripe holds alone, in whatever order it was told. */
  #checkFacts(lines: readonly Line[], intent: Intent): void {
    const { order_id: orderId } = intent.metadata
    if (orderId === undefined) return
    const { netNanoUsd, bonusNanoUsd } = this.#soldBy(intent)
    const taken = Math.min(this.#takenOf(intent), intent.amount_received)
    const paidBack = shareUp(netNanoUsd, taken, intent.amount_received)
    const bonusBack = shareUp(bonusNanoUsd, paidBack, netNanoUsd)
    const own = lines.filter(({ detail }) => detail['payment'] === orderId)
    const booked = own.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, 0)
    const bookedPaid = own.reduce((sum, { detail }) => sum + Number(detail['paidNanoUsd'] ?? 0), 0)
    if (booked === paidBack + bonusBack && bookedPaid === paidBack) return
    // Told before the object was lost and never since.
    if (this.#isLostAfter(this.#toldAtMs.get(orderId) ?? 0)) return
    throw new Violation('facts', `${booked} of ${orderId} went back, not ${paidBack} and ${bonusBack}`)
  }

  /** As many disputes and warnings as are open at Stripe. */
  #checkRisk(risk: PaymentRisk | undefined): void {
    if (risk === undefined || this.#oracle.lostAtMs > 0) return
    const disputes = [...this.#books.disputes.values()].filter(({ status }) => status === 'needs_response')
    const warnings = [...this.#books.warnings.values()].filter(({ actionable }) => actionable)
    if (risk.openDisputes !== disputes.length || risk.fraudWarnings !== warnings.length)
      throw new Violation('facts', `the account says ${JSON.stringify(risk)}`)
  }

  #takenOf({ id }: Intent): number {
    const refunds = [...this.#books.refunds.values()].filter(({ payment_intent: of }) => of === id)
    const disputes = [...this.#books.disputes.values()].filter(({ payment_intent: of }) => of === id)
    const refunded = refunds.reduce(
      (sum, { status, amount }) => sum + (status === 'succeeded' ? amount : 0),
      0,
    )
    const out = disputes.map(({ balance_transactions: moves }) =>
      Math.max(0, -moves.reduce((sum, { amount }) => sum + amount, 0)),
    )
    return refunded + out.reduce((sum, amount) => sum + amount, 0)
  }

  /** Of each refund of ours Stripe has made one at most, and its hold has come to an end. */
  #checkRefunds(lines: readonly Line[]): void {
    const seen = new Set<string>()
    for (const { metadata } of this.#books.refunds.values()) {
      const { refund_reference: reference } = metadata
      if (reference === undefined) continue
      if (seen.has(reference)) throw new Violation('refund', `${reference} was made twice`)
      seen.add(reference)
    }
    const records = new Map<string, { line: Line; facts: readonly unknown[] }>()
    for (const line of lines) {
      const { payment, record } = line.detail
      const facts: unknown = isObject(record) ? record['facts'] : undefined
      if (typeof payment === 'string' && Array.isArray(facts)) records.set(payment, { line, facts })
    }
    for (const [payment, { line, facts }] of records) {
      const open = facts.filter((fact) => Array.isArray(fact) && fact[1] === 'refund' && Number(fact[2]) < 3)
      if (open.length > 0 && !this.#isLostAfter(line.createdAtMs) && payment.startsWith('ord_'))
        throw new Violation('refund', `a refund of ${payment} is held for ever`)
    }
  }
}

function isCredit({ kind }: Line): boolean {
  return kind === 'purchase' || kind === 'auto_top_up'
}

function isBegun({ detail }: Line): boolean {
  return detail['what'] === 'placed' || detail['step'] === 'started'
}

function isSuccess(outcome: unknown): boolean {
  return isObject(outcome) && outcome['state'] === 'succeeded'
}

function shareUp(whole: number, part: number, of: number): number {
  if (of <= 0) return 0
  return Number((BigInt(whole) * BigInt(part) + BigInt(of) - 1n) / BigInt(of))
}
