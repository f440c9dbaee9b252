// What will happen in one simulated world, decided before it starts: a list of things, each with dice of its own, so that
// a failing schedule can be shrunk by leaving things out.

import { nanoUsd } from '#core/money.ts'
import type { NanoUsd } from '#core/money.ts'
import { Dice } from './dice.ts'
import { type MoneyInPlan, type StripePlan, moneyInPlans, stripePlan } from './money-in-plan.ts'
import { type MoneyPlan, type PaymentPlan, moneyPlans } from './money-plan.ts'

export const tokenPriceNanoUsd = 10_000
export const keysMax = 6
export const isolatesMax = 3

export type UpstreamKind =
  | 'sound'
  | 'hangs'
  | 'cut'
  | 'refuses'
  | 'no_usage'
  | 'zero_usage'
  | 'repeated_usage'
  | 'bills_on'
  | 'overbills'

export type CallPlan = {
  readonly type: 'call'
  readonly name: string
  readonly atMs: number
  readonly isolate: number
  readonly keyNumber: number
  readonly inputTokens: number
  readonly outputTokensMax: number
  readonly chunks: readonly { readonly gapMs: number; readonly tokens: number }[]
  readonly upstream: UpstreamKind
  readonly isRolling: boolean
  readonly policy: 'finish' | 'stop'
  readonly leavesAfterMs: number | null
  readonly killedAfterMs: number | null
  readonly claim: string | null
  /** What stands for the body under the claim: another number is another body. */
  readonly body: number
  readonly retries: number
  readonly retryAfterMs: number
}

export type CreditPlan = {
  readonly type: 'credit'
  readonly name: string
  readonly atMs: number
  readonly amountNanoUsd: NanoUsd
  readonly kind: 'purchase' | 'grant' | 'adjustment'
  readonly expiresInMs: number | null
  /** Told again after these times, as a payment provider does. */
  readonly repeatsAfterMs: readonly number[]
}

/** The operator gives charges back. */
export type ReversalPlan = {
  readonly type: 'reversal'
  readonly name: string
  readonly atMs: number
  /** Which of the calls that are charged by then. */
  readonly which: number
  /** Of what was charged; null for all that is left. */
  readonly percent: number | null
  readonly repeatsAfterMs: readonly number[]
}

/** The object is lost, or given up while it still runs, and made anew from Postgres. */
export type LossPlan = {
  readonly type: 'loss'
  readonly name: string
  readonly atMs: number
  readonly isGivenUp: boolean
  readonly rebuiltAfterMs: number
  /** The Worker that rebuilds it dies under way, so often. */
  readonly deaths: readonly number[]
  /** Lost once more so long after its rebuild was asked for, done or not; null for never. */
  readonly againAfterMs: number | null
}

export type StrikeKind =
  | 'crash'
  | 'deploy'
  | 'freeze'
  | 'unreachable'
  | 'overload'
  | 'clock'
  | 'disk'
  | 'alarm_late'
  | 'alarm_crash'
  | 'postgres_down'
  | 'consumer_killed'
  | 'isolate_killed'
  | 'revoke_key'
  | 'freeze_account'
  | 'thaw_account'
  | 'webhook_for_nobody'

export type StrikePlan = {
  readonly type: 'strike'
  readonly name: string
  readonly atMs: number
  readonly kind: StrikeKind
  readonly forMs: number
  readonly number: number
}

export type Item = CallPlan | CreditPlan | LossPlan | MoneyInPlan | MoneyPlan | ReversalPlan | StrikePlan

export type Plan = {
  readonly seed: number
  readonly startMs: number
  readonly rpm: number
  readonly inFlight: number
  readonly keys: number
  readonly dayBudgets: readonly (NanoUsd | null)[]
  readonly balanceNanoUsd: NanoUsd
  readonly replyLossPercent: number
  readonly delayPercent: number
  readonly queue: {
    duplicatePercent: number
    delayPercent: number
    lossPercent: number
    refusalPercent: number
  }
  readonly postgresLossPercent: number
  readonly stripe: StripePlan
  readonly items: readonly Item[]
}

