// Money that goes back to whoever paid it: from paid lots alone, as far as neither a running call nor a debt needs it, and of
// one payment never more than it brought. What was given away is never paid out.

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
import { type Payment, balanceMaxNanoUsd, paymentOf } from './credits.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { type Draw, type Lot, drawDetail, freeOf, withdrawalOf } from './lots.ts'
import { refundedOf } from './refunded.ts'
import type { State } from './state.ts'

/** One refund takes from so many lots at most, so that its entry stays small; the rest goes back with another one. */
export const refundLotsMax = 50

export function refund(draft: Draft, command: Refund): RefundAnswer {
  const { state } = draft
  const earlier = earlierOf(draft, command)
  if (earlier !== undefined) return earlier
  if (!isSound(command)) return { ok: false, code: 'invalid_amount' }
  const payment = command.payment === null ? null : paymentOf(draft, command.payment)
  if (payment === undefined) return { ok: false, code: 'no_such_payment' }
  const leftNanoUsd = refundableOf(state, payment)
  const amountNanoUsd = command.amountNanoUsd ?? leftNanoUsd
  const isCovered = amountNanoUsd > 0 && amountNanoUsd <= leftNanoUsd
  if (!isCovered && command.isPaidOut !== true) return { ok: false, code: 'beyond_refundable', leftNanoUsd }
  return booked(draft, command, { payment, amountNanoUsd, isCovered })
}

/** As it was booked in an epoch that is closed: its operator was told that it stands, so it does, whatever is there now. */
export function refundAgain(draft: Draft, command: Refund, onceNanoUsd: NanoUsd): RefundAnswer {
  const earlier = earlierOf(draft, command)
  if (earlier !== undefined) return earlier
  if (!isSound(command) || onceNanoUsd <= 0) return { ok: false, code: 'invalid_amount' }
  const payment = command.payment === null ? null : paymentOf(draft, command.payment)
  if (payment === undefined) return { ok: false, code: 'no_such_payment' }
  const isCovered = onceNanoUsd <= refundableOf(draft.state, payment)
  return booked(draft, command, { payment, amountNanoUsd: onceNanoUsd, isCovered })
}

function earlierOf(draft: Draft, command: Refund): RefundAnswer | undefined {
  const earlier = referenceOf(draft, 'refund', command.reference)
  if (earlier === undefined) return undefined
  const amount = Number(earlier.said.split(' ').at(-1))
  if (earlier.said !== said(command, amount)) return { ok: false, code: 'reference_reused' }
  const { postedNanoUsd: balanceNanoUsd } = draft.state
  return { ok: true, seq: earlier.seq, amountNanoUsd: nanoUsd(amount), balanceNanoUsd, isRepeat: true }
}

function booked(draft: Draft, command: Refund, way: Way): RefundAnswer {
  const { seq } = book(draft, command, way)
  const { amountNanoUsd } = way
  return { ok: true, seq, amountNanoUsd, balanceNanoUsd: draft.state.postedNanoUsd, isRepeat: false }
}

/** What may go back now: free paid money less the debt, and no more than leaves every running call its hold and its next slice. */
export function refundableOf(state: State, payment: Payment | null): NanoUsd {
  const free = refundLots(state, payment).map((lot) => freeOf(lot, state.pinned))
  const paid = subtractNanoUsd(addNanoUsd(...free), state.debtNanoUsd)
  const spare = subtractNanoUsd(availableOf(state), state.slicesNanoUsd)
  const ofPayment =
    payment === null ? paid : subtractNanoUsd(payment.amountNanoUsd, refundedOf(state.refunded, payment.seq))
  return maxNanoUsd(zeroNanoUsd, minNanoUsd(minNanoUsd(paid, spare), ofPayment))
}

/** The payment's own lot and the newest others. */
function refundLots({ lots }: State, payment: Payment | null): readonly Lot[] {
  const paid = lots.filter(({ bucket }) => bucket === 'paid')
  const own = paid.filter(({ seq }) => seq === payment?.seq)
  const others = paid.filter(({ seq }) => seq !== payment?.seq).toSorted((a, b) => b.seq - a.seq)
  return [...own, ...others].slice(0, refundLotsMax)
}

type Way = { payment: Payment | null; amountNanoUsd: NanoUsd; isCovered: boolean }

function book(draft: Draft, command: Refund, way: Way): Entry {
  const { amountNanoUsd } = way
  const entry = append(draft, {
    kind: 'refund',
    reference: command.reference,
    amountNanoUsd: negateNanoUsd(amountNanoUsd),
    keyNumber: null,
    detail: {
      payment: command.payment,
      paymentSeq: way.payment?.seq ?? null,
      asked: command.amountNanoUsd,
      reason: command.reason,
      actor: command.actor,
      ...drawDetail(drawOf(draft.state, way)),
    },
  })
  const { reference } = command
  keepReference(draft, { scope: 'refund', reference, seq: entry.seq, said: saidOfRefund(entry) })
  return entry
}

/** Money that has left already is booked whatever is there: what no lot covers is a debt. */
function drawOf(state: State, { payment, amountNanoUsd, isCovered }: Way): Draw {
  const firstSeq = payment?.seq ?? null
  const lots = isCovered ? refundLots(state, payment) : state.lots
  const draw = withdrawalOf(lots, state.pinned, { amountNanoUsd, firstSeq })
  assert(!isCovered || draw.debtNanoUsd === zeroNanoUsd, 'a covered refund makes no debt')
  return draw
}

/** For a rebuild: what the command said that wrote the entry. */
export function saidOfRefund({ amountNanoUsd, detail }: Entry): string {
  const { payment, asked }: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  const amount = negateNanoUsd(amountNanoUsd)
  return [readString(payment) ?? '', readWhole(asked) ?? 'all', amount].join(' ')
}

function said({ payment, amountNanoUsd }: Refund, refunded: number): string {
  return [payment ?? '', amountNanoUsd ?? 'all', refunded].join(' ')
}

function isSound({ reference, payment, amountNanoUsd, isPaidOut = false }: Refund): boolean {
  if (reference === '' || payment === '' || (payment?.length ?? 0) > textCharactersMax) return false
  if (amountNanoUsd === null) return !isPaidOut
  const amount = readWhole(amountNanoUsd, 1)
  return amount !== undefined && amount <= balanceMaxNanoUsd
}
