// X-Cost: whether an answer shows its cost inside. `omit` leaves the answer as the model's API has it: the cost of a stream then
// stands in one comment behind its end, that of a whole answer in a header alone.

import { type Refusal, refuse } from '#core/errors.ts'
import type { CallId } from '#core/ids.ts'
import { type NanoUsd, formatUsd } from '#core/money.ts'
import { sseComment } from '#sse/write.ts'

export const costHeader = 'x-cost'

export type ReadCostHeader = { ok: true; isCostOmitted: boolean } | Refusal

export function readCostHeader(headers: Headers): ReadCostHeader {
  const text = headers.get(costHeader)
  if (text === null) return { ok: true, isCostOmitted: false }
  if (text.trim().toLowerCase() === 'omit') return { ok: true, isCostOmitted: true }
  return refuse('invalid_request', {
    message: 'X-Cost must be "omit"; without it the answer shows its cost. Nothing was charged.',
    param: 'X-Cost',
  })
}

/** ONE newline: with a blank line behind it, some clients dispatch an event without data and fail. */
export function costComment(costNanoUsd: NanoUsd, callId: CallId): string {
  return sseComment(`cost=${formatUsd(costNanoUsd)} generation=${callId}`)
}