/** 23:56 before a month ends: budget windows close under running calls. */
const lastMinutesOfMonth = Date.UTC(2026, 10, 30, 23, 56)
const lengthMs = 420_000

export function planOf(seed: number): Plan {
  const dice = new Dice(`plan ${seed}`)
  const keys = dice.between(1, keysMax)
  const isRich = dice.chance(50)
  const calls = dice.between(14, 24)
  const burstAtMs = dice.between(30_000, 300_000)
  const items: Item[] = []
  for (let n = 1; n <= calls; n += 1) items.push(callPlan(`${seed} call ${n}`, keys, { burstAtMs, isRich }))
  if (isRich) items.push(...burst(seed, keys, burstAtMs))
  for (let n = dice.between(1, 5); n > 0; n -= 1) items.push(creditPlan(`${seed} credit ${n}`))
  for (let n = dice.between(0, 3); n > 0; n -= 1) items.push(reversalPlan(`${seed} reversal ${n}`))
  if (dice.chance(35)) items.push(lossPlan(`${seed} loss`))
  for (let n = dice.between(6, 14); n > 0; n -= 1) items.push(strikePlan(`${seed} strike ${n}`, keys))
  const plan = {
    seed,
    startMs: lastMinutesOfMonth - dice.between(0, 120_000),
    rpm: dice.chance(30) ? dice.between(3, 8) : 50,
    inFlight: dice.chance(20) ? dice.between(2, 5) : 50,
    keys,
    dayBudgets: Array.from({ length: keys }, () =>
      dice.chance(30) ? nanoUsd(dice.between(500, 8_000) * tokenPriceNanoUsd) : null,
    ),
    balanceNanoUsd: nanoUsd((isRich ? 2_000_000 : dice.between(500, 20_000)) * tokenPriceNanoUsd),
    replyLossPercent: dice.pick([0, 3, 10]),
    delayPercent: dice.pick([0, 2, 6]),
    queue: {
      duplicatePercent: dice.pick([0, 10, 40]),
      delayPercent: dice.pick([0, 10, 30]),
      lossPercent: dice.pick([0, 5, 20]),
      refusalPercent: dice.pick([0, 5, 20]),
    },
    postgresLossPercent: dice.pick([0, 5, 20]),
  }
  const payments: PaymentPlan[] = [{ name: 'first', atMs: 0, amountNanoUsd: plan.balanceNanoUsd }]
  for (const item of items) if (item.type === 'credit' && item.kind === 'purchase') payments.push(item)
  const money = [...moneyPlans(seed, keys, payments), ...moneyInPlans(seed)]
  const isAsked = money.some(({ type }) => type === 'top_up' || type === 'order' || type === 'postpaid')
  return { ...plan, items: [...items, ...money], stripe: stripePlan(seed, isAsked) }
}

/** A call of each key to earn good standing in one isolate, and one of each key at the same moment. */
function burst(seed: number, keys: number, atMs: number): CallPlan[] {
  return Array.from({ length: 2 * keys }, (_, index) => {
    const plan = callPlan(`${seed} burst ${index}`, keys, { burstAtMs: atMs, isRich: true })
    const isFirst = index < keys
    return {
      ...plan,
      atMs: isFirst ? atMs - 25_000 + index * 50 : atMs,
      isolate: 0,
      keyNumber: 1 + (index % keys),
      claim: null,
      isRolling: false,
      ...(isFirst
        ? { upstream: 'sound', leavesAfterMs: null, killedAfterMs: null, chunks: plan.chunks.slice(0, 2) }
        : {}),
    }
  })
}

