// How money comes in and goes back in one simulated world: orders that persons pay on pages, what becomes of payments afterwards,
// months that are paid for later, and how unkind Stripe is. Drawn thinly: most schedules have one of these subjects or none.

import { type OrderId, orderIdOf } from '#core/ids.ts'
import { type NanoUsd, nanoUsd } from '#core/money.ts'
import { Dice } from './dice.ts'
import type { LineFaults } from './stripe-line.ts'

/** `sends`: a transfer that arrives later; `bounces`: one that does not; `last_moment`: paid as the page expires. */
export type OrderFate = 'pays' | 'sends' | 'bounces' | 'leaves' | 'last_moment'

export type OrderPlan = {
  readonly type: 'order'
  readonly name: string
  readonly atMs: number
  readonly orderId: OrderId
  readonly netNanoUsd: NanoUsd
  /** So often a person asks for the page. */
  readonly tries: number
  readonly fate: OrderFate
  readonly paysAfterMs: number
  readonly arrivesAfterMs: number
  /** To the page to which a person returns. */
  readonly comesBack: boolean
}

export type FactKind = 'refund' | 'refund_at_stripe' | 'dispute' | 'inquiry' | 'warning'

export type FactPlan = {
  readonly type: 'fact'
  readonly name: string
  readonly atMs: number
  readonly kind: FactKind
  /** Among the payments there are by then. */
  readonly which: number
  /** Null for all that is left. */
  readonly percent: number | null
  readonly isBeyondBalance: boolean
  /** Of a refund at Stripe and of a dispute: how it ends, and when. */
  readonly isGood: boolean
  readonly movesAfterMs: number
  readonly endsAfterMs: number
  readonly repeatsAfterMs: readonly number[]
}

export type InvoiceFate = 'pays' | 'pays_past_stripe' | 'pays_late' | 'never' | 'void' | 'uncollectible'

export type PostpaidPlan = {
  readonly type: 'postpaid'
  readonly name: string
  readonly atMs: number
  readonly owedNanoUsd: NanoUsd
  readonly dueDays: number
  readonly graceDays: number
  readonly fate: InvoiceFate
  readonly paysAfterMs: number
  /** The operator closes the period as well. */
  readonly cutsAtMs: number | null
}

export type MoneyInPlan = OrderPlan | FactPlan | PostpaidPlan

export type StripePlan = LineFaults & {
  readonly hasTax: boolean
  readonly eventLossPercent: number
  /** Two days more of quiet: what waits for a key to be forgotten comes to its end. */
  readonly isLong: boolean
  readonly downAfterRequest: number | null
  readonly downForMs: number
}

const lastAtMs = 420_000
const centNanoUsd = 10_000_000
const dollarCents = 100
const hourMs = 3_600_000

export function moneyInPlans(seed: number): MoneyInPlan[] {
  const dice = new Dice(`money in ${seed}`)
  const subject = dice.between(1, 100)
  if (subject <= orderPercent) {
    const orders = Array.from({ length: dice.between(1, 3) }, (_, n) => orderPlan(`${seed} order ${n + 1}`))
    return [
      ...orders,
      ...Array.from({ length: dice.between(2, 7) }, (_, n) => factPlan(`${seed} fact ${n + 1}`)),
    ]
  }
  return subject <= orderPercent + postpaidPercent ? [postpaidPlan(`${seed} postpaid`)] : []
}

const orderPercent = 30
const postpaidPercent = 15

/** `isAsked`: somebody asks Stripe for something. */
export function stripePlan(seed: number, isAsked: boolean): StripePlan {
  const dice = new Dice(`stripe ${seed}`)
  const isLong = isAsked && dice.chance(40)
  const isDown = dice.chance(60)
  return {
    notReachedPercent: dice.pick([0, 10, 25]),
    answerLostPercent: dice.pick([0, 10, 30]),
    failedPercent: isLong ? dice.pick([8, 15, 25]) : 0,
    downUntilMs: 0,
    hasTax: dice.chance(30),
    eventLossPercent: dice.pick([0, 10, 50]),
    isLong,
    downAfterRequest: isDown ? dice.between(1, 6) : null,
    downForMs: isLong ? dice.between(24 * hourMs, 28 * hourMs) : dice.between(10_000, 120_000),
  }
}

function orderPlan(name: string): OrderPlan {
  const dice = new Dice(name)
  const dollars = dice.chance(60) ? dice.between(5, 60) : dice.between(1_000, 1_500)
  return {
    type: 'order',
    name,
    atMs: dice.between(1_000, 200_000),
    orderId: orderIdOf(dice.bytes(16)),
    netNanoUsd: nanoUsd((dollars * dollarCents + dice.between(0, 99)) * centNanoUsd),
    tries: dice.chance(20) ? 1 : 30,
    fate: dice.pick([
      'pays',
      'pays',
      'pays',
      'sends',
      'sends',
      'bounces',
      'bounces',
      'leaves',
      'last_moment',
    ]),
    paysAfterMs: dice.between(500, 90_000),
    arrivesAfterMs: dice.between(500, 200_000),
    comesBack: dice.chance(60),
  }
}

function factPlan(name: string): FactPlan {
  const dice = new Dice(name)
  const isSlow = dice.chance(60)
  return {
    type: 'fact',
    name,
    atMs: dice.between(60_000, lastAtMs),
    kind: dice.pick([
      'refund',
      'refund',
      'refund',
      'refund_at_stripe',
      'refund_at_stripe',
      'dispute',
      'dispute',
      'inquiry',
      'warning',
    ]),
    which: dice.between(0, 3),
    percent: dice.chance(25) ? null : dice.between(1, 110),
    isBeyondBalance: dice.chance(30),
    isGood: dice.chance(60),
    movesAfterMs: isSlow ? dice.between(500, 30_000) : 0,
    endsAfterMs: dice.between(1_000, 100_000),
    repeatsAfterMs: Array.from({ length: dice.between(0, 2) }, () => dice.between(1, 90_000)),
  }
}

function postpaidPlan(name: string): PostpaidPlan {
  const dice = new Dice(name)
  return {
    type: 'postpaid',
    name,
    atMs: dice.between(1_000, 120_000),
    owedNanoUsd: nanoUsd(dice.between(20, 6_000) * (centNanoUsd + dice.between(0, 9) * 1_234)),
    dueDays: dice.pick([0, 0, 1]),
    graceDays: dice.pick([0, 1, 3]),
    fate: dice.pick(['pays', 'pays', 'pays_past_stripe', 'pays_late', 'never', 'void', 'uncollectible']),
    paysAfterMs: dice.between(1_000, 200_000),
    cutsAtMs: dice.chance(40) ? dice.between(130_000, 300_000) : null,
  }
}
