// The plans that this deployment offers, as data: what a month includes and what goes beyond it costs. A plan that is put on
// an account carries its figures into the ledger, so that a change here never changes what was agreed before.

import { type Consumable, type PerConsumable, consumables, readConsumable } from '#core/consumables.ts'
import { type NanoUsd, type PicoUsd, nanoUsd, picoUsd, zeroNanoUsd } from '#core/money.ts'

export type Plan = {
  id: string
  name: string
  /** Decimal US dollars in whole cents, without tax; what subscribing to it costs. */
  monthlyPrice: string
  /** Units per month. */
  included: PerConsumable<number>
  /** Per unit beyond what is included. Tokens have none: the model's own price counts. */
  overage: PerConsumable<PicoUsd>
  /** Money per month, gone when the month is over. */
  monthlyCreditNanoUsd: NanoUsd
}

/** A billion tokens times a thousand: far above any plan, far below 2^53. */
export const includedMax = 1_000_000_000_000
/** $1,000 for one unit: a mistake. */
const overageMax = 1_000_000_000_000_000
const idPattern = /^[a-z][a-z0-9_]{0,39}$/
const picoPerHundredth = 100_000_000

/** Hundredths of a cent. */
const hundredths = (count: number) => picoUsd(count * picoPerHundredth)

/** What units cost on an account without a plan, and what the free tier pays beyond its allowance. */
export const standardPrices: PerConsumable<PicoUsd> = {
  requests: hundredths(10),
  api_calls: hundredths(10),
  mcp_calls: hundredths(20),
  emails: hundredths(10),
  sms: hundredths(200),
  voice_seconds: hundredths(5),
  storage_gb_days: hundredths(10),
}

const offered: readonly Plan[] = [
  {
    id: 'free',
    name: 'Free',
    monthlyPrice: '0.00',
    included: { tokens: 100_000, requests: 1_000, api_calls: 1_000, mcp_calls: 100, emails: 100 },
    overage: standardPrices,
    monthlyCreditNanoUsd: zeroNanoUsd,
  },
  {
    id: 'pro',
    name: 'Pro',
    monthlyPrice: '20.00',
    included: {
      tokens: 5_000_000,
      requests: 50_000,
      api_calls: 50_000,
      mcp_calls: 10_000,
      emails: 10_000,
      sms: 100,
      voice_seconds: 3_600,
      storage_gb_days: 300,
    },
    overage: {
      requests: hundredths(5),
      api_calls: hundredths(5),
      mcp_calls: hundredths(10),
      emails: hundredths(5),
      sms: hundredths(100),
      voice_seconds: hundredths(3),
      storage_gb_days: hundredths(5),
    },
    monthlyCreditNanoUsd: zeroNanoUsd,
  },
  {
    id: 'team',
    name: 'Team',
    monthlyPrice: '100.00',
    included: {
      tokens: 20_000_000,
      requests: 250_000,
      api_calls: 250_000,
      mcp_calls: 50_000,
      emails: 50_000,
      sms: 1_000,
      voice_seconds: 36_000,
      storage_gb_days: 3_000,
    },
    overage: {
      requests: hundredths(4),
      api_calls: hundredths(4),
      mcp_calls: hundredths(8),
      emails: hundredths(4),
      sms: hundredths(80),
      voice_seconds: hundredths(2),
      storage_gb_days: hundredths(4),
    },
    monthlyCreditNanoUsd: nanoUsd(25_000_000_000),
  },
]

export type PlanList = { get(id: string): Plan | undefined; list(): readonly Plan[] }

/** Throws with every fault of every plan: a plan that could serve for nothing stops the start, not a request. */
export function loadPlans(list: readonly Plan[]): PlanList {
  const faults = list.flatMap((plan) => faultsOf(plan).map((fault) => `${plan.id}: ${fault}`))
  const byId = new Map<string, Plan>()
  for (const plan of list) {
    if (byId.has(plan.id)) faults.push(`${plan.id}: the id is used twice`)
    byId.set(plan.id, plan)
  }
  if (faults.length > 0) throw new Error(`The plans cannot be loaded.\n${faults.join('\n')}`)
  const all = Object.freeze([...byId.values()])
  return { get: (id) => byId.get(id), list: () => all }
}

function faultsOf({ id, name, monthlyPrice, included, overage, monthlyCreditNanoUsd }: Plan): string[] {
  const faults: string[] = []
  if (!/^\d{1,6}\.\d\d$/.test(monthlyPrice)) faults.push('monthlyPrice is not in dollars and whole cents')
  if (!idPattern.test(id)) faults.push('the id is not a short word in small letters')
  if (name === '') faults.push('the name is empty')
  for (const named of [...Object.keys(included), ...Object.keys(overage)])
    if (readConsumable(named) === undefined) faults.push(`${named} is no consumable`)
  for (const consumable of consumables)
    faults.push(...faultsOfConsumable(consumable, included[consumable], overage[consumable]))
  if (!Number.isSafeInteger(monthlyCreditNanoUsd) || monthlyCreditNanoUsd < 0)
    faults.push('monthlyCreditNanoUsd is not an amount of at least 0')
  return faults
}

function faultsOfConsumable(
  consumable: Consumable,
  included: number | undefined,
  price: number | undefined,
): string[] {
  const faults: string[] = []
  if (included !== undefined && !isWhole(included, includedMax))
    faults.push(`included.${consumable} is ${included}, not a whole number from 1 to ${includedMax}`)
  if (price !== undefined && !isWhole(price, overageMax))
    faults.push(`overage.${consumable} is ${price}, not a whole number of pico-dollars above 0`)
  if (included !== undefined && price === undefined && consumable !== 'tokens')
    faults.push(`overage.${consumable} is missing: what goes beyond the allowance would have no price`)
  return faults
}

function isWhole(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max
}

export const plans: PlanList = loadPlans(offered)
