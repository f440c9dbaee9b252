// GET /v2/cost_management/credits/ and /v2/cost_management/: balance and usage for monitors written for another platform.
// Its shape to the letter, our figures: the balance of /v1/account, the sums of /v1/account/usage.

import { addMillis, asMillis, dayMs, type Millis } from '#core/clock.ts'
import { refuse, type Json } from '#core/errors.ts'
import { readKeyNumber } from '#core/ids.ts'
import { formatUsdSum, usdNumber } from '#core/money.ts'
import { usageByCell, type CellFilter, type UsageCell, type UsageStep } from '#settlement/usage-cells.ts'
import { readDays, type Read } from './query.ts'
import { askHistory, askObject, type Answer, type Reading } from './reader.ts'

export async function readCostCredits(reading: Reading): Promise<Answer> {
  const asked = await askObject(reading, () => reading.port.view())
  if (!asked.ok) return asked
  if (asked.value === null) return refuse('invalid_api_key')
  return { ok: true, body: { credits: usdNumber(asked.value.postedNanoUsd) } }
}

/** Beyond it the answer would be megabytes: a longer step or a filter says the same in less. */
export const cellsMax = 5_000

export async function readCostUsage(reading: Reading): Promise<Answer> {
  const asked = readQuestion(reading.query, reading.parts.clock.now())
  if (!asked.ok) return asked
  const { range, step, filter, subfeature } = asked.value
  const scope = { accountId: reading.accountId, ...range }
  const cells = await askHistory(reading, (db) =>
    usageByCell(db, scope, { step, filter, limit: cellsMax + 1 }),
  )
  if (!cells.ok) return cells
  if (cells.value.length > cellsMax) return tooMuch()
  const shown = cells.value.filter(
    (cell) => subfeature === null || featureOf(cell).endsWith(`__${subfeature}`),
  )
  return { ok: true, body: { response: costBody(shown) } }
}

export function tooMuch() {
  return refuse('invalid_request', {
    message: `This would be more than ${cellsMax} figures. Ask for a shorter time.`,
    param: 'begin',
  })
}

type Question = {
  range: { from: Millis; to: Millis }
  step: UsageStep
  filter: CellFilter
  subfeature: string | null
}

const steps: ReadonlyMap<string, UsageStep> = new Map([
  ['1', 'day'],
  ['2', 'week'],
  ['3', 'month'],
  ['4', 'year'],
])

/** `end` is the last day that counts; without dates, the last 30 days. `token` is the number of a key. */
export function readQuestion(query: URLSearchParams, now: Millis): Read<Question> {
  const tomorrow = asMillis(Math.floor(now / dayMs) * dayMs + dayMs)
  const days = readDays(query, { first: 'begin', last: 'end', absentLast: addMillis(tomorrow, -dayMs) })
  if (!days.ok) return days
  const step = steps.get(query.get('step') ?? '1')
  if (step === undefined)
    return refuse('invalid_request', {
      message: 'step must be 1 (day), 2 (week), 3 (month) or 4 (year).',
      param: 'step',
    })
  const token = query.get('token')
  const keyNumber = readKeyNumber(token ?? undefined)
  if (token !== null && keyNumber === undefined)
    return refuse('invalid_request', {
      message: 'token must be the number of a key: GET /v1/key tells it as key_number.',
      param: 'token',
    })
  const provider = query.get('provider')
  if (provider?.includes('\u0000') === true)
    return refuse('invalid_request', { message: 'There is no such provider.', param: 'provider' })
  return {
    ok: true,
    value: {
      range: { from: days.value.first, to: addMillis(days.value.last, dayMs) },
      step,
      filter: {
        ...(keyNumber === undefined ? {} : { keyNumber }),
        ...(provider === null ? {} : { provider }),
      },
      subfeature: query.get('subfeature'),
    },
  }
}

type Feature = { costNanoUsd: bigint; requests: number; providers: Map<string, bigint> }

/** By key, then by the first day of each period, then by feature. */
export function costBody(cells: readonly UsageCell[]): Json {
  const tokens = new Map<number, Map<string, Map<string, Feature>>>()
  for (const cell of cells) {
    const days = emplace(tokens, cell.keyNumber, () => new Map<string, Map<string, Feature>>())
    const features = emplace(days, cell.period, () => new Map<string, Feature>())
    const feature = emplace(features, featureOf(cell), () => ({
      costNanoUsd: 0n,
      requests: 0,
      providers: new Map<string, bigint>(),
    }))
    feature.costNanoUsd += cell.costNanoUsd
    feature.requests += cell.requests
    const provider = cell.provider === '' ? 'none' : cell.provider
    feature.providers.set(provider, (feature.providers.get(provider) ?? 0n) + cell.costNanoUsd)
  }
  return [...tokens].map(([keyNumber, days]) => ({
    token: String(keyNumber),
    data: fieldsOf(days, (features) => fieldsOf(features, featureBody)),
  }))
}

function featureBody({ costNanoUsd, requests, providers }: Feature): Json {
  return {
    total_cost: usd(costNanoUsd),
    details: requests,
    cost_per_provider: fieldsOf(providers, usd),
  }
}

/** Where nobody's model was asked, what was metered stands for the feature. */
function featureOf({ endpoint, model }: UsageCell): string {
  if (endpoint === '/v1/meter') return `other__${model}`
  return endpoint === '/v1/chat/completions' ? 'text__chat' : `other__${endpoint.split('/').at(-1) ?? ''}`
}

function usd(costNanoUsd: bigint): number {
  return Number(formatUsdSum(costNanoUsd))
}

function emplace<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

function fieldsOf<Value>(map: ReadonlyMap<string, Value>, show: (value: Value) => Json): Json {
  return Object.fromEntries([...map].map(([name, value]) => [name, show(value)]))
}
