// The one decision about a request: key, account, model, rate limits, budgets and money, in this order, and the hold on a yes.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { readWhole } from '#core/readers.ts'
import { availableOf } from './available.ts'
import { burnPerMinute } from './burn.ts'
import { admitWithinMs, callTimeOf } from './call-time.ts'
import { callCostMaxNanoUsd, reverseAttempt } from './charges.ts'
import { type ClaimRefusal, keepClaim, lostAttempts, refusalOfClaim } from './claims.ts'
import type {
  Admit,
  AdmitAnswer,
  AdmitRefusalCode,
  AdmitRefused,
  Extend,
  ExtendAnswer,
  LimitSource,
  TokenBounds,
  UnpaidInvoice,
} from './call-commands.ts'
import type { Draft } from './draft.ts'
import { find, keepHold, resolvedCall } from './draft.ts'
import { endUserBudgetsOf, endUserPattern, endUsersMax, hasPlaceFor } from './end-users.ts'
import { expiryOf } from './holds.ts'
import { forceOf } from './key-force.ts'
import { countAdmission } from './key-rates.ts'
import { mergedPins, pinsFor } from './lots.ts'
import { isSuspended } from './payment-risk.ts'
import { rateFigures, rateRefusal } from './rate-limits.ts'
import type { Hold, Key, State, TokenCover } from './state.ts'
import { afterRefusal, parallelGrant } from './standing.ts'
import { suspendingInvoice } from './suspension.ts'
import { type MoneyDecision, moreFor } from './spending-limits.ts'
import { coverFor, coveredOf, grownCover, heldFor, shareOf } from './token-cover.ts'

export function admit(draft: Draft, command: Admit): AdmitAnswer {
  const { state } = draft
  const refusal = refusalOf(draft, command)
  if (refusal === 'open already') return admitted(draft, command)
  if (refusal !== undefined) return refused(draft, command, refusal)
  // Before limits and money: who asks again gets the answer, however empty the account is by now. A repeat is no fault of
  // the account's and does not touch its standing.
  const repeat = refusalOfClaim(draft, command)
  if (repeat !== undefined) return refusedWith(draft, command, repeat)
  const invoice = suspendingInvoice(state)
  if (invoice !== undefined) return refused(draft, command, { code: 'account_suspended', invoice })
  const key = state.keys.get(command.keyNumber)
  const endUser = limitedEndUser(state, command)
  const limit = rateRefusal(state, key, command.expectedTokens) ?? refusalOfEndUser(state, endUser)
  if (limit !== undefined) return refused(draft, command, limit)
  const money = coverFor(state, key, { ...command, endUser })
  if (!money.ok) return refused(draft, command, money.why)
  // Of several lost attempts one charge stands until this one's takes its place.
  const [, ...older] = command.claim === null ? [] : lostAttempts(draft, command.claim.reference)
  keepClaim(draft, command)
  for (const attempt of older) reverseAttempt(draft, attempt)
  return place(draft, command, money)
}

/** Raises a hold to a new total, under the same budgets and the same money as an admission. */
export function extend(draft: Draft, command: Extend): ExtendAnswer {
  const { state } = draft
  if (!isExtendSound(command)) return { ok: false, code: 'internal' }
  const hold = state.holds.get(command.callId)
  if (hold === undefined) {
    const isKnown =
      callTimeOf(command.callId) !== undefined && resolvedCall(draft, command.callId) !== undefined
    return { ok: false, code: isKnown ? 'resolved' : 'unknown_call' }
  }
  if (command.totalNanoUsd <= coveredOf(hold)) return { ok: true, heldNanoUsd: coveredOf(hold) }
  const more = subtractNanoUsd(heldFor(hold, command.totalNanoUsd), hold.heldNanoUsd)
  const least = subtractNanoUsd(heldFor(hold, command.leastNanoUsd), hold.heldNanoUsd)
  const money: MoneyDecision =
    more <= 0
      ? { ok: true, heldNanoUsd: zeroNanoUsd }
      : moreFor(state, hold, { moreNanoUsd: more, leastNanoUsd: least })
  if (!money.ok) return { ok: false, code: money.why.code }
  const pins = mergedPins(hold.pins, pinsOf(state, money.heldNanoUsd))
  const heldNanoUsd = addNanoUsd(hold.heldNanoUsd, money.heldNanoUsd)
  const cover = grownCover(hold, heldNanoUsd, command.totalNanoUsd)
  const grown = keepHold(draft, { ...hold, heldNanoUsd, pins, cover })
  return { ok: true, heldNanoUsd: coveredOf(grown) }
}

