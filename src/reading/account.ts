// The account's present, as its object tells it: balance, credits, the key that asks, running holds.

import { addMillis, isoTime, type Millis } from '#core/clock.ts'
import { consumableUnits } from '#core/consumables.ts'
import { refuse, type Json } from '#core/errors.ts'
import {
  formatPicoUsd,
  formatUsd,
  formatUsdSum,
  maxNanoUsd,
  parseUsdSum,
  subtractNanoUsd,
  usdNumber,
  zeroNanoUsd,
  type NanoUsd,
} from '#core/money.ts'
import type { BudgetWindow } from '#ledger/account-commands.ts'
import type { AccountView, AllowanceView, HoldView, KeyView } from '#ledger/account-views.ts'
import { askObject, type Answer, type Reading } from './reader.ts'
import { transactionsPage } from './transactions.ts'

const recentTransactions = 5

export async function readAccount(reading: Reading): Promise<Answer> {
  const asked = await askObject(reading, () => reading.port.view())
  if (!asked.ok) return asked
  if (asked.value === null) return refuse('invalid_api_key')
  const recent = await transactionsPage(reading, Number.MAX_SAFE_INTEGER, recentTransactions)
  if (!recent.ok) return recent
  return {
    ok: true,
    body: { ...accountBody(asked.value, reading.parts.clock.now()), recent_transactions: recent.value.data },
  }
}

/** A balance below zero is shown as it is: the customer must see a debt that a purchase will pay first. */
export function accountBody(view: AccountView, now: Millis): { readonly [name: string]: Json } {
  const { settings } = view
  const limit = settings.monthlySpendLimitNanoUsd
  return {
    id: view.accountId,
    name: view.name,
    currency: 'USD',
    current_balance: formatUsd(view.postedNanoUsd),
    held: formatUsd(view.heldNanoUsd),
    available: formatUsd(view.availableNanoUsd),
    low_balance: view.postedNanoUsd <= settings.lowBalanceThresholdNanoUsd,
    low_balance_threshold: formatUsd(settings.lowBalanceThresholdNanoUsd),
    lifetime_added: view.lifetimeAdded,
    lifetime_bonus: view.lifetimeBonus,
    lifetime_spent: view.lifetimeSpent,
    lifetime_usage: view.lifetimeUsage,
    plan: view.plan === null ? null : { id: view.plan.id, name: view.plan.name },
    allowances: view.allowances.map((allowance) => allowanceBody(allowance, now)),
    mode: settings.mode,
    credit_limit: settings.mode === 'postpaid' ? formatUsd(settings.creditLimitNanoUsd) : null,
    debt: formatUsd(view.debtNanoUsd),
    buckets: view.buckets.map(({ bucket, remainingNanoUsd, expiresInMs }) => ({
      bucket,
      amount: formatUsd(remainingNanoUsd),
      expires_in_seconds: expiresInMs === null ? null : Math.ceil(expiresInMs / 1_000),
    })),
    monthly_spend_limit: limit === null ? null : formatUsd(limit),
    is_frozen: view.isSuspended,
    limits: {
      rpm: settings.rpm,
      tpm: settings.tpm,
      in_flight: settings.inFlight,
      keys_max: settings.keysMax,
    },
  }
}

function allowanceBody(allowance: AllowanceView, now: Millis): Json {
  const { consumable, included, used, overagePicoUsd, resetsInMs } = allowance
  return {
    consumable,
    unit: consumableUnits[consumable],
    included,
    used,
    overage_price: overagePicoUsd === null ? null : formatPicoUsd(overagePicoUsd),
    resets_at: isoTime(addMillis(now, resetsInMs)),
  }
}

/** OpenRouter's figures: JSON numbers, and everything ever added against everything ever spent. */
export async function readCredits(reading: Reading): Promise<Answer> {
  const asked = await askObject(reading, () => reading.port.view())
  if (!asked.ok) return asked
  if (asked.value === null) return refuse('invalid_api_key')
  return { ok: true, body: { data: creditsBody(asked.value) } }
}

export function creditsBody(view: Pick<AccountView, 'lifetimeAdded' | 'lifetimeBonus' | 'lifetimeSpent'>): {
  readonly total_credits: number
  readonly total_usage: number
} {
  const added = (parseUsdSum(view.lifetimeAdded) ?? 0n) + (parseUsdSum(view.lifetimeBonus) ?? 0n)
  return { total_credits: Number(formatUsdSum(added)), total_usage: Number(view.lifetimeSpent) }
}

export async function readKey(reading: Reading): Promise<Answer> {
  const asked = await askObject(reading, async () => ({
    key: await reading.port.keyView(reading.keyNumber),
    view: await reading.port.view(),
  }))
  if (!asked.ok) return asked
  const { key, view } = asked.value
  if (key === null || view === null) return refuse('invalid_api_key')
  return { ok: true, body: { data: keyBody(key, view) } }
}

const resetNames: Readonly<Record<BudgetWindow, 'daily' | 'weekly' | 'monthly' | null>> = {
  day: 'daily',
  week: 'weekly',
  month: 'monthly',
  lifetime: null,
}

/** OpenRouter knows one limit per key: the one with least left, which is the one that will refuse. */
export function keyBody(key: KeyView, view: AccountView): Json {
  const [tightest] = [...key.budgets].sort((a, b) => leftOf(a) - leftOf(b))
  const usedIn = (window: BudgetWindow) => {
    const budget = key.budgets.find((candidate) => candidate.window === window)
    return budget === undefined ? null : usdNumber(budget.usedNanoUsd)
  }
  const left = tightest === undefined ? null : usdNumber(nonNegative(leftOf(tightest)))
  return {
    label: key.name,
    key_number: key.keyNumber,
    usage: usdNumber(key.usedNanoUsd),
    usage_daily: usedIn('day'),
    usage_weekly: usedIn('week'),
    usage_monthly: usedIn('month'),
    limit: tightest === undefined ? null : usdNumber(tightest.amountNanoUsd),
    limit_remaining: left,
    limit_reset: tightest === undefined ? null : resetNames[tightest.window],
    is_free_tier: false,
    is_provisioning_key: false,
    rate_limit: { requests: view.settings.rpm, interval: '60s' },
    disabled: key.isDisabled,
    allowed_models: key.allowedModels,
    limits: key.budgets.map((budget) => ({
      window: budget.window,
      amount: formatUsd(budget.amountNanoUsd),
      used: formatUsd(budget.usedNanoUsd),
      resets_in_ms: budget.resetMs,
    })),
  }
}

type Budget = KeyView['budgets'][number]

function leftOf(budget: Budget): NanoUsd {
  return subtractNanoUsd(budget.amountNanoUsd, budget.usedNanoUsd)
}

function nonNegative(amount: NanoUsd): NanoUsd {
  return maxNanoUsd(amount, zeroNanoUsd)
}

export async function readHolds(reading: Reading): Promise<Answer> {
  const asked = await askObject(reading, () => reading.port.holds())
  return asked.ok ? { ok: true, body: { data: asked.value.map(holdBody) } } : asked
}

function holdBody(hold: HoldView): Json {
  return {
    id: hold.callId,
    key: hold.keyNumber,
    model: hold.model,
    held: formatUsd(hold.heldNanoUsd),
    cost_so_far: formatUsd(hold.checkpointNanoUsd),
    age_ms: hold.ageMs,
  }
}
