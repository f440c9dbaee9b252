// `GET /v1/generation?id=`: what one call cost and why, line by line, with OpenRouter's field names around it.

import { inputTokensOf, noUsage, outputTokensOf, usageUnits } from '#calls/usage.ts'
import { providerNameOf } from '#catalog/provider-table.ts'
import { assert } from '#core/assert.ts'
import { asMillis, isoTime } from '#core/clock.ts'
import { refuse, type Json } from '#core/errors.ts'
import { readCallId, type CallId } from '#core/ids.ts'
import {
  addNanoUsd,
  formatPicoUsd,
  formatPicoUsdSum,
  formatUsd,
  nanoUsd,
  negateNanoUsd,
  subtractNanoUsd,
} from '#core/money.ts'
import { picoUsd, usdNumber, type NanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { linesOfCall } from '#settlement/usage.ts'
import { askHistory, askObject, type Answer, type Asked, type Reading } from './reader.ts'

/** A ledger line of the call, whichever store it was read from. */
export type CallLine = {
  seq: number
  kind: string
  amountNanoUsd: NanoUsd
  createdAtMs: number
  keyNumber: number | null
  detail: Json
}

export async function readGeneration(reading: Reading): Promise<Answer> {
  const id = reading.query.get('id')
  if (id === null || id === '')
    return refuse('invalid_request', {
      message: 'id is missing: send the generation id of an answer, as in /v1/generation?id=gen_….',
      param: 'id',
    })
  const callId = readCallId(id)
  if (callId === undefined) return unknownGeneration()
  const lines = await linesOf(reading, callId)
  if (!lines.ok) return lines
  if (lines.value.length > 0) return { ok: true, body: { data: generationBody(callId, lines.value) } }
  const holds = await askObject(reading, () => reading.port.holds())
  const isRunning = holds.ok && holds.value.some((hold) => hold.callId === callId)
  return isRunning ? stillRunning() : unknownGeneration()
}

/** The object first: it is never behind, but remembers calls for two days only. Older ones stand in Postgres. */
async function linesOf(reading: Reading, callId: CallId): Promise<Asked<readonly CallLine[]>> {
  const fresh = await askObject(reading, () => reading.port.entriesOfCall(callId))
  if (fresh.ok && fresh.value.length > 0) return fresh
  const settled = await askHistory(reading, (db) => linesOfCall(db, reading.accountId, callId))
  if (!settled.ok) return settled
  return {
    ok: true,
    value: settled.value.map((row) => ({
      seq: row.seq,
      kind: row.kind,
      amountNanoUsd: nanoUsd(Number(row.amountNanoUsd)),
      createdAtMs: row.createdAt.getTime(),
      keyNumber: row.keyNumber,
      detail: row.detail ?? null,
    })),
  }
}

/** The same words for what never was and for what is another account's. */
function unknownGeneration() {
  return refuse('not_found', {
    message: 'This account has no generation with this id. A call that was refused or cost nothing has none.',
    param: 'id',
  })
}

function stillRunning() {
  return refuse('not_found', {
    message: 'This generation is still running. Its charge stands here when it has ended.',
    param: 'id',
    retryAfterSeconds: 2,
  })
}

/** The newest charge explains; the cost is what all charges took together, less what the operator has given back. */
export function generationBody(callId: CallId, lines: readonly CallLine[]): Json {
  const charges = lines.filter(({ kind }) => kind !== 'reversal')
  const [first] = charges
  const newest = charges.at(-1)
  assert(first !== undefined && newest !== undefined, 'a known call has a line')
  const detail: { readonly [name: string]: unknown } = isObject(newest.detail) ? newest.detail : {}
  const text = (name: string) => readString(detail[name]) ?? null
  const cost = negateNanoUsd(addNanoUsd(...charges.map((line) => line.amountNanoUsd)))
  const net = negateNanoUsd(addNanoUsd(...lines.map((line) => line.amountNanoUsd)))
  const units: { readonly [name: string]: unknown } = isObject(detail['usage']) ? detail['usage'] : {}
  const counts = usageUnits.map((unit) => [unit, readWhole(units[unit]) ?? 0] as const)
  const usage = { ...noUsage, ...Object.fromEntries(counts) }
  const status = text('status')
  return {
    id: callId,
    request_id: text('requestId'),
    upstream_id: text('upstreamId'),
    model: text('model'),
    provider: text('provider'),
    provider_name: providerNameOf(text('provider') ?? '') || null,
    executed_model: text('executedModel'),
    // Hosts that were asked before it and did not answer.
    attempts: Array.isArray(detail['attempts']) ? [...detail['attempts']] : [],
    api_type: text('endpoint'),
    created_at: isoTime(asMillis(first.createdAtMs)),
    total_cost: usdNumber(net),
    usage: usdNumber(net),
    is_byok: false,
    streamed: detail['isStreamed'] === true,
    cancelled: status !== null && status !== 'ok',
    latency: readWhole(detail['firstTokenMs']) ?? null,
    generation_time: readWhole(detail['durationMs']) ?? null,
    tokens_prompt: inputTokensOf(usage),
    tokens_completion: outputTokensOf(usage),
    native_tokens_prompt: inputTokensOf(usage),
    native_tokens_completion: outputTokensOf(usage),
    native_tokens_reasoning: usage.reasoning,
    native_tokens_cached: usage.cacheRead,
    key: newest.keyNumber,
    charge: {
      cost: formatUsd(cost),
      given_back: formatUsd(subtractNanoUsd(cost, net)),
      net_cost: formatUsd(net),
      // What the call cost beyond its hold, the balance and the overrun cap, and was not taken from anybody.
      written_off: formatUsd(nanoUsd(readWhole(detail['writtenOffNanoUsd']) ?? 0)),
      rule: text('rule'),
      status,
      usage_source: text('usageSource'),
      price_version: text('priceVersion'),
      usage,
      lines: priceLines(detail['lines']),
      rounding: 'up to the next nano-dollar, once per charge',
      entries: lines.map((line) => ({
        seq: line.seq,
        kind: line.kind,
        amount: formatUsd(line.amountNanoUsd),
        created_at: isoTime(asMillis(line.createdAtMs)),
      })),
    },
  }
}

/** Units × price = amount, exact to the pico-dollar: the rounding comes after the sum. */
function priceLines(value: unknown): Json {
  if (!Array.isArray(value)) return []
  return value.flatMap((line: unknown) => {
    if (!isObject(line)) return []
    const unit = readString(line['unit'])
    const units = readWhole(line['units'])
    const price = readWhole(line['pricePicoUsd'])
    if (unit === undefined || units === undefined || price === undefined) return []
    return [
      {
        unit,
        units,
        unit_price: formatPicoUsd(picoUsd(price)),
        amount: formatPicoUsdSum(BigInt(units) * BigInt(price)),
      },
    ]
  })
}