function isExtendSound({ totalNanoUsd, leastNanoUsd }: Extend): boolean {
  if (readWhole(totalNanoUsd) === undefined || readWhole(leastNanoUsd) === undefined) return false
  return leastNanoUsd <= totalNanoUsd && totalNanoUsd <= callCostMaxNanoUsd
}

/** What refuses, with its figures. */
type Why = {
  code: AdmitRefusalCode
  limitSource?: LimitSource
  limitNanoUsd?: NanoUsd
  remainingNanoUsd?: NanoUsd
  limit?: number
  remaining?: number
  resetMs?: number
  invoice?: UnpaidInvoice
}

function refusalOf(draft: Draft, command: Admit): Why | 'open already' | undefined {
  const { state } = draft
  const bornAtMs = callTimeOf(command.callId)
  if (state.isDamaged || bornAtMs === undefined || !isSound(command)) return { code: 'internal' }
  const key = state.keys.get(command.keyNumber)
  const keyRefusal = refusalOfKey(state, key, command)
  if (keyRefusal !== undefined) return { code: keyRefusal }

  if (state.holds.has(command.callId)) return 'open already'
  // An id that is far from its birth may belong to a call whose row has been forgotten already.
  if (Math.abs(state.nowMs - bornAtMs) > admitWithinMs) return { code: 'call_resolved' }
  if (resolvedCall(draft, command.callId) !== undefined) return { code: 'call_resolved' }
  return undefined
}

/** Null where nobody limits end users: then none is counted. */
function limitedEndUser(state: State, { keyNumber, endUser = null }: Admit): string | null {
  return endUserBudgetsOf(state, state.keys.get(keyNumber)).length === 0 ? null : endUser
}

/** Where nobody can be forgotten and one more cannot be counted, the one more waits. */
function refusalOfEndUser(state: State, endUser: string | null): Why | undefined {
  if (endUser === null || hasPlaceFor(state, endUser)) return undefined
  return { code: 'end_user_limit_exceeded', limitSource: 'end_users_max', limit: endUsersMax, remaining: 0 }
}

function refusalOfKey(state: State, key: Key | undefined, command: Admit): AdmitRefusalCode | undefined {
  if (key === undefined || key.secretHash !== command.secretHash) return 'invalid_api_key'
  if (forceOf(key, state.nowMs) !== 'active') return 'key_disabled'
  if (isSuspended(state)) return 'account_suspended'
  if (!key.scopes.includes('inference')) return 'insufficient_role'
  if (key.allowedModels !== null && !key.allowedModels.includes(command.model)) return 'model_not_allowed'
  return undefined
}

function place(
  draft: Draft,
  command: Admit,
  { heldNanoUsd, cover }: { heldNanoUsd: NanoUsd; cover: TokenCover | null },
): AdmitAnswer {
  const { state, context } = draft
  const { keyNumber, expectedTokens } = command
  const numbers = countAdmission(state, { keyNumber, atMs: state.nowMs, tokens: expectedTokens })
  keepHold(draft, {
    callId: command.callId,
    keyNumber: command.keyNumber,
    model: command.model,
    endUser: limitedEndUser(state, command),
    heldNanoUsd,
    sliceNanoUsd: cover === null ? command.sliceNanoUsd : shareOf(command.sliceNanoUsd, cover),
    pins: pinsOf(state, heldNanoUsd),
    cover,
    checkpointNanoUsd: zeroNanoUsd,
    beatN: 0,
    beatAtMs: state.nowMs,
    admittedAtMs: state.nowMs,
    tokens: command.expectedTokens,
    afterSeq: state.headSeq,
    writtenBeatAtMs: state.nowMs,
    expiresAtMs: expiryOf(state.nowMs, state.nowMs, context.timings),
    ...numbers,
  })
  return admitted(draft, command)
}

