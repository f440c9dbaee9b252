// `GET /v1/account/usage`: the account's calls one by one, or summed by model, key, day or end user, from Postgres.

import { providerNameOf } from '#catalog/provider-table.ts'
import { asMillis, isoTime } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { formatUsd, formatUsdSum, nanoUsd, usdNumber } from '#core/money.ts'
import type { AccountView } from '#ledger/account-views.ts'
import {
  usageByCall,
  usageByGroup,
  type ChargeRow,
  type GroupBy,
  type UsageGroup,
  type UsageRange,
  type UsageTotals,
} from '#settlement/usage.ts'
import { readCallCursor, readGroupBy, readGroupCursor, readLimit, readRange } from './query.ts'
import { askHistory, askObject, type Answer, type Asked, type Reading } from './reader.ts'

export async function readUsage(reading: Reading): Promise<Answer> {
  const range = readRange(reading.query, reading.parts.clock.now())
  if (!range.ok) return range
  const limit = readLimit(reading.query)
  if (!limit.ok) return limit
  const groupBy = readGroupBy(reading.query)
  if (!groupBy.ok) return groupBy
  const scope = { accountId: reading.accountId, ...range.value }
  const report =
    groupBy.value === undefined
      ? await byCall(reading, scope, limit.value)
      : await byGroup(reading, scope, { by: groupBy.value, limit: limit.value })
  if (!report.ok) return report
  // A report without its balance is still a report.
  const view = await askObject(reading, () => reading.port.view())
  return {
    ok: true,
    body: {
      ...balanceOf(view.ok ? view.value : null),
      from: isoTime(scope.from),
      to: isoTime(scope.to),
      group_by: groupBy.value ?? null,
      ...report.value,
    },
  }
}

type Report = { totals: Json; data: readonly Json[]; next_cursor: string | null }

async function byCall(reading: Reading, scope: UsageRange, limit: number): Promise<Asked<Report>> {
  const cursor = readCallCursor(reading.query)
  if (!cursor.ok) return cursor
  const page = { after: cursor.value, limit: limit + 1 }
  const asked = await askHistory(reading, (db) => usageByCall(db, scope, page))
  if (!asked.ok) return asked
  const { totals, rows } = asked.value
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const next = last === undefined ? null : `${last.createdAt.getTime()}.${last.callId}`
  return { ok: true, value: { totals: totalsBody(totals), data: shown.map(callBody), next_cursor: next } }
}

async function byGroup(
  reading: Reading,
  scope: UsageRange,
  { by, limit }: { by: GroupBy; limit: number },
): Promise<Asked<Report>> {
  const cursor = readGroupCursor(reading.query)
  if (!cursor.ok) return cursor
  const page = { by, after: cursor.value, limit: limit + 1 }
  const asked = await askHistory(reading, (db) => usageByGroup(db, scope, page))
  if (!asked.ok) return asked
  const { totals, groups } = asked.value
  const shown = groups.slice(0, limit)
  const next = groups.length > limit ? (shown.at(-1)?.name ?? null) : null
  const data = shown.map((group) => groupBody(by, group))
  return { ok: true, value: { totals: totalsBody(totals), data, next_cursor: next } }
}

/** How many ledger lines the report cannot know yet: seconds' worth, or more while Postgres is catching up. */
function balanceOf(view: AccountView | null): { balance: Json; pending_entries: Json } {
  if (view === null) return { balance: null, pending_entries: null }
  return {
    balance: formatUsd(view.postedNanoUsd),
    pending_entries: view.marks.head - view.marks.confirmed,
  }
}

function totalsBody({ requests, costNanoUsd, inputTokens, outputTokens }: UsageTotals): {
  readonly [name: string]: Json
} {
  return {
    requests,
    cost: Number(formatUsdSum(costNanoUsd)),
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

function groupBody(by: GroupBy, { name, ...totals }: UsageGroup): Json {
  return { [by]: shownName(by, name), ...totalsBody(totals) }
}

/** End users have no names here, only what the ledger knows them by. */
function shownName(by: GroupBy, name: string): Json {
  if (by === 'key') return Number(name)
  return by === 'end_user' && name === '' ? null : name
}

export function callBody(row: ChargeRow): Json {
  const unit = (name: string) => row.usage[name] ?? 0
  return {
    id: row.callId,
    request_id: row.requestId,
    model: row.model,
    provider: row.provider,
    provider_name: providerNameOf(row.provider) || null,
    executed_model: row.executedModel,
    upstream_id: row.upstreamId,
    endpoint: row.endpoint,
    key: row.keyNumber,
    is_streamed: row.isStreamed,
    input_tokens: row.inputTokens,
    cached_tokens: unit('cacheRead'),
    output_tokens: row.outputTokens,
    reasoning_tokens: unit('reasoning'),
    cost: usdNumber(nanoUsd(Number(row.costNanoUsd))),
    latency_ms: row.durationMs,
    ttft_ms: row.firstTokenMs,
    status: row.status,
    usage_source: row.usageSource,
    settlement_rule: row.rule,
    price_version: row.priceVersion,
    created_at: isoTime(asMillis(row.createdAt.getTime())),
  }
}
