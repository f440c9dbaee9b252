// The one log line of a request: enough for an operator at night, and no secret.

import { inputTokensOf, outputTokensOf } from '#calls/usage.ts'
import type { Millis } from '#core/clock.ts'
import type { RequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { formatUsd } from '#core/money.ts'
import type { FailedAttempt } from '#providers/attempts.ts'
import type { EndTimes, Ending } from './ending.ts'
import type { PreparedCall } from './prepared-call.ts'

export type BalanceCheck = 'parallel' | 'first'

export function logEnded(
  log: Log,
  call: PreparedCall,
  ending: Ending,
  times: EndTimes & { status: number; balanceCheck: BalanceCheck },
): void {
  if (ending.impossible !== undefined)
    log.error('impossible_ending', { request: call.requestId, rule: ending.rule, why: ending.impossible })
  log.info('request', {
    request: call.requestId,
    account: call.caller.accountId,
    key: call.caller.keyNumber,
    model: call.model.id,
    provider: call.model.provider,
    ...(call.attempts === undefined ? {} : { failed_legs: call.attempts.map(attemptText).join(' ') }),
    status: times.status,
    code: ending.cause === 'done' ? 'ok' : ending.cause,
    rule: ending.rule,
    cost: formatUsd(ending.charge.costNanoUsd),
    input_tokens: inputTokensOf(ending.usage),
    output_tokens: outputTokensOf(ending.usage),
    usage_source: ending.usageSource,
    first_token_ms: times.firstTokenAt === undefined ? null : times.firstTokenAt - times.startedAt,
    duration_ms: times.endedAt - times.startedAt,
    balance_check: times.balanceCheck,
  })
}

/** `zai:429`, or where there was no status what it was. */
function attemptText({ provider, status, verdict }: FailedAttempt): string {
  return `${provider}:${status ?? verdict}`
}

export type RefusedRequest = {
  requestId: RequestId
  account?: string
  key?: number
  model?: string
  status: number
  code: string
  durationMs: number
  balanceCheck?: BalanceCheck
}

export function refusedCall(
  { requestId, caller, model, startedAt }: PreparedCall,
  facts: { status: number; code: string; now: Millis; balanceCheck: BalanceCheck },
): RefusedRequest {
  const { accountId: account, keyNumber: key } = caller
  const { status, code, now, balanceCheck } = facts
  const durationMs = now - startedAt
  return { requestId, account, key, model: model.id, status, code, durationMs, balanceCheck }
}

export function logRefused(log: Log, refused: RefusedRequest): void {
  log.info('request', {
    request: refused.requestId,
    account: refused.account,
    key: refused.key,
    model: refused.model,
    status: refused.status,
    code: refused.code,
    cost: '0.00',
    input_tokens: 0,
    output_tokens: 0,
    first_token_ms: null,
    duration_ms: refused.durationMs,
    balance_check: refused.balanceCheck,
  })
}
