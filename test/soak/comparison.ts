// A soak's charges against the upstream's own records. Every call is explained: its charge is exactly what was produced, or
// the difference has a cause that the policy names, and lies on the operator's side.

import { parsePicoUsdPerToken } from './prices.ts'
import type { RecordedRequest } from '../../dev/upstream.ts'
import { readDirective } from '../../dev/upstream-directive.ts'
import type { Row } from '../../dev/world-client.ts'
import { valueAt } from '../world/chat.ts'
import { inputTokens } from '../world/storm-client.ts'
import { finishModel, stopModel } from './traffic.ts'

/** Pico-dollars per token, by model. */
export type PriceList = { readonly [model: string]: { input: bigint; output: bigint } }

export type Cause = { calls: number; charged: number; billed: number }
export type Comparison = {
  chargedNanoUsd: number
  producedNanoUsd: number
  billedNanoUsd: number
  exact: number
  causes: { readonly [cause: string]: Cause }
  unexplained: readonly string[]
}

export async function readPrices(baseUrl: string): Promise<PriceList> {
  const prices: { [model: string]: { input: bigint; output: bigint } } = {}
  for (const model of [finishModel, stopModel]) {
    const shown: unknown = await (await fetch(`${baseUrl}/v1/models/${model}`)).json()
    const price = (name: string) => parsePicoUsdPerToken(String(valueAt(shown, 'pricing', name)))
    prices[model] = { input: price('prompt'), output: price('completion') }
  }
  return prices
}

type Story = { produced: readonly RecordedRequest[]; charges: readonly Row[]; prices: PriceList }

export function compare({ produced, charges, prices }: Story): Comparison {
  const byAnswer = new Map(charges.filter(hasAnswer).map((row) => [String(row['upstream_id']), row]))
  const causes: { [cause: string]: Cause } = {}
  const unexplained: string[] = []
  const sums = { produced: 0, billed: 0, exact: 0 }
  for (const record of produced) {
    if (record.answerId === '') continue
    const cost = costsOf(record, prices)
    const row = byAnswer.get(record.answerId)
    const charged = Number(row?.['cost_nano_usd'] ?? 0)
    sums.produced += cost.produced
    sums.billed += cost.billed
    if (charged === cost.produced && charged === cost.billed) sums.exact += 1
    else {
      const cause = causeOf(record, row, { charged, ...cost })
      if (cause === undefined)
        unexplained.push(`${record.answerId}: charged ${charged}, ${JSON.stringify(cost)}`)
      else add(causes, cause, { charged, billed: cost.billed })
    }
  }
  // A hold that expired knows no answer's id: what it charged pays for a part of the calls that a kill took.
  const expired = charges.filter((row) => row['rule'] === 'hold_expired')
  for (const row of expired) add(causes, killed, { charged: Number(row['cost_nano_usd']), billed: 0 }, 0)
  const lost = causes[killed]
  if (lost !== undefined && lost.charged > lost.billed)
    unexplained.push('expired holds charged more than was billed')
  const strangers = charges.filter(
    (row) => !hasAnswer(row) && row['rule'] !== 'hold_expired' && Number(row['cost_nano_usd']) !== 0,
  )
  for (const row of strangers) unexplained.push(`a charge without an answer: ${JSON.stringify(row)}`)
  return {
    chargedNanoUsd: charges.reduce((sum, row) => sum + Number(row['cost_nano_usd']), 0),
    producedNanoUsd: sums.produced,
    billedNanoUsd: sums.billed,
    exact: sums.exact,
    causes,
    unexplained,
  }
}

const killed = 'the process was killed: holds expire by their last checkpoint'

function hasAnswer(row: Row): boolean {
  return typeof row['upstream_id'] === 'string' && row['upstream_id'] !== ''
}

/** What was produced, and what the provider bills: all of it where it does not stop on abort. */
function costsOf(record: RecordedRequest, prices: PriceList): { produced: number; billed: number } {
  const model = String(valueAt(record.body, 'model'))
  const price = prices[model]
  const directive = readDirective(String(valueAt(record.body, 'messages', 0, 'content')))
  if (price === undefined || typeof directive === 'string') throw new Error(`no price for ${model}`)
  const cost = (words: number) => roundedUp(BigInt(inputTokens) * price.input + BigInt(words) * price.output)
  // A fault of the upstream's own ends its production, whoever listens.
  const endsItself = record.isFinished || record.isCut || directive.stallAfter !== null
  const writesOn = model === finishModel && !endsItself
  const produced = record.outputTokens === 0 ? 0 : cost(record.outputTokens)
  return { produced, billed: writesOn ? cost(directive.tokens) : produced }
}

type Figures = { charged: number; produced: number; billed: number }

/** Undefined where no rule explains the difference; never where somebody was charged more than was produced. */
function causeOf(record: RecordedRequest, row: Row | undefined, figures: Figures): string | undefined {
  const { charged, produced } = figures
  if (row === undefined)
    return record.isAborted || record.isFinished ? killed : 'broke off before its first word'
  if (charged > produced) return undefined
  const rule = String(row['rule'])
  if (record.isAborted) return `hung up (${rule}): words on the wire, and what a provider writes on`
  if (record.isCut) return `the upstream broke off (${rule}): words on the wire`
  return undefined
}

function add(
  causes: { [cause: string]: Cause },
  cause: string,
  sums: { charged: number; billed: number },
  calls = 1,
): void {
  const before = causes[cause] ?? { calls: 0, charged: 0, billed: 0 }
  causes[cause] = {
    calls: before.calls + calls,
    charged: before.charged + sums.charged,
    billed: before.billed + sums.billed,
  }
}

function roundedUp(pico: bigint): number {
  return Number((pico + 999n) / 1_000n)
}
