// Facts of payments as they are told: kept with their payment, and after each one the difference between what should have gone
// back and what has been booked is booked, signed, in the same transaction. A fact that comes before its payment waits.

import { assert } from '#core/assert.ts'
import type { Json } from '#core/errors.ts'
import { negateNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readJson, readString, readWhole } from '#core/readers.ts'
import { boundedText } from './detail.ts'
import { type Draft, append, find, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { expireLots } from './lot-expiry.ts'
import { drawDetail, takenBy } from './lots.ts'
import { readPaymentDetail } from './order-details.ts'
import { bonusOf, paymentOf } from './paid-credits.ts'
import type { PaymentView, TellFacts, TellFactsAnswer } from './payment-commands.ts'
import { drawOfFacts } from './payment-draw.ts'
import {
  type Fact,
  type PaymentRecord,
  emptyRecord,
  factDetail,
  factsPerPaymentMax,
  newFacts,
  readFact,
  readRecord,
  recordDetail,
  takenMaxNanoUsd,
  targetOf,
  withFact,
  withReceived,
} from './payment-facts.ts'
import { waitingPaymentsMax } from './payment-risk.ts'
import type { ReferenceRow } from './rows.ts'

export function tellFacts(draft: Draft, command: TellFacts): TellFactsAnswer {
  const { payment } = command
  if (!isSound(command)) return { ok: false, code: 'invalid_command' }
  const before = recordOf(draft, payment)
  const known = before ?? emptyRecord
  const fresh = newFacts(known.facts, command.facts)
  if (isTooMuch(draft, payment, fresh)) {
    // The money has moved all the same: a human books it.
    find(draft, `facts:${payment}`, { what: 'too_many_facts', payment, facts: fresh.map(({ id }) => id) })
    return { ok: false, code: 'too_many_facts' }
  }
  const postedBefore = draft.state.postedNanoUsd
  let record = withReceived(known, command.receivedNanoUsd)
  for (const fact of fresh) record = bookFact(draft, payment, { record, fact, said: {} }).record
  if (fresh.length === 0 && before !== undefined) settle(draft, payment, record)
  const { postedNanoUsd: balanceNanoUsd } = draft.state
  return {
    ok: true,
    bookedNanoUsd: subtractNanoUsd(balanceNanoUsd, postedBefore),
    balanceNanoUsd,
    isPaymentKnown: paymentOf(draft, payment) !== undefined,
  }
}

/** After a credit: what was told of its payment before takes effect now. */
export function settlePayment(draft: Draft, payment: string): void {
  const record = recordOf(draft, payment)
  if (record !== undefined) settle(draft, payment, record)
}

export function recordOf(draft: Draft, payment: string): PaymentRecord | undefined {
  const row = referenceOf(draft, 'payment', payment)
  return row === undefined ? undefined : readRecord(readJson(row.said))
}

/** `creditAt` finds the entry of the credit. */
export function paymentViewOf(
  draft: Draft,
  payment: string,
  creditAt: (seq: number) => Entry | undefined,
): PaymentView | null {
  const record = recordOf(draft, payment)
  const credit = paymentOf(draft, payment)
  if (record === undefined && credit === undefined) return null
  const detail = credit === undefined ? undefined : creditAt(credit.seq)?.detail
  const paid = readPaymentDetail(isObject(detail) ? detail['payment'] : undefined)
  const { facts, paidNanoUsd: reversedNanoUsd, receivedNanoUsd } = record ?? emptyRecord
  return {
    creditedNanoUsd: credit?.amountNanoUsd ?? null,
    paymentId: paid?.paymentId ?? null,
    receivedNanoUsd: paid?.receivedNanoUsd ?? receivedNanoUsd,
    facts,
    reversedNanoUsd,
  }
}

/** A fact of the payment, with what the command said that it came by; the caller has made sure that it is new. */
export function bookFact(
  draft: Draft,
  payment: string,
  { record, fact, said, reference = fact.id }: FactLine,
): { entry: Entry; record: PaymentRecord } {
  const known = record.facts.find(({ id }) => id === fact.id)
  const change = Number(fact.isOpen) - Number(known?.isOpen ?? false)
  return book(draft, payment, {
    kind: fact.kind,
    reference,
    record: withFact(record, fact),
    detail: {
      ...said,
      fact: factDetail(fact),
      ...(fact.kind === 'dispute' && { openDisputes: change }),
      ...(fact.kind === 'fraud_warning' && { fraudWarnings: change }),
    },
  })
}

type FactLine = {
  readonly record: PaymentRecord
  readonly fact: Fact
  readonly said: { readonly [name: string]: Json }
  readonly reference?: string
}

/** What has been booked is no longer what should be: the payment came, or more of it is known. */
function settle(draft: Draft, payment: string, record: PaymentRecord): void {
  const credited = creditedOf(draft, payment)
  if (credited === undefined) return
  const target = targetOf(record, credited)
  const isSettled = target.paidNanoUsd === record.paidNanoUsd && target.bonusNanoUsd === record.bonusNanoUsd
  if (isSettled && !record.isWaiting) return
  const isRefund = record.facts.some(({ kind }) => kind === 'refund')
  book(draft, payment, { kind: isRefund ? 'refund' : 'dispute', reference: payment, record, detail: {} })
}

type Line = {
  readonly kind: Fact['kind']
  readonly reference: string
  readonly record: PaymentRecord
  readonly detail: { readonly [name: string]: Json }
}

function book(
  draft: Draft,
  payment: string,
  { kind, reference, record, detail }: Line,
): { entry: Entry; record: PaymentRecord } {
  const credited = creditedOf(draft, payment)
  const target = credited === undefined ? record : targetOf(record, credited)
  const paidNanoUsd = subtractNanoUsd(target.paidNanoUsd, record.paidNanoUsd)
  const bonusNanoUsd = subtractNanoUsd(target.bonusNanoUsd, record.bonusNanoUsd)
  const { draw, ...bonusLot } = drawOfFacts(draft.state, record, {
    paymentSeq: credited?.seq ?? null,
    bonusSeq: credited?.bonusSeq ?? null,
    paidNanoUsd,
    bonusNanoUsd,
  })
  const after: PaymentRecord = {
    ...record,
    ...bonusLot,
    paidNanoUsd: target.paidNanoUsd,
    bonusNanoUsd: target.bonusNanoUsd,
    isWaiting: credited === undefined,
  }
  const entry = append(draft, {
    kind,
    reference,
    amountNanoUsd: negateNanoUsd(takenBy(draw)),
    keyNumber: null,
    detail: {
      payment,
      paymentSeq: credited?.seq ?? null,
      ...detail,
      paidNanoUsd,
      bonusNanoUsd,
      waitingPayments: waitingChange(draft, payment, after),
      ...drawDetail(draw),
      record: recordDetail(after),
    },
  })
  const row = rowOfPayment(entry)
  assert(row !== undefined, 'an entry of a payment has its record')
  keepReference(draft, row)
  // A bonus whose day is over meanwhile stays away.
  expireLots(draft)
  return { entry, record: after }
}

function waitingChange(draft: Draft, payment: string, after: PaymentRecord): number {
  const was = recordOf(draft, payment)?.isWaiting ?? false
  return Number(after.isWaiting) - Number(was)
}

/** The row of the payment after an entry, for a rebuild as well; undefined for entries that tell of no payment's facts. */
export function rowOfPayment({ detail, seq }: Entry): ReferenceRow | undefined {
  if (!isObject(detail)) return undefined
  const reference = readString(detail['payment'])
  const record = readRecord(detail['record'])
  if (reference === undefined || record === undefined) return undefined
  return { scope: 'payment', reference, seq, said: JSON.stringify(recordDetail(record)) }
}

/** What the payment brought; undefined while it has not come. */
function creditedOf(draft: Draft, payment: string) {
  const paid = paymentOf(draft, payment)
  if (paid === undefined) return undefined
  const bonus = bonusOf(draft, payment)
  return {
    seq: paid.seq,
    bonusSeq: bonus?.seq ?? null,
    paidNanoUsd: paid.amountNanoUsd,
    bonusNanoUsd: bonus?.amountNanoUsd ?? zeroNanoUsd,
  }
}

function isTooMuch(draft: Draft, payment: string, fresh: readonly Fact[]): boolean {
  if (fresh.length === 0) return false
  const record = recordOf(draft, payment)
  const known = record?.facts ?? []
  const added = fresh.filter(({ id }) => !known.some((fact) => fact.id === id))
  if (known.length + added.length > factsPerPaymentMax) return true
  const isFirst = record === undefined && paymentOf(draft, payment) === undefined
  return isFirst && draft.state.risk.waitingPayments >= waitingPaymentsMax
}

function isSound({ payment, receivedNanoUsd, facts }: TellFacts): boolean {
  if (payment === '' || boundedText(payment) !== payment || facts.length > factsPerPaymentMax) return false
  if (receivedNanoUsd !== null && !isAmount(receivedNanoUsd, 1)) return false
  return facts.every((fact) => readFact(fact) !== undefined && isAmount(fact.takenNanoUsd, 0))
}

function isAmount(value: unknown, min: number): boolean {
  const amount = readWhole(value, min)
  return amount !== undefined && amount <= takenMaxNanoUsd
}
