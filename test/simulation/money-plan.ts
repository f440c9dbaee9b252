// What happens to an account's money beside calls and credits: payments that go back, charges for what no model prices, and
// a plan with an allowance. Each thing has dice of its own (plan.ts).

import { type NanoUsd, nanoUsd, picoUsd } from '#core/money.ts'
import type { AutoTopUpTerms } from '#ledger/auto-top-up-commands.ts'
import { Dice } from './dice.ts'

/** A payment goes back, or has gone back already: the bank of whoever paid took it. */
export type RefundPlan = {
  readonly type: 'refund'
  readonly name: string
  readonly atMs: number
  /** The reference of the payment; null for whatever was paid. */
  readonly payment: string | null
  /** Null for all that can go back. */
  readonly amountNanoUsd: NanoUsd | null
  readonly isDisputed: boolean
  /** Told before the payment itself is. */
  readonly isEarly: boolean
  readonly repeatsAfterMs: readonly number[]
}

export type MeterPlan = {
  readonly type: 'meter'
  readonly name: string
  readonly atMs: number
  readonly id: string
  readonly keyNumber: number
  readonly quantity: number
  /** Told again after these times, and once with another quantity where there is one. */
  readonly repeatsAfterMs: readonly number[]
  readonly otherQuantity: number | null
}

/** A plan with so many messages a month, and money that ends with it. */
export type AllowancePlan = {
  readonly type: 'allowance'
  readonly name: string
  readonly atMs: number
  readonly included: number
  readonly monthlyCreditNanoUsd: NanoUsd
  /** 1: the month that ends under way ends the period. */
  readonly anchorDay: number
  readonly repeatsAfterMs: readonly number[]
}

/** Its owner agrees to automatic top-up, and ends it after a while or never. */
export type TopUpPlan = {
  readonly type: 'top_up'
  readonly name: string
  readonly atMs: number
  readonly terms: Omit<AutoTopUpTerms, 'isEnabled'>
  readonly endsAfterMs: number | null
  readonly repeatsAfterMs: readonly number[]
}

export type MoneyPlan = RefundPlan | MeterPlan | AllowancePlan | TopUpPlan

/** One that a refund may be about. */
export type PaymentPlan = { readonly name: string; readonly atMs: number; readonly amountNanoUsd: NanoUsd }

/** Of one message: many of them do not cost whole nano-dollars. */
export const messagePicoUsd = picoUsd(12_345_678)

const lastAtMs = 420_000

export function moneyPlans(seed: number, keys: number, payments: readonly PaymentPlan[]): MoneyPlan[] {
  const dice = new Dice(`money ${seed}`)
  const items: MoneyPlan[] = []
  for (let n = dice.between(0, 3); n > 0; n -= 1) items.push(refundPlan(`${seed} refund ${n}`, payments))
  for (let n = dice.between(0, 6); n > 0; n -= 1) items.push(meterPlan(`${seed} meter ${n}`, n, keys))
  if (dice.chance(45)) items.push(allowancePlan(`${seed} allowance`))
  if (dice.chance(60)) items.push(topUpPlan(`${seed} top-up`))
  return items
}

function refundPlan(name: string, payments: readonly PaymentPlan[]): RefundPlan {
  const dice = new Dice(name)
  const payment = payments[dice.between(0, payments.length - 1)]
  const paidAtMs = payment?.atMs ?? 0
  const isEarly = paidAtMs > 5_000 && dice.chance(40)
  const isDisputed = dice.chance(30)
  const percent = dice.chance(30) && !isDisputed ? null : dice.between(5, 120)
  return {
    type: 'refund',
    name,
    atMs: isEarly ? paidAtMs - dice.between(100, 5_000) : dice.between(paidAtMs + 1_000, lastAtMs + 1_000),
    payment: dice.chance(20) && !isEarly ? null : (payment?.name ?? null),
    amountNanoUsd:
      percent === null ? null : nanoUsd(Math.ceil(((payment?.amountNanoUsd ?? 0) * percent) / 100)),
    isDisputed,
    isEarly,
    repeatsAfterMs: repeats(dice),
  }
}

function meterPlan(name: string, n: number, keys: number): MeterPlan {
  const dice = new Dice(name)
  return {
    type: 'meter',
    name,
    atMs: dice.between(1_000, lastAtMs),
    id: `mtr_${String(n).padStart(32, '0')}`,
    keyNumber: dice.between(1, keys),
    quantity: dice.chance(10) ? dice.between(100, 10_000) : dice.between(1, 30),
    repeatsAfterMs: repeats(dice),
    otherQuantity: dice.chance(15) ? dice.between(31, 60) : null,
  }
}

function allowancePlan(name: string): AllowancePlan {
  const dice = new Dice(name)
  return {
    type: 'allowance',
    name,
    atMs: dice.between(500, 150_000),
    included: dice.between(5, 60),
    monthlyCreditNanoUsd: nanoUsd(dice.chance(50) ? dice.between(10_000, 10_000_000) : 0),
    anchorDay: dice.chance(75) ? 1 : 15,
    repeatsAfterMs: repeats(dice),
  }
}

const centNanoUsd = 10_000_000

function topUpPlan(name: string): TopUpPlan {
  const dice = new Dice(name)
  const threshold = dice.between(1, 15) * (dice.chance(30) ? 100 : 1)
  const amount = threshold * dice.between(1, 3)
  return {
    type: 'top_up',
    name,
    atMs: dice.between(500, 200_000),
    terms: {
      thresholdNanoUsd: nanoUsd(threshold * centNanoUsd),
      amountNanoUsd: nanoUsd(amount * centNanoUsd),
      monthlyCapNanoUsd: dice.chance(30) ? nanoUsd(amount * dice.between(1, 3) * centNanoUsd) : null,
    },
    endsAfterMs: dice.chance(25) ? dice.between(1_000, 200_000) : null,
    repeatsAfterMs: repeats(dice),
  }
}

function repeats(dice: Dice): number[] {
  return Array.from({ length: dice.between(0, 2) }, () => dice.between(1, 90_000))
}
