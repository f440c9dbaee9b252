// How often the operator API may be asked, over all isolates.

import { type Clock, minuteMs } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import { type LimitsEnv, type WindowLimit, limitTimeoutMs, windowLimitOf } from '#limits/window-limit.ts'

/** Enough for a script that opens accounts, too few for a guesser; OPERATOR_RPM moves it. */
const operatorRequestsPerMinute = 100

export function operatorLimit(
  env: LimitsEnv & { OPERATOR_RPM?: string },
  parts: { clock: Clock; log: Log },
): WindowLimit {
  const requests = Math.max(1, Number(env.OPERATOR_RPM ?? '') || operatorRequestsPerMinute)
  const settings = { name: 'operator', requests, windowMs: minuteMs, timeoutMs: limitTimeoutMs }
  return windowLimitOf(env, settings, parts)
}
