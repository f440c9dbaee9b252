// How much of one payment may go back, and what that takes: its share of what was received, and with it of the bonus.

import {
  addNanoUsd,
  maxNanoUsd,
  minNanoUsd,
  nanoUsd,
  shareRoundedUpOf,
  subtractNanoUsd,
  zeroNanoUsd,
  type NanoUsd,
} from '#core/money.ts'
import type { Refund } from './account-commands.ts'
import { availableOf } from './available.ts'
import { boundedText } from './detail.ts'
import type { Draft } from './draft.ts'
import { freeOf } from './lots.ts'
import { type Payment, bonusOf } from './paid-credits.ts'
import { paidLots } from './payment-draw.ts'
import {
  type Fact,
  type PaymentRecord,
  emptyRecord,
  refundVersions,
  targetOf,
  withFact,
  withReceived,
} from './payment-facts.ts'
import { refundedOf } from './refunded.ts'
import { recordOf } from './told-facts.ts'

export type PaymentRefund = {
  /** Before the refund. */
  readonly record: PaymentRecord
  readonly fact: Fact
  /** What it takes of the credit; the bonus goes beside it. */
  readonly paidNanoUsd: NanoUsd
  /** No more of the payment goes back than it brought. */
  readonly isWithin: boolean
  /** No call and no debt needs what it takes. */
  readonly isCovered: boolean
}

type Named = Refund & { readonly payment: string }

const centNanoUsd = 10_000_000

export function paymentRefundOf(
  draft: Draft,
  command: Named,
  payment: Payment,
  amountNanoUsd: NanoUsd,
): PaymentRefund {
  const record = withReceived(
    recordOf(draft, command.payment) ?? emptyRecord,
    command.receivedNanoUsd ?? null,
  )
  const bonus = bonusOf(draft, command.payment)
  const credited = {
    paidNanoUsd: payment.amountNanoUsd,
    bonusNanoUsd: bonus?.amountNanoUsd ?? zeroNanoUsd,
  }
  const fact = factOf(command, record, payment, amountNanoUsd)
  const target = targetOf(withFact(record, fact), credited)
  const paidNanoUsd = subtractNanoUsd(target.paidNanoUsd, record.paidNanoUsd)
  const bonusNanoUsd = subtractNanoUsd(target.bonusNanoUsd, record.bonusNanoUsd)
  const gone = maxNanoUsd(record.paidNanoUsd, refundedOf(draft.state.refunded, payment.seq))
  const left = subtractNanoUsd(payment.amountNanoUsd, gone)
  return {
    record,
    fact,
    paidNanoUsd,
    isWithin: amountNanoUsd <= left && paidNanoUsd <= left,
    isCovered: isCovered(draft, { paidNanoUsd, bonusNanoUsd, paymentSeq: payment.seq, bonusSeq: bonus?.seq }),
  }
}

/** The most that may go back of a payment now: whatever takes less is covered as well. */
export function refundableOfPayment(draft: Draft, command: Named, payment: Payment): NanoUsd {
  let least = 0
  let most: number = payment.amountNanoUsd
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    const way = paymentRefundOf(draft, command, payment, nanoUsd(middle))
    if (way.isWithin && way.isCovered) least = middle
    else most = middle - 1
  }
  return nanoUsd(least)
}

/** In what was received; a provider pays whole cents. */
function factOf(command: Named, record: PaymentRecord, payment: Payment, amountNanoUsd: NanoUsd): Fact {
  const id = boundedText(command.reference)
  const known = record.facts.find((fact) => fact.id === id)
  const { requested, succeeded } = refundVersions
  const version = command.isThroughProvider === true ? requested : succeeded
  // What was told of it already says more.
  if (known !== undefined && known.version >= version) return known
  const received = record.receivedNanoUsd ?? payment.amountNanoUsd
  const share = shareRoundedUpOf(received, amountNanoUsd, payment.amountNanoUsd)
  const cents = nanoUsd(Math.ceil(share / centNanoUsd) * centNanoUsd)
  const others = addNanoUsd(...record.facts.map(({ takenNanoUsd }) => takenNanoUsd))
  const rest = maxNanoUsd(zeroNanoUsd, subtractNanoUsd(received, others))
  const takenNanoUsd = command.isThroughProvider === true ? minNanoUsd(cents, maxNanoUsd(share, rest)) : share
  return { id, kind: 'refund', version, takenNanoUsd, isOpen: false }
}

type Taking = {
  readonly paidNanoUsd: NanoUsd
  readonly bonusNanoUsd: NanoUsd
  readonly paymentSeq: number
  readonly bonusSeq: number | undefined
}

function isCovered({ state }: Draft, { paidNanoUsd, bonusNanoUsd, paymentSeq, bonusSeq }: Taking): boolean {
  const { lots, pinned, debtNanoUsd } = state
  const bonusLot = lots.find(({ seq }) => seq === bonusSeq)
  const ofBonusLot = minNanoUsd(bonusNanoUsd, bonusLot === undefined ? zeroNanoUsd : freeOf(bonusLot, pinned))
  const free = addNanoUsd(...paidLots(lots, paymentSeq).map((lot) => freeOf(lot, pinned)))
  const ofPaid = subtractNanoUsd(addNanoUsd(paidNanoUsd, bonusNanoUsd), ofBonusLot)
  const spare = subtractNanoUsd(availableOf(state), state.slicesNanoUsd)
  return addNanoUsd(ofPaid, debtNanoUsd) <= free && addNanoUsd(paidNanoUsd, bonusNanoUsd) <= spare
}
