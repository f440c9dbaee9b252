// Recent spending, for the rule that only a balance well above it is dispatched in parallel.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, maxNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { minuteMs } from '#core/clock.ts'
import type { Burn } from './state.ts'

export function burnMore(burn: Burn, amount: NanoUsd, nowMs: number): Burn {
  const aged = ageBurn(burn, nowMs)
  return { ...aged, now: addNanoUsd(aged.now, amount) }
}

export function burnPerMinute(burn: Burn, nowMs: number): NanoUsd {
  const aged = ageBurn(burn, nowMs)
  return maxNanoUsd(zeroNanoUsd, maxNanoUsd(aged.now, aged.before))
}

function ageBurn(burn: Burn, nowMs: number): Burn {
  const minute = Math.floor(nowMs / minuteMs)
  if (minute <= burn.minute) return burn
  return { minute, now: zeroNanoUsd, before: minute === burn.minute + 1 ? burn.now : zeroNanoUsd }
}
