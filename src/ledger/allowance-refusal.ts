// The refusal of an account whose plan includes what is asked for: neither allowance nor credit is left.

import type { Consumable } from '#core/consumables.ts'
import { includedOf, leftOf } from './allowances.ts'
import type { AdmitRefused } from './call-commands.ts'
import { pinnedTokens } from './pinned-tokens.ts'
import type { State } from './state.ts'

/** Too little credit is not all there is to say: the allowance comes back when the period ends. */
export function exhausted<Why extends Pick<AdmitRefused, 'code'>>(
  state: State,
  consumable: Consumable,
  why: Why,
): Why | Pick<AdmitRefused, 'code' | 'limitSource' | 'resetMs' | 'allowance'> {
  const { allowances, nowMs } = state
  const included = includedOf(allowances, consumable)
  if (why.code !== 'insufficient_credits' || allowances.period === null || included === 0) return why
  return {
    code: 'allowance_exhausted',
    limitSource: 'allowance',
    resetMs: Math.max(0, allowances.period.endMs - nowMs),
    allowance: {
      consumable,
      included,
      left: leftOf(allowances, consumable, consumable === 'tokens' ? pinnedTokens(state) : 0),
    },
  }
}
