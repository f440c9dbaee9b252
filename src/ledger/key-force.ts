// Whether a key is in force, and whose spending its budgets look at.

import type { Key, State } from './state.ts'
import type { Spending } from './windows.ts'

/** Of those that are not active only `disabled` and `expired` may come back. */
export type KeyForce = 'active' | 'disabled' | 'expired' | 'deleted'

export function forceOf(key: Key, nowMs: number): KeyForce {
  if (key.endsAtMs !== null && key.endsAtMs <= nowMs) return 'deleted'
  if (key.isDisabled) return 'disabled'
  return key.expiresAtMs !== null && key.expiresAtMs <= nowMs ? 'expired' : 'active'
}

/** A rotated key goes on where the one before it stood. */
export function spendingOf(state: State, key: Key): Spending {
  return state.keys.get(key.family)?.spending ?? key.spending
}
