// What a plan includes per period and what of it is used: counters in units, never money. A period begins with a grant
// (plans.ts); what is used is posted by charges (replay.ts) to the period that they were admitted in.

import { type Consumable, type PerConsumable, readConsumable } from '#core/consumables.ts'
import { dayMs, hourMs } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { PlanTerms } from './plan-commands.ts'

export type Allowances = Standing & {
  /** What is paid for from period to period (subscriptions.ts); null where nothing is. */
  readonly subscription: Subscription | null
  /** The page on which somebody may subscribe. */
  readonly asked: AskedPlan | null
}

/** A plan, and how much of it is used. */
export type Standing = {
  /** In force: that of the subscription, or what was agreed without one. */
  readonly plan: { readonly terms: PlanTerms; readonly anchorDay: number } | null
  /** The newest that was granted. */
  readonly period: Period | null
  /** In that period, whatever plan it was under. */
  readonly used: PerConsumable<number>
}

export type Subscription = {
  /** The payment provider's name for it. */
  readonly id: string
  /** The plan that was paid for last, whole: in the rest of a period less of it may be granted. */
  readonly terms: PlanTerms
  /** The newest that was paid for. */
  readonly period: Period
  /** The entries that brought its money. */
  readonly lots: readonly number[]
  /** Nothing more will be paid, as far as is known: the plan ends with its period. */
  readonly isEnding: boolean
  /** The plan has ended, and may come back with a payment that is late. */
  readonly isOver: boolean
  /** What the account has besides, and falls back to. */
  readonly base: Standing
}

export type AskedPlan = { readonly checkoutId: string; readonly planId: string; readonly atMs: number }

export type Period = { readonly startMs: number; readonly endMs: number }

/** Units of an allowance that a charge took, as its entry says it. */
export type Taken = {
  readonly consumable: Consumable
  readonly units: number
  readonly periodStartMs: number
}

export const noAllowances: Allowances = {
  plan: null,
  period: null,
  used: {},
  subscription: null,
  asked: null,
}

/**
 * The provider collects the money of a new period about an hour after the old one has ended, and its word may be late: so long
 * the old one stands, with what is left of it. Nothing new is granted.
 */
export const renewalGraceMs = 6 * hourMs

/** Every month has it, so every month begins a period. */
export const anchorDayMax = 28

/** Periods of one anchor are never shorter; a changed anchor must not bring a second grant after a few days. */
const periodMinMs = 28 * dayMs

export function includedOf({ plan }: Allowances, consumable: Consumable): number {
  return plan?.terms.included[consumable] ?? 0
}

export function usedOf({ used }: Allowances, consumable: Consumable): number {
  return used[consumable] ?? 0
}

/** Never below 0: a smaller plan in the middle of a period finds more used than it includes. */
export function leftOf(allowances: Allowances, consumable: Consumable, pinned = 0): number {
  const left = includedOf(allowances, consumable) - usedOf(allowances, consumable) - pinned
  return Math.max(0, left)
}

/** A charge that arrives after its period is over takes nothing from the next one. */
export function afterTaking(allowances: Allowances, taken: Taken): Allowances {
  const { subscription } = allowances
  if (allowances.period?.startMs === taken.periodStartMs) return withTaken(allowances, taken)
  if (!isInForce(subscription) || subscription.base.period?.startMs !== taken.periodStartMs) return allowances
  return { ...allowances, subscription: { ...subscription, base: withTaken(subscription.base, taken) } }
}

function withTaken<Of extends Standing>(standing: Of, { consumable, units }: Taken): Of {
  const used = (standing.used[consumable] ?? 0) + units
  return { ...standing, used: { ...standing.used, [consumable]: used } }
}

/** Its plan is the account's. */
export function isInForce(subscription: Subscription | null): subscription is Subscription {
  return subscription !== null && !subscription.isOver
}

/** When its plan ends unless more is paid. */
export function endOf({ period, isEnding }: Subscription): number {
  return isEnding ? period.endMs : period.endMs + renewalGraceMs
}

/** The period that begins now: its predecessor is over. It ends with the anchor's day, 28 days on at least. */
export function periodAfter(before: Period | null, anchorDay: number, nowMs: number): Period {
  if (before === null) return { startMs: nowMs, endMs: anchorFrom(anchorDay, nowMs + 1) }
  const startMs = Math.max(before.endMs, anchorUpTo(anchorDay, nowMs))
  return { startMs, endMs: anchorFrom(anchorDay, startMs + periodMinMs) }
}

export function isOver(period: Period, nowMs: number): boolean {
  return nowMs >= period.endMs
}

/** The newest beginning of an anchor's day up to a time. */
function anchorUpTo(anchorDay: number, atMs: number): number {
  const thisMonth = anchorIn(atMs, anchorDay, 0)
  return thisMonth <= atMs ? thisMonth : anchorIn(atMs, anchorDay, -1)
}

/** The first beginning of an anchor's day from a time on. */
function anchorFrom(anchorDay: number, atMs: number): number {
  const thisMonth = anchorIn(atMs, anchorDay, 0)
  return thisMonth >= atMs ? thisMonth : anchorIn(atMs, anchorDay, 1)
}

function anchorIn(atMs: number, anchorDay: number, monthsLater: number): number {
  const date = new Date(atMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, anchorDay)
}

// ── As it stands in an entry ─────────────────────────────────────────────────────────────────────────────────────────

export function takenDetail(taken: Taken | null): { readonly allowance?: Json } {
  return taken === null || taken.units === 0 ? {} : { allowance: { ...taken } }
}

export function readTaken(detail: { readonly [name: string]: unknown }): Taken | undefined {
  const taken = detail['allowance']
  if (!isObject(taken)) return undefined
  const consumable = readConsumable(taken['consumable'])
  const units = readWhole(taken['units'], Number.MIN_SAFE_INTEGER)
  const periodStartMs = readWhole(taken['periodStartMs'])
  if (consumable === undefined || units === undefined || periodStartMs === undefined) return undefined
  return { consumable, units, periodStartMs }
}