function pinsOf(state: State, amountNanoUsd: NanoUsd): Hold['pins'] {
  return pinsFor(state.lots, state.pinned, { amountNanoUsd, nowMs: state.nowMs })
}

function admitted(draft: Draft, command: Admit): AdmitAnswer {
  const { state } = draft
  const hold = state.holds.get(command.callId)
  const bound = hold?.cover?.bound
  const isLowered = bound !== undefined && bound < (command.tokenBounds?.bound ?? 0)
  return {
    ok: true,
    heldNanoUsd: hold === undefined ? zeroNanoUsd : coveredOf(hold),
    ...(isLowered ? { tokensBound: bound } : {}),
    availableNanoUsd: availableOf(state),
    parallel: parallelGrant(state.standing, isSuspended(state), state.nowMs),
    burnNanoUsdPerMinute: burnPerMinute(state.burn, state.nowMs),
    rate: rateFigures(state, state.keys.get(command.keyNumber)),
  }
}

function refused(draft: Draft, command: Admit, why: Why): AdmitRefused {
  const { state } = draft
  state.standing = afterRefusal(state.standing, state.nowMs)
  // The upstream bills what it was sent although nobody is charged: the operator's cost, booked where all findings are.
  if (command.isDispatched && readWhole(command.exposureNanoUsd) !== undefined) {
    find(draft, `refused_after_dispatch:${command.callId}`, {
      what: 'refused_after_dispatch',
      callId: command.callId,
      code: why.code,
      exposureNanoUsd: command.exposureNanoUsd,
    })
  }
  return refusedWith(draft, command, why)
}

function refusedWith(draft: Draft, command: Admit, why: Why | ClaimRefusal): AdmitRefused {
  const { state } = draft
  return {
    ok: false,
    ...why,
    availableNanoUsd: availableOf(state),
    heldNanoUsd: state.heldNanoUsd,
    requiredNanoUsd: isSound(command) ? command.floorNanoUsd : zeroNanoUsd,
    rate: rateFigures(state, state.keys.get(command.keyNumber)),
  }
}

function isSound(command: Admit): boolean {
  const { holdNanoUsd, floorNanoUsd, usualNanoUsd, sliceNanoUsd, expectedTokens } = command
  const figures = [holdNanoUsd, floorNanoUsd, usualNanoUsd, sliceNanoUsd, expectedTokens]
  if (typeof command.endUser === 'string' && !endUserPattern.test(command.endUser)) return false
  if (figures.some((figure) => readWhole(figure) === undefined)) return false
  if (!areBoundsSound(command.tokenBounds)) return false
  return holdNanoUsd <= callCostMaxNanoUsd && sliceNanoUsd <= callCostMaxNanoUsd && isOrdered(command)
}

/** A bound is at least one token, so that a share of it can be said. */
function areBoundsSound(bounds: TokenBounds | undefined): boolean {
  if (bounds === undefined) return true
  const { bound, usual, floor } = bounds
  if ([bound, usual, floor].some((tokens) => readWhole(tokens, 1) === undefined)) return false
  return floor <= usual && usual <= bound && bound <= tokensMax
}

/** A billion: no call has more. */
const tokensMax = 1_000_000_000

function isOrdered({ floorNanoUsd, usualNanoUsd, holdNanoUsd }: Admit): boolean {
  return floorNanoUsd <= usualNanoUsd && usualNanoUsd <= holdNanoUsd
}
