// What may be spent now: what is there, and what the operator lends, less what running calls hold.

import { type NanoUsd, addNanoUsd, negateNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { State } from './state.ts'

export function availableOf(state: State): NanoUsd {
  return addNanoUsd(state.postedNanoUsd, creditLineOf(state), negateNanoUsd(state.heldNanoUsd))
}

/** How far below zero the account may go by agreement. */
export function creditLineOf({ settings }: State): NanoUsd {
  return settings.mode === 'postpaid' ? settings.creditLimitNanoUsd : zeroNanoUsd
}
