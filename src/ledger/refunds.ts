// Money that goes back to whoever paid it, by the operator's hand: from paid lots alone, as far as neither a running call nor a
// debt needs it, and of one payment never more than it brought. A refund that names its payment is a fact of that payment, held
// before anybody outside is asked for it.

import { assert } from '#core/assert.ts'
import type { NanoUsd } from '#core/money.ts'
import {
  addNanoUsd,
  maxNanoUsd,
  minNanoUsd,
  nanoUsd,
  negateNanoUsd,
  subtractNanoUsd,
  zeroNanoUsd,
} from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { Refund, RefundAnswer } from './account-commands.ts'
import { availableOf } from './available.ts'
import { balanceMaxNanoUsd } from './credits.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { type Draw, drawDetail, freeOf, withdrawalOf } from './lots.ts'
import { type Payment, paymentOf } from './paid-credits.ts'
import { type PaymentRefund, paymentRefundOf, refundableOfPayment } from './payment-refund.ts'
import { paidLots } from './payment-draw.ts'
import { factsPerPaymentMax } from './payment-facts.ts'
import { paidBackOf } from './refunded.ts'
import { bookFact } from './told-facts.ts'
import type { State } from './state.ts'

export function refund(draft: Draft, command: Refund): RefundAnswer {
  const earlier = earlierOf(draft, command)
  if (earlier !== undefined) return earlier
  if (!isSound(command)) return { ok: false, code: 'invalid_amount' }
  if (command.payment === null) return refundOfAny(draft, command)
  const payment = paymentOf(draft, command.payment)
  if (payment === undefined) return { ok: false, code: 'no_such_payment' }
  return refundOfPayment(draft, command, payment)
}

/** As it was booked in an epoch that is closed: its operator was told that it stands, so it does, whatever is there now. */
export function refundAgain(draft: Draft, command: Refund, onceNanoUsd: NanoUsd): RefundAnswer {
  const earlier = earlierOf(draft, command)
  if (earlier !== undefined) return earlier
  if (!isSound(command) || onceNanoUsd <= 0) return { ok: false, code: 'invalid_amount' }
  if (command.payment === null) {
    const isCovered = onceNanoUsd <= refundableOf(draft.state)
    return answerOf(draft, bookAny(draft, command, { amountNanoUsd: onceNanoUsd, isCovered }), onceNanoUsd)
  }
  const payment = paymentOf(draft, command.payment)
  if (payment === undefined) return { ok: false, code: 'no_such_payment' }
  const way = paymentRefundOf(draft, { ...command, payment: command.payment }, payment, onceNanoUsd)
  return answerOf(draft, bookOfPayment(draft, command, { ...way, paidNanoUsd: onceNanoUsd }), onceNanoUsd)
}

function earlierOf(draft: Draft, command: Refund): RefundAnswer | undefined {
  const earlier = referenceOf(draft, 'refund', command.reference)
  if (earlier === undefined) return undefined
  const amount = Number(earlier.said.split(' ').at(-1))
  if (earlier.said !== said(command, amount)) return { ok: false, code: 'reference_reused' }
  const { postedNanoUsd: balanceNanoUsd } = draft.state
  return { ok: true, seq: earlier.seq, amountNanoUsd: nanoUsd(amount), balanceNanoUsd, isRepeat: true }
}

function answerOf(draft: Draft, { seq }: Entry, amountNanoUsd: NanoUsd): RefundAnswer {
  return { ok: true, seq, amountNanoUsd, balanceNanoUsd: draft.state.postedNanoUsd, isRepeat: false }
}

// ── Of one payment ───────────────────────────────────────────────────────────────────────────────────────────────

function refundOfPayment(draft: Draft, command: Refund, payment: Payment): RefundAnswer {
  const named = { ...command, payment: command.payment ?? '' }
  const leftNanoUsd = refundableOfPayment(draft, named, payment)
  const way = paymentRefundOf(draft, named, payment, command.amountNanoUsd ?? leftNanoUsd)
  if (way.paidNanoUsd <= 0 || !way.isWithin || (!way.isCovered && command.isPaidOut !== true))
    return { ok: false, code: 'beyond_refundable', leftNanoUsd }
  if (way.record.facts.length >= factsPerPaymentMax) return { ok: false, code: 'too_many_facts' }
  return answerOf(draft, bookOfPayment(draft, command, way), way.paidNanoUsd)
}

