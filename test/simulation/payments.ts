// What must be true of money that goes back to whoever paid it and of charges without a model. Part of the oracle: shares no
// line with the ledger.

import { isObject } from '#core/readers.ts'
import type { Refund, RefundAnswer } from '#ledger/account-commands.ts'
import type { Meter, MeterAnswer } from '#ledger/plan-commands.ts'
import type { Faults } from './faults.ts'
import type { Line } from './line.ts'
import { messagePicoUsd } from './money-plan.ts'
import { neverAnother } from './never-another.ts'
import { Violation } from './violation.ts'

type Metered = { readonly costNanoUsd: number; readonly allowanceUsed: number }

const picoPerNano = 1_000

export function isMetered({ reference }: Pick<Line, 'reference'>): boolean {
  return reference.startsWith('mtr_')
}

export class Payments {
  /** Acknowledged, by reference. */
  readonly refunds = new Map<string, { amountNanoUsd: number; seq: number }>()
  /** Of those the money has left whatever the account says. */
  readonly disputed = new Set<string>()
  readonly #metered = new Map<string, Metered>()
  readonly #askedQuantities = new Map<string, Set<number>>()
  /** Of a period's messages so many cost nothing. */
  includedUnits = 0
  readonly #faults: Faults

  constructor(faults: Faults) {
    this.#faults = faults
  }

  asked(method: string, command: unknown): void {
    if (method === 'refund') {
      const { reference, isPaidOut } = command as Refund
      if (isPaidOut === true) this.disputed.add(reference)
    }
    if (method !== 'meter') return
    const { id, quantity } = command as Meter
    this.#askedQuantities.set(id, (this.#askedQuantities.get(id) ?? new Set()).add(quantity))
  }

  /** At the object's gate. */
  refunded({ reference, payment }: Refund, answer: RefundAnswer): void {
    neverAnother(reference, answer)
    // What goes back through Stripe follows from what Stripe says (money-truth.ts).
    if (!answer.ok || isThroughStripe(payment)) return
    const { seq, amountNanoUsd } = answer
    const known = this.refunds.get(reference)
    if (known !== undefined && (known.seq !== seq || known.amountNanoUsd !== amountNanoUsd))
      throw new Violation('I7', `${reference} goes back twice`)
    this.refunds.set(reference, { amountNanoUsd, seq })
  }

  /** At the object's gate; true where it was booked by this very command. */
  metered({ id, quantity }: Meter, answer: MeterAnswer): boolean {
    const isAskedTwice = (this.#askedQuantities.get(id)?.size ?? 0) > 1
    if (!answer.ok) {
      if (answer.code === 'reference_reused' && !isAskedTwice)
        throw new Violation('I7', `${id} is another one when it is told again`)
      return false
    }
    const { costNanoUsd, allowanceUsed, chargedQuantity, isRepeat } = answer
    if (allowanceUsed + chargedQuantity !== quantity)
      throw new Violation('I7', `${id} is charged for ${allowanceUsed + chargedQuantity} of ${quantity}`)
    const known = this.#metered.get(id)
    const isSame = known?.costNanoUsd === costNanoUsd && known.allowanceUsed === allowanceUsed
    if (known !== undefined && !(isSame && isRepeat)) throw new Violation('I7', `${id} is metered twice`)
    this.#metered.set(id, { costNanoUsd, allowanceUsed })
    return !isRepeat
  }

  /** A rebuilt account remembers what its log says. */
  forget(references: ReadonlySet<string>): void {
    for (const reference of this.refunds.keys())
      if (!references.has(reference)) this.refunds.delete(reference)
    for (const id of this.#metered.keys()) if (!references.has(id)) this.#metered.delete(id)
  }

  /** At rest. `late` are the references of what came too late for its epoch: that is booked whatever the account has. */
  checkQuiet(lines: readonly Line[], credits: ReadonlyMap<string, number>, late: ReadonlySet<string>): void {
    this.#checkRefunds(lines, credits, late)
    this.#checkMetered(lines.filter(isMetered), late)
    const granted = lines.filter(({ kind }) => kind === 'allowance').map(({ reference }) => reference)
    if (new Set(granted).size !== granted.length) throw new Violation('I7', 'a period is granted twice')
    if (granted.length > 1) this.#faults.fired('allowance_granted_anew')
  }

  #checkRefunds(
    lines: readonly Line[],
    credits: ReadonlyMap<string, number>,
    late: ReadonlySet<string>,
  ): void {
    const refunds = lines.filter(({ kind }) => kind === 'refund')
    for (const [reference, { amountNanoUsd }] of this.refunds) {
      const own = refunds.filter((line) => line.reference === reference)
      if (own.length !== 1 || own[0]?.amountNanoUsd !== -amountNanoUsd)
        throw new Violation('I7', `${reference} was acknowledged and stands there ${own.length} times`)
    }
    const sums = new Map<string, number>()
    for (const { reference, amountNanoUsd, detail } of refunds) {
      const { payment } = detail
      if (typeof payment !== 'string' || isThroughStripe(payment)) continue
      const sum = (sums.get(payment) ?? 0) - amountNanoUsd
      sums.set(payment, sum)
      const isFree = this.disputed.has(reference) || late.has(reference)
      if (!isFree && sum > (credits.get(payment) ?? 0))
        throw new Violation('I7', `more of ${payment} went back than it had brought`)
    }
  }

  #checkMetered(lines: readonly Line[], late: ReadonlySet<string>): void {
    const used = new Map<number, number>()
    const seen = new Map<string, Metered>()
    for (const line of lines) {
      const { reference, detail } = line
      if (seen.has(reference)) throw new Violation('I7', `${reference} stands there twice`)
      const metered = meteredOf(line)
      seen.set(reference, metered)
      const quantity = quantityOf(detail)
      if (this.#askedQuantities.get(reference)?.has(quantity) !== true)
        throw new Violation('I7', `${reference} is charged for ${quantity}, which nobody asked for`)
      const exact = ((quantity - metered.allowanceUsed) * messagePicoUsd) / picoPerNano
      if (metered.costNanoUsd !== Math.ceil(exact))
        throw new Violation('I7', `${reference} costs ${metered.costNanoUsd}, not ${Math.ceil(exact)}`)
      const period = periodOf(detail)
      if (!late.has(reference)) used.set(period, (used.get(period) ?? 0) + metered.allowanceUsed)
    }
    for (const [id, known] of this.#metered) {
      const { costNanoUsd, allowanceUsed } = seen.get(id) ?? {}
      if (costNanoUsd !== known.costNanoUsd || allowanceUsed !== known.allowanceUsed)
        throw new Violation('I7', `${id} was acknowledged and is charged otherwise`)
    }
    for (const units of used.values())
      if (units > this.includedUnits)
        throw new Violation('allowance', `${units} of ${this.includedUnits} units of a period are used`)
  }
}

function isThroughStripe(payment: string | null): boolean {
  return payment?.startsWith('ord_') === true
}

function meteredOf({ amountNanoUsd, detail }: Line): Metered {
  return {
    costNanoUsd: amountNanoUsd === 0 ? 0 : -amountNanoUsd,
    allowanceUsed: Number(fieldOf(detail['allowance'], 'units') ?? 0),
  }
}

function quantityOf(detail: Line['detail']): number {
  return Number(fieldOf(detail['metered'], 'quantity') ?? 0)
}

function periodOf(detail: Line['detail']): number {
  return Number(fieldOf(detail['allowance'], 'periodStartMs') ?? 0)
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}