function callPlan(
  name: string,
  keys: number,
  { burstAtMs, isRich }: { burstAtMs: number; isRich: boolean },
): CallPlan {
  const dice = new Dice(name)
  const isBurst = dice.chance(isRich ? 40 : 15)
  const isSlow = dice.chance(25)
  const chunks = Array.from({ length: dice.between(2, 10) }, () => ({
    gapMs: isSlow ? dice.between(2_000, 14_000) : dice.between(50, 1_500),
    tokens: dice.between(1, 40),
  }))
  return {
    type: 'call',
    name,
    atMs: isBurst ? burstAtMs + dice.between(0, 30) : dice.between(1_000, lengthMs - 60_000),
    isolate: isBurst ? 0 : dice.between(0, isolatesMax - 1),
    keyNumber: dice.between(1, keys),
    inputTokens: dice.between(1, 200),
    outputTokensMax: dice.pick([400, 800, 2_000]),
    chunks,
    upstream: dice.chance(45)
      ? 'sound'
      : dice.pick([
          'hangs',
          'cut',
          'refuses',
          'no_usage',
          'zero_usage',
          'repeated_usage',
          'bills_on',
          'overbills',
        ]),
    isRolling: dice.chance(30),
    policy: dice.pick(['finish', 'stop']),
    leavesAfterMs: dice.chance(25) ? dice.between(100, 20_000) : null,
    killedAfterMs: dice.chance(15) ? dice.between(5, 30_000) : null,
    claim: dice.chance(35) ? `claim ${dice.between(1, 4)}` : null,
    retries: dice.chance(40) ? dice.between(1, 2) : 0,
    body: dice.chance(8) ? 2 : 1,
    // At once, or when what was lost may have expired.
    retryAfterMs: dice.chance(60) ? 500 : dice.between(30_000, 100_000),
  }
}

function creditPlan(name: string): CreditPlan {
  const dice = new Dice(name)
  const kind = dice.pick<CreditPlan['kind']>(['purchase', 'purchase', 'grant', 'adjustment'])
  const amount = dice.between(50, 5_000) * tokenPriceNanoUsd
  return {
    type: 'credit',
    name,
    atMs: dice.between(1_000, lengthMs),
    amountNanoUsd: nanoUsd(kind === 'adjustment' ? -amount : amount),
    kind,
    expiresInMs: kind === 'grant' && dice.chance(60) ? dice.between(5_000, 120_000) : null,
    repeatsAfterMs: Array.from({ length: dice.between(0, 2) }, () => dice.between(1, 90_000)),
  }
}

function lossPlan(name: string): LossPlan {
  const dice = new Dice(name)
  return {
    type: 'loss',
    name,
    atMs: dice.between(40_000, 300_000),
    isGivenUp: dice.chance(40),
    rebuiltAfterMs: dice.between(500, 40_000),
    deaths: Array.from({ length: dice.between(0, 2) }, () => dice.between(5, 250)),
    againAfterMs: dice.chance(40) ? dice.between(50, 4_000) : null,
  }
}

function reversalPlan(name: string): ReversalPlan {
  const dice = new Dice(name)
  return {
    type: 'reversal',
    name,
    atMs: dice.between(60_000, lengthMs),
    which: dice.between(0, 3),
    percent: dice.chance(40) ? null : dice.between(10, 100),
    repeatsAfterMs: Array.from({ length: dice.between(0, 2) }, () => dice.between(1, 90_000)),
  }
}

function strikePlan(name: string, keys: number): StrikePlan {
  const dice = new Dice(name)
  const kind = dice.pick<StrikeKind>([
    'crash',
    'crash',
    'deploy',
    'freeze',
    'unreachable',
    'overload',
    'clock',
    'disk',
    'disk',
    'alarm_late',
    'alarm_crash',
    'postgres_down',
    'consumer_killed',
    'isolate_killed',
    'revoke_key',
    'freeze_account',
    'webhook_for_nobody',
  ])
  return {
    type: 'strike',
    name,
    atMs: dice.between(2_000, lengthMs),
    kind,
    forMs: kind === 'freeze' ? dice.between(1_000, 50_000) : dice.between(2_000, 70_000),
    number: dice.between(1, keys),
  }
}
