// Where money comes from that goes back to whoever paid it, and where it returns to when it comes back: the payment's own lot,
// the other paid ones, the newest first, then debt; for its bonus what is left of that first. What was given otherwise stays.

import { assert } from '#core/assert.ts'
import {
  addNanoUsd,
  maxNanoUsd,
  minNanoUsd,
  negateNanoUsd,
  subtractNanoUsd,
  zeroNanoUsd,
  type NanoUsd,
} from '#core/money.ts'
import { type Draw, type Drawn, type Lot, freeOf, takenBy, withdrawalOf } from './lots.ts'
import type { PaymentRecord } from './payment-facts.ts'
import type { State } from './state.ts'

/** One entry takes from so many lots at most, so that it stays small; the rest becomes debt beside the lots that are left. */
export const refundLotsMax = 50

/** By how much what has gone back changes; negative where it comes back. */
export type FactsChange = {
  readonly paymentSeq: number | null
  readonly bonusSeq: number | null
  readonly paidNanoUsd: NanoUsd
  readonly bonusNanoUsd: NanoUsd
}

type FactsDraw = Pick<PaymentRecord, 'bonusLotNanoUsd' | 'bonusExpiresAtMs'> & { readonly draw: Draw }

type Funds = Pick<State, 'lots' | 'pinned' | 'debtNanoUsd'>

export function drawOfFacts(state: Funds, record: PaymentRecord, change: FactsChange): FactsDraw {
  const { paidNanoUsd, bonusNanoUsd, bonusSeq } = change
  const lot = state.lots.find(({ seq }) => seq === bonusSeq)
  const ofBonusLot =
    bonusNanoUsd > 0
      ? minNanoUsd(bonusNanoUsd, lot === undefined ? zeroNanoUsd : freeOf(lot, state.pinned))
      : negateNanoUsd(bonusBack(record, negateNanoUsd(bonusNanoUsd)))
  const ofPaid = subtractNanoUsd(addNanoUsd(paidNanoUsd, bonusNanoUsd), ofBonusLot)
  const bonusExpiresAtMs = lot === undefined ? record.bonusExpiresAtMs : lot.expiresAtMs
  const rest = ofPaid > 0 ? taken(state, ofPaid, change) : returned(state, negateNanoUsd(ofPaid), change)
  const bonusLot: readonly Drawn[] =
    ofBonusLot === zeroNanoUsd || bonusSeq === null
      ? []
      : [{ ...newLot(bonusSeq, 'bonus', bonusExpiresAtMs), amountNanoUsd: ofBonusLot }]
  const draw = { lots: [...bonusLot, ...rest.lots], debtNanoUsd: rest.debtNanoUsd }
  assert(takenBy(draw) === paidNanoUsd + bonusNanoUsd, 'a draw takes what goes back')
  return { draw, bonusLotNanoUsd: addNanoUsd(record.bonusLotNanoUsd, ofBonusLot), bonusExpiresAtMs }
}

/** What of a bonus that comes back was taken from its own lot: the part that paid money stood in for returns before it. */
function bonusBack({ bonusNanoUsd, bonusLotNanoUsd }: PaymentRecord, back: NanoUsd): NanoUsd {
  const fromPaid = subtractNanoUsd(bonusNanoUsd, bonusLotNanoUsd)
  return maxNanoUsd(zeroNanoUsd, subtractNanoUsd(back, fromPaid))
}

function taken(state: Funds, amountNanoUsd: NanoUsd, { paymentSeq }: FactsChange): Draw {
  return withdrawalOf(paidLots(state.lots, paymentSeq), state.pinned, { amountNanoUsd, firstSeq: paymentSeq })
}

/** Paid money that comes back pays the debt first, as all of it does. */
function returned(state: Funds, amountNanoUsd: NanoUsd, { paymentSeq }: FactsChange): Draw {
  const debt = minNanoUsd(state.debtNanoUsd, amountNanoUsd)
  const rest = subtractNanoUsd(amountNanoUsd, debt)
  const lots =
    rest === zeroNanoUsd || paymentSeq === null
      ? []
      : [{ ...newLot(paymentSeq, 'paid', null), amountNanoUsd: negateNanoUsd(rest) }]
  return { lots, debtNanoUsd: negateNanoUsd(debt) }
}

/** The payment's own lot and the newest others. */
export function paidLots(lots: readonly Lot[], paymentSeq: number | null): readonly Lot[] {
  const paid = lots.filter(({ bucket }) => bucket === 'paid')
  const own = paid.filter(({ seq }) => seq === paymentSeq)
  const others = paid.filter(({ seq }) => seq !== paymentSeq).toSorted((a, b) => b.seq - a.seq)
  return [...own, ...others].slice(0, refundLotsMax)
}

function newLot(seq: number, bucket: Lot['bucket'], expiresAtMs: number | null): Lot {
  return { seq, bucket, expiresAtMs, remainingNanoUsd: zeroNanoUsd }
}