function bookOfPayment(draft: Draft, command: Refund, way: PaymentRefund): Entry {
  const { reference } = command
  const { entry } = bookFact(draft, command.payment ?? '', {
    record: way.record,
    fact: way.fact,
    reference,
    said: { ...saidIn(command), amountNanoUsd: way.paidNanoUsd },
  })
  keepReference(draft, { scope: 'refund', reference, seq: entry.seq, said: saidOfRefund(entry) })
  return entry
}

// ── Of whatever was paid ─────────────────────────────────────────────────────────────────────────────────────────

function refundOfAny(draft: Draft, command: Refund): RefundAnswer {
  const leftNanoUsd = refundableOf(draft.state)
  const amountNanoUsd = command.amountNanoUsd ?? leftNanoUsd
  const isCovered = amountNanoUsd > 0 && amountNanoUsd <= leftNanoUsd
  if (!isCovered && command.isPaidOut !== true) return { ok: false, code: 'beyond_refundable', leftNanoUsd }
  return answerOf(draft, bookAny(draft, command, { amountNanoUsd, isCovered }), amountNanoUsd)
}

/** What may go back now: free paid money less the debt, and no more than leaves every running call its hold and its next slice. */
export function refundableOf(state: State): NanoUsd {
  const free = paidLots(state.lots, null).map((lot) => freeOf(lot, state.pinned))
  const paid = subtractNanoUsd(addNanoUsd(...free), state.debtNanoUsd)
  const spare = subtractNanoUsd(availableOf(state), state.slicesNanoUsd)
  return maxNanoUsd(zeroNanoUsd, minNanoUsd(paid, spare))
}

type Way = { amountNanoUsd: NanoUsd; isCovered: boolean }

function bookAny(draft: Draft, command: Refund, way: Way): Entry {
  const { reference } = command
  const entry = append(draft, {
    kind: 'refund',
    reference,
    amountNanoUsd: negateNanoUsd(way.amountNanoUsd),
    keyNumber: null,
    detail: {
      payment: null,
      paymentSeq: null,
      ...saidIn(command),
      ...drawDetail(drawOf(draft.state, way)),
    },
  })
  keepReference(draft, { scope: 'refund', reference, seq: entry.seq, said: saidOfRefund(entry) })
  return entry
}

/** Money that has left already is booked whatever is there: what no lot covers is a debt. */
function drawOf(state: State, { amountNanoUsd, isCovered }: Way): Draw {
  const lots = isCovered ? paidLots(state.lots, null) : state.lots
  const draw = withdrawalOf(lots, state.pinned, { amountNanoUsd, firstSeq: null })
  assert(!isCovered || draw.debtNanoUsd === zeroNanoUsd, 'a covered refund makes no debt')
  return draw
}

// ── What was said ────────────────────────────────────────────────────────────────────────────────────────────────

function saidIn({ amountNanoUsd, reason, actor, isThroughProvider = false }: Refund) {
  return { asked: amountNanoUsd, reason, actor, ...(isThroughProvider && { isThroughProvider }) }
}

/** Written by what was told of a payment, and by no refund of the operator's. */
export function isTold({ detail }: Entry): boolean {
  return isObject(detail) && 'record' in detail && !('asked' in detail)
}

/** For a rebuild: what the command said that wrote the entry. */
export function saidOfRefund(entry: Entry): string {
  const { payment, asked, amountNanoUsd }: { readonly [name: string]: unknown } = isObject(entry.detail)
    ? entry.detail
    : {}
  const amount = readWhole(amountNanoUsd) ?? paidBackOf(entry)
  return [readString(payment) ?? '', readWhole(asked) ?? 'all', amount].join(' ')
}

function said({ payment, amountNanoUsd }: Refund, refunded: number): string {
  return [payment ?? '', amountNanoUsd ?? 'all', refunded].join(' ')
}

function isSound(command: Refund): boolean {
  const { reference, payment, amountNanoUsd, isPaidOut = false, isThroughProvider = false } = command
  if (reference === '' || payment === '' || (payment?.length ?? 0) > textCharactersMax) return false
  // A provider gives one payment back, whole or in part.
  if (isThroughProvider && payment === null) return false
  if (amountNanoUsd === null) return !isPaidOut
  const amount = readWhole(amountNanoUsd, 1)
  return amount !== undefined && amount <= balanceMaxNanoUsd
}
