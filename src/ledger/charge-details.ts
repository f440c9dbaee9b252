// What an entry says about a charge beside its amount: the owner's explanation, and what the object adds for windows and limits.

import type { Json } from '#core/errors.ts'
import { type NanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Capture, ChargeDetail } from './call-commands.ts'
import type { Hold } from './state.ts'

/** How much of a cost is charged, and how much nobody pays. */
export type Booked = { chargedNanoUsd: NanoUsd; writtenOffNanoUsd: NanoUsd }

type ObjectOfJson = { readonly [name: string]: Json }

export function chargeDetail(detail: ChargeDetail): ObjectOfJson {
  const { attempts, ...rest } = detail
  const legs = attempts === undefined ? {} : { attempts: attempts.map((leg) => ({ ...leg })) }
  return { ...rest, lines: detail.lines.map((line) => ({ ...line })), ...legs }
}

/** What the object itself adds: the call's total so far, and what a replay needs for windows and rate limits. */
export function bookkeeping(
  booked: Booked,
  call: Pick<Hold, 'heldNanoUsd' | 'admittedAtMs' | 'tokens' | 'endUser'>,
): ObjectOfJson {
  return {
    costNanoUsd: booked.chargedNanoUsd,
    writtenOffNanoUsd: booked.writtenOffNanoUsd,
    heldNanoUsd: call.heldNanoUsd,
    admittedAtMs: call.admittedAtMs,
    tokens: call.tokens,
    ...(call.endUser === null ? {} : { endUser: call.endUser }),
  }
}

/** Nobody can tell more about a call whose owner went silent. */
export function silentDetail(
  hold: Pick<Hold, 'callId' | 'model' | 'admittedAtMs'>,
  nowMs: number,
): ChargeDetail {
  return {
    requestId: `req_${hold.callId.slice('gen_'.length)}`,
    model: hold.model,
    provider: '',
    endpoint: '',
    isStreamed: false,
    priceVersion: '',
    usage: {},
    usageSource: 'none',
    lines: [],
    rule: 'hold_expired',
    status: 'owner_lost',
    durationMs: nowMs - hold.admittedAtMs,
    firstTokenMs: null,
    upstreamId: null,
  }
}

/** Its charge stands already, for the first attempt under the same Idempotency-Key. */
export function freeOfCharge(command: Capture): Capture {
  const detail = { ...command.detail, rule: 'repeat_of_a_charged_call', lines: [] }
  return { ...command, costNanoUsd: zeroNanoUsd, detail }
}
