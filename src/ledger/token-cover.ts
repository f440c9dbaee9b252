// Calls draw the tokens of a plan before money: an admission pins what is left of them and holds the rest's share of the money,
// a charge takes the tokens first. For every usage within the bound the charge stays within the hold: cost and the uncovered
// share (t − covered) / t both only grow with the tokens t.

import { type NanoUsd, minNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { exhausted } from './allowance-refusal.ts'
import { type Period, type Taken, leftOf } from './allowances.ts'
import type { Admit, AdmitRefused, TokenBounds } from './call-commands.ts'
import { pinnedTokens } from './pinned-tokens.ts'
import type { Hold, Key, State, TokenCover } from './state.ts'
import { holdFor } from './spending-limits.ts'

type Part = Pick<TokenCover, 'units' | 'bound'>

/** The share of an amount that the pinned tokens do not cover, rounded up. */
export function shareOf(amount: NanoUsd, { units, bound }: Part): NanoUsd {
  return divided(amount, bound - units, bound, 'up')
}

/** What a call may cost whose uncovered share is held. */
function costCoveredBy(held: NanoUsd, { units, bound }: Part, most: NanoUsd): NanoUsd {
  return units >= bound ? most : minNanoUsd(most, divided(held, bound, bound - units, 'down'))
}

function divided(amount: NanoUsd, times: number, by: number, rounding: 'up' | 'down'): NanoUsd {
  const product = BigInt(amount) * BigInt(times)
  const divisor = BigInt(by)
  return nanoUsd(Number((product + (rounding === 'up' ? divisor - 1n : 0n)) / divisor))
}

/** What a call may cost under its hold. */
export function coveredOf(hold: Pick<Hold, 'heldNanoUsd' | 'cover'>): NanoUsd {
  return hold.cover?.coversNanoUsd ?? hold.heldNanoUsd
}

// ── Admission ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** With the end user only where limits are set for it. */
type Admitting = Parameters<typeof holdFor>[2] & Pick<Admit, 'tokenBounds'>

type Covered = { ok: true; heldNanoUsd: NanoUsd; cover: TokenCover | null }
type Why = Omit<AdmitRefused, 'ok' | 'availableNanoUsd' | 'heldNanoUsd' | 'requiredNanoUsd' | 'rate'>

/** Tokens first, then money; less of either where that makes sense to the call. */
export function coverFor(
  state: State,
  key: Key | undefined,
  command: Admitting,
): Covered | { ok: false; why: Why } {
  const { tokenBounds: bounds } = command
  const { period } = state.allowances
  const left = leftOf(state.allowances, 'tokens', pinnedTokens(state))
  const tokens = bounds === undefined || period === null || left === 0 ? undefined : { bounds, period, left }
  const covered =
    tokens === undefined ? moneyFor(state, key, command) : tokensFor(state, key, command, tokens)
  return covered.ok ? covered : { ok: false, why: exhausted(state, 'tokens', covered.why) }
}

function moneyFor(state: State, key: Key | undefined, command: Admitting): Covered | { ok: false; why: Why } {
  const money = holdFor(state, key, command)
  return money.ok ? { ...money, cover: null } : money
}

type Tokens = { bounds: TokenBounds; period: Period; left: number }

function tokensFor(
  state: State,
  key: Key | undefined,
  command: Admitting,
  { bounds, period, left }: Tokens,
): Covered | { ok: false; why: Why } {
  const part: Part = { units: Math.min(left, bounds.bound), bound: bounds.bound }
  const isOpen = !command.isDispatched && part.units < part.bound
  const whole = withShares(command, part)
  const full = holdFor(state, key, {
    ...whole,
    floorNanoUsd: whole.holdNanoUsd,
    usualNanoUsd: whole.holdNanoUsd,
  })
  const coverOf = (of: Part, coversNanoUsd: NanoUsd): TokenCover => ({
    ...of,
    coversNanoUsd,
    periodStartMs: period.startMs,
  })
  if (full.ok) return { ...full, cover: coverOf(part, command.holdNanoUsd) }
  // An answer that fits into the tokens that are left costs no money at all.
  const alone: Part = { units: part.units, bound: part.units }
  const onTokens = () => {
    const money = holdFor(state, key, { ...withShares(command, alone), isDispatched: false })
    return money.ok ? { ...money, cover: coverOf(alone, command.holdNanoUsd) } : money
  }
  if (isOpen && part.units >= bounds.usual) return onTokens()
  const lowered = holdFor(state, key, whole)
  if (lowered.ok)
    return { ...lowered, cover: coverOf(part, costCoveredBy(lowered.heldNanoUsd, part, command.holdNanoUsd)) }
  return isOpen && part.units >= bounds.floor ? onTokens() : lowered
}

function withShares(command: Admitting, part: Part) {
  const { holdNanoUsd, floorNanoUsd, usualNanoUsd, isDispatched, endUser = null } = command
  return {
    endUser,
    holdNanoUsd: shareOf(holdNanoUsd, part),
    floorNanoUsd: shareOf(floorNanoUsd, part),
    usualNanoUsd: shareOf(usualNanoUsd, part),
    isDispatched,
  }
}

/** What the hold must grow to for a call that may cost so much. */
export function heldFor(hold: Hold, totalNanoUsd: NanoUsd): NanoUsd {
  return hold.cover === null ? totalNanoUsd : shareOf(totalNanoUsd, hold.cover)
}

/** The cover after the hold has grown, up to `totalNanoUsd`. */
export function grownCover({ cover }: Hold, heldNanoUsd: NanoUsd, totalNanoUsd: NanoUsd): TokenCover | null {
  return cover === null ? null : { ...cover, coversNanoUsd: costCoveredBy(heldNanoUsd, cover, totalNanoUsd) }
}

// ── Charges ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What of a cost is left to pay in money, and the tokens that the rest was paid with. */
export type Payable = { costNanoUsd: NanoUsd; taken: Taken | null }

export function payableOf(
  cover: TokenCover | null,
  { costNanoUsd, tokens }: { costNanoUsd: NanoUsd; tokens: number },
  unitsMax = cover?.units ?? 0,
): Payable {
  if (cover === null) return { costNanoUsd, taken: null }
  if (tokens === 0) return { costNanoUsd: shareOf(costNanoUsd, cover), taken: takenOf(cover, 0) }
  const covered = Math.min(tokens, unitsMax)
  return {
    costNanoUsd: divided(costNanoUsd, tokens - covered, tokens, 'up'),
    taken: takenOf(cover, covered),
  }
}

/** Of a call that went silent only its cost so far is known: it takes the same share of the tokens. */
export function payableAtCheckpoint({ cover, checkpointNanoUsd }: Hold): Payable {
  if (cover === null) return { costNanoUsd: checkpointNanoUsd, taken: null }
  const part = minNanoUsd(checkpointNanoUsd, cover.coversNanoUsd)
  const units =
    cover.coversNanoUsd === zeroNanoUsd
      ? 0
      : Number(
          (BigInt(cover.units) * BigInt(part) + BigInt(cover.coversNanoUsd) - 1n) /
            BigInt(cover.coversNanoUsd),
        )
  return { costNanoUsd: shareOf(checkpointNanoUsd, cover), taken: takenOf(cover, units) }
}

/** After an expiry: what its pins have given back may have been taken by others since. */
export function payableLate(
  state: State,
  cover: TokenCover | null,
  call: { costNanoUsd: NanoUsd; tokens: number; takenBefore: number },
): Payable {
  if (cover === null) return { costNanoUsd: call.costNanoUsd, taken: null }
  const isSamePeriod = state.allowances.period?.startMs === cover.periodStartMs
  const left = isSamePeriod ? leftOf(state.allowances, 'tokens', pinnedTokens(state)) : 0
  const payable = payableOf(cover, call, Math.min(cover.units, call.takenBefore + left))
  const units = (payable.taken?.units ?? 0) - call.takenBefore
  return { ...payable, taken: takenOf(cover, units) }
}

function takenOf({ periodStartMs }: TokenCover, units: number): Taken {
  return { consumable: 'tokens', units, periodStartMs }
}
