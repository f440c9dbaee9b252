// What the account looks like from outside, at a time: for reading, never for deciding.

import { asMillis } from '#core/clock.ts'
import { consumables } from '#core/consumables.ts'
import { maxNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { type Allowances, usedOf } from './allowances.ts'
import type { AccountView, HoldView, KeyView } from './account-views.ts'
import type { Entry } from './entry.ts'
import { availableOf } from './available.ts'
import { forceOf, spendingOf } from './key-force.ts'
import { billedMonths } from './paid-months.ts'
import { isSuspended } from './payment-risk.ts'
import { suggestedCreditLimit } from './suggested-credit-limit.ts'
import { ageRate } from './rate.ts'
import { rateFigures } from './rate-limits.ts'
import { usedIn } from './spending-limits.ts'
import type { Hold, Key, State } from './state.ts'
import { tallyText } from './tally.ts'
import { msUntilWindowEnds, spentIn } from './windows.ts'

/** The true figures: a balance below zero is shown as it is. */
export function accountView(state: State, recent: readonly Entry[], nowMs: number): AccountView {
  return {
    accountId: state.accountId,
    name: state.name,
    epoch: state.epoch,
    postedNanoUsd: state.postedNanoUsd,
    heldNanoUsd: state.heldNanoUsd,
    availableNanoUsd: availableOf(state),
    debtNanoUsd: state.debtNanoUsd,
    buckets: state.lots.map(({ bucket, remainingNanoUsd, expiresAtMs }) => ({
      bucket,
      remainingNanoUsd,
      expiresInMs: expiresAtMs === null ? null : Math.max(0, expiresAtMs - nowMs),
    })),
    openHolds: state.holds.size,
    monthUsedNanoUsd: usedIn(state.spending, state.holds.values(), 'month', nowMs),
    suggestedCreditLimitNanoUsd: suggestedCreditLimit(billedMonths(state.paidMonths, nowMs)),
    lifetimeAdded: tallyText(state.lifetime.added),
    lifetimeBonus: tallyText(state.lifetime.bonus),
    lifetimeSpent: tallyText(state.lifetime.spent),
    lifetimeUsage: tallyText(state.lifetime.usage),
    ...planView(state.allowances, nowMs),
    settings: state.settings,
    risk: state.risk,
    isSuspended: isSuspended(state),
    rate: rateFigures({ ...state, rate: ageRate(state.rate, nowMs) }),
    marks: {
      head: state.headSeq,
      sent: state.marks.sentSeq,
      confirmed: state.marks.confirmedSeq,
    },
    recent,
  }
}

function planView(allowances: Allowances, nowMs: number): Pick<AccountView, 'plan' | 'allowances'> {
  const { plan, period } = allowances
  if (plan === null || period === null) return { plan: null, allowances: [] }
  const { terms, anchorDay } = plan
  return {
    plan: { id: terms.id, name: terms.name, anchorDay },
    allowances: consumables.flatMap((consumable) => {
      const included = terms.included[consumable]
      if (included === undefined) return []
      return {
        consumable,
        included,
        used: usedOf(allowances, consumable),
        overagePicoUsd: terms.overage[consumable] ?? null,
        resetsInMs: Math.max(0, period.endMs - nowMs),
      }
    }),
  }
}

export function keyView(state: State, key: Key, nowMs: number): KeyView {
  const spending = spendingOf(state, key)
  const force = forceOf(key, nowMs)
  return {
    keyNumber: key.keyNumber,
    name: key.name,
    isDisabled: force !== 'active',
    force,
    budgets: key.budgets.map((budget) => ({
      ...budget,
      usedNanoUsd: maxNanoUsd(zeroNanoUsd, spentIn(spending, budget.window, nowMs)),
      resetMs: msUntilWindowEnds(budget.window, nowMs),
    })),
    allowedModels: key.allowedModels,
    usedNanoUsd: spending.lifetime.spentNanoUsd,
    scopes: key.scopes,
    rpm: key.rpm,
    tpm: key.tpm,
    inFlight: key.inFlight,
    expiresAtMs: key.expiresAtMs,
    endsAtMs: key.endsAtMs,
    endUserBudgets: key.endUserBudgets,
    rate: rateFigures({ ...state, rate: ageRate(state.rate, nowMs), nowMs: asMillis(nowMs) }, key),
  }
}

export function holdView(hold: Hold, nowMs: number): HoldView {
  return {
    callId: hold.callId,
    keyNumber: hold.keyNumber,
    model: hold.model,
    heldNanoUsd: hold.heldNanoUsd,
    checkpointNanoUsd: hold.checkpointNanoUsd,
    ageMs: Math.max(0, nowMs - hold.admittedAtMs),
  }
}
