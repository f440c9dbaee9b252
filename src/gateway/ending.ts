// How a call ended, turned into what it costs and what the ledger is told. Pure: the settle table decides, the catalog prices.

import type { PricedUsage } from '#calls/charge.ts'
import { type Usage, type UsageSource, inputTokensOf, noUsage, outputTokensOf } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import { chargeOf } from '#catalog/price.ts'
import { chargedTier } from '#catalog/service-tiers.ts'
import type { Millis } from '#core/clock.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { StoredAnswer } from '#ledger/claim.ts'
import type { Capture } from '#ledger/call-commands.ts'
import type { CallEnd } from './capture.ts'
import type { PreparedCall } from './prepared-call.ts'
import { type EndCause, type Phase, impossibleCell, settle, statementOf } from './settle.ts'

/** What the meter knows of a call at any moment. */
export type Metered = MeteredUsage

export type Ending = {
  cause: EndCause
  phase: Phase
  rule: string
  usage: Usage
  usageSource: UsageSource
  charge: PricedUsage
  isCharged: boolean
  /** Why the table says that this cannot happen; settled by the general rule all the same. */
  impossible: string | undefined
}

const freeOfCharge: PricedUsage = { costNanoUsd: zeroNanoUsd, lines: [] }

export function endingOf(call: PreparedCall, cause: EndCause, phase: Phase, metered: Metered): Ending {
  const cell = { cause, phase, policy: call.policy, statement: statementOf(metered.source) }
  const { charge, rule } = settle(cell)
  const decided = { cause, phase, rule, impossible: impossibleCell(cell) }
  if (charge === 'nothing') {
    return { ...decided, usage: noUsage, usageSource: 'none', charge: freeOfCharge, isCharged: false }
  }
  const { source: usageSource } = metered
  const usage = withinLimit(call, metered)
  const priced = priceSoFar(call, { ...metered, usage })
  return { ...decided, usage, usageSource, charge: priced, isCharged: true }
}

/** What a usage costs in this call: at the tier that its answer names, if it has named one yet. */
export function priceSoFar(
  { model, asked }: Pick<PreparedCall, 'model' | 'asked'>,
  { usage, serviceTier }: Pick<Metered, 'usage' | 'serviceTier'>,
): PricedUsage {
  return chargeOf(model, usage, chargedTier(asked.serviceTier, serviceTier))
}

/** Our own count may err upwards; no answer has more tokens than its limit, so what is counted never costs more than its hold. */
function withinLimit(call: PreparedCall, { usage, ownOutput = 0 }: Metered): Usage {
  const over = outputTokensOf(usage) - call.quote.outputTokens * call.asked.choices
  return over <= 0 ? usage : { ...usage, output: usage.output - Math.min(over, ownOutput) }
}

export type EndTimes = {
  startedAt: Millis
  admittedAt: Millis
  firstTokenAt: Millis | undefined
  endedAt: Millis
}

/** A longer one is no id, and could make a parked capture larger than a queue takes. */
const upstreamIdCharactersMax = 200

/** The command that tells the ledger: self-sufficient, so that it can be booked without its hold. */
export function commandOf(
  call: PreparedCall,
  ending: Ending,
  times: EndTimes,
  { upstreamId, answer }: { upstreamId?: string | undefined; answer?: StoredAnswer | null },
): CallEnd {
  const { callId } = call
  if (!ending.isCharged) return { release: { callId, reason: ending.rule } }
  const capture: Capture = {
    callId,
    keyNumber: call.caller.keyNumber,
    costNanoUsd: ending.charge.costNanoUsd,
    tokens: inputTokensOf(ending.usage) + outputTokensOf(ending.usage),
    admittedAgoMs: Math.max(0, times.endedAt - times.admittedAt),
    ...(call.claim === null ? {} : { claim: { reference: call.claim.reference, answer: answer ?? null } }),
    detail: {
      requestId: call.requestId,
      model: call.model.id,
      provider: call.model.provider,
      executedModel: call.model.upstreamId,
      endpoint: call.dialect.route,
      isStreamed: call.asked.isStreamed,
      priceVersion: call.model.priceVersion,
      usage: ending.usage,
      usageSource: ending.usageSource,
      lines: ending.charge.lines,
      rule: ending.rule,
      status: statusOf(ending.cause),
      durationMs: Math.max(0, times.endedAt - times.startedAt),
      firstTokenMs:
        times.firstTokenAt === undefined ? null : Math.max(0, times.firstTokenAt - times.startedAt),
      upstreamId: upstreamId?.slice(0, upstreamIdCharactersMax).toWellFormed() ?? null,
      ...(call.attempts === undefined ? {} : { attempts: call.attempts }),
    },
  }
  return { capture }
}

function statusOf(cause: EndCause): string {
  return cause === 'done' ? 'ok' : cause
}
