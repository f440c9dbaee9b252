// GET /v1/dashboard/billing/{subscription,usage,credit_grants}: what OpenAI's first dashboard asked, and chat programs and
// balance checkers ask still. Their fields, our figures: those of /v1/credits, /v1/account and /v1/account/usage.

import { addMillis, asMillis, dayMs } from '#core/clock.ts'
import { refuse, type Json } from '#core/errors.ts'
import { formatUsdSum, parseUsdSum, usdNumber } from '#core/money.ts'
import type { AccountView } from '#ledger/account-views.ts'
import { usageByCell, type UsageCell } from '#settlement/usage-cells.ts'
import { creditsBody } from './account.ts'
import { cellsMax, tooMuch } from './cost-management.ts'
import { readDays } from './query.ts'
import { askHistory, askObject, type Answer, type Asked, type Reading } from './reader.ts'

async function viewOf(reading: Reading): Promise<Asked<AccountView>> {
  const asked = await askObject(reading, () => reading.port.view())
  if (!asked.ok) return asked
  return asked.value === null ? refuse('invalid_api_key') : { ok: true, value: asked.value }
}

/** The limit is all that was ever added: less `usage` without dates it is what is left. */
export async function readSubscription(reading: Reading): Promise<Answer> {
  const asked = await viewOf(reading)
  return asked.ok ? { ok: true, body: subscriptionBody(asked.value) } : asked
}

export function subscriptionBody(view: AccountView): { readonly [name: string]: Json } {
  const { total_credits: limit } = creditsBody(view)
  const line = view.settings.mode === 'postpaid' ? usdNumber(view.settings.creditLimitNanoUsd) : 0
  return {
    object: 'billing_subscription',
    account_name: view.name,
    has_payment_method: view.settings.mode === 'postpaid',
    canceled: false,
    canceled_at: null,
    delinquent: view.debtNanoUsd > 0,
    // Credit does not end on a day.
    access_until: 0,
    soft_limit_usd: limit,
    hard_limit_usd: limit,
    system_hard_limit_usd: limit + line,
    plan: { id: view.plan?.id ?? view.settings.mode, title: view.plan?.name ?? view.settings.mode },
  }
}

export async function readCreditGrants(reading: Reading): Promise<Answer> {
  const asked = await viewOf(reading)
  if (!asked.ok) return asked
  return { ok: true, body: creditGrantsBody(asked.value, reading.parts.clock.now()) }
}

/** A bucket is a grant of what is left of it. */
export function creditGrantsBody(view: AccountView, now: number): { readonly [name: string]: Json } {
  const { total_credits: granted, total_usage: used } = creditsBody(view)
  return {
    object: 'credit_summary',
    total_granted: granted,
    total_used: used,
    total_available: usdNumber(view.postedNanoUsd),
    grants: {
      object: 'list',
      data: view.buckets.map(({ bucket, remainingNanoUsd, expiresInMs }) => ({
        object: 'credit_grant',
        id: bucket,
        grant_amount: usdNumber(remainingNanoUsd),
        used_amount: 0,
        expires_at: expiresInMs === null ? null : Math.floor((now + expiresInMs) / 1_000),
      })),
    },
  }
}

/** From `start_date` up to, not including, `end_date`; without either, all that was ever spent. */
export async function readBillingUsage(reading: Reading): Promise<Answer> {
  const { query, parts, accountId } = reading
  if (!query.has('start_date') && !query.has('end_date')) {
    const asked = await viewOf(reading)
    if (!asked.ok) return asked
    const spent = parseUsdSum(asked.value.lifetimeSpent) ?? 0n
    return { ok: true, body: { object: 'list', daily_costs: [], total_usage: cents(spent) } }
  }
  const tomorrow = asMillis(Math.floor(parts.clock.now() / dayMs) * dayMs + dayMs)
  const days = readDays(query, { first: 'start_date', last: 'end_date', absentLast: tomorrow })
  if (!days.ok) return days
  const from = days.value.first
  // One day asked as its own beginning and end is meant as that day.
  const to = days.value.last > from ? days.value.last : addMillis(from, dayMs)
  const cells = await askHistory(reading, (db) =>
    usageByCell(db, { accountId, from, to }, { step: 'day', limit: cellsMax + 1 }),
  )
  if (!cells.ok) return cells
  return cells.value.length > cellsMax ? tooMuch() : { ok: true, body: billingUsageBody(cells.value) }
}

export function billingUsageBody(cells: readonly UsageCell[]): { readonly [name: string]: Json } {
  const days = new Map<string, Map<string, bigint>>()
  let total = 0n
  for (const { period, model, costNanoUsd } of cells) {
    const models = days.get(period) ?? new Map<string, bigint>()
    models.set(model, (models.get(model) ?? 0n) + costNanoUsd)
    days.set(period, models)
    total += costNanoUsd
  }
  return {
    object: 'list',
    daily_costs: [...days].map(([day, models]) => ({
      timestamp: Date.parse(day) / 1_000,
      line_items: [...models].map(([name, cost]) => ({ name, cost: cents(cost) })),
    })),
    total_usage: cents(total),
  }
}

/** The convention counts cents: exact, since a nano-dollar has two decimals fewer then. */
function cents(nano: bigint): number {
  return Number(formatUsdSum(nano * 100n))
}
