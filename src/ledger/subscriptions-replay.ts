// How a plan that is paid for follows from its entries (replay.ts): its periods, its end, and the money that goes with it.

import { objectOf, readString, readWhole } from '#core/readers.ts'
import { type Allowances, type Standing, type Subscription, anchorDayMax, isInForce } from './allowances.ts'
import type { Entry } from './entry.ts'
import type { Lot } from './lots.ts'
import { readTerms } from './plan-details.ts'
import { afterGrant, afterPlan } from './plans-replay.ts'
import type { State } from './state.ts'
import { type PaidBy, readPaidBy, readStep } from './subscription-details.ts'

type Detail = { readonly [name: string]: unknown }

/** Before the money of a grant is added. */
export function followPlan(state: State, entry: Entry, detail: Detail): void {
  const { allowances } = state
  if (entry.kind === 'allowance') {
    const paid = readPaidBy(detail)
    if (paid?.kind === 'period') cutLots(state, entry.createdAtMs)
    state.allowances =
      paid === undefined ? afterGrant(allowances, detail) : afterPaid(allowances, entry, paid)
    return
  }
  const step = readStep(detail)
  if (step === undefined) state.allowances = afterPlan(allowances, detail)
  else if (step === 'asked' || step === 'dropped') state.allowances = afterAsking(allowances, entry, detail)
  else if (step === 'followed')
    state.allowances = withChanged(allowances, { isEnding: detail['isEnding'] === true })
  else if (step === 'over') state.allowances = withChanged(fallenBack(allowances), { isOver: true })
  else if (step === 'ended') {
    cutLots(state, entry.createdAtMs)
    state.allowances = { ...fallenBack(allowances), subscription: null }
  }
}

function afterPaid(allowances: Allowances, entry: Entry, { subscriptionId: id, kind }: PaidBy): Allowances {
  const detail = objectOf(entry.detail)
  const terms = readTerms(detail['terms'])
  const granted = readTerms({ ...(terms && { ...terms }), included: detail['included'] })
  const startMs = readWhole(detail['startMs'])
  const endMs = readWhole(detail['endMs'])
  if (terms === undefined || granted === undefined || startMs === undefined || endMs === undefined)
    return allowances
  const before = isInForce(allowances.subscription) ? allowances.subscription : null
  const brought = entry.amountNanoUsd > 0 ? [entry.seq] : []
  const isChange = kind === 'change' && before !== null
  const anchorDay = Math.min(new Date(startMs).getUTCDate(), anchorDayMax)
  return {
    plan: { terms: granted, anchorDay },
    period: { startMs, endMs },
    used: isChange ? allowances.used : {},
    subscription: {
      id,
      terms,
      period: { startMs, endMs },
      lots: isChange ? [...before.lots, ...brought] : brought,
      isEnding: isChange && before.isEnding,
      isOver: false,
      base: before?.base ?? standingOf(allowances),
    },
    asked: null,
  }
}

/** What it grants ends with it, whatever its date: another period has begun, or it has ended before its time. */
function cutLots(state: State, atMs: number): void {
  const { subscription } = state.allowances
  if (subscription === null || subscription.lots.length === 0) return
  const { lots: cut } = subscription
  const earlier = (lot: Lot) => ({ ...lot, expiresAtMs: Math.min(lot.expiresAtMs ?? atMs, atMs) })
  state.lots = state.lots.map((lot) => (cut.includes(lot.seq) ? earlier(lot) : lot))
}

function fallenBack(allowances: Allowances): Allowances {
  const { subscription } = allowances
  return isInForce(subscription) ? { ...allowances, ...subscription.base } : allowances
}

function standingOf({ plan, period, used }: Allowances): Standing {
  return { plan, period, used }
}

function withChanged(allowances: Allowances, change: Partial<Subscription>): Allowances {
  const { subscription } = allowances
  return subscription === null ? allowances : { ...allowances, subscription: { ...subscription, ...change } }
}

function afterAsking(allowances: Allowances, { createdAtMs: atMs }: Entry, detail: Detail): Allowances {
  const checkoutId = readString(detail['checkoutId']) ?? ''
  if (readStep(detail) === 'asked')
    return { ...allowances, asked: { checkoutId, planId: readString(detail['planId']) ?? '', atMs } }
  return allowances.asked?.checkoutId === checkoutId ? { ...allowances, asked: null } : allowances
}
