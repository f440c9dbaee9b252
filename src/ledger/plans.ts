// Plans on an account: agreed by a command, granted lazily. The first group of commands after a period's end grants the next
// one, once, whatever happens in between: what has been granted stands in the log. Plans that are paid for are subscriptions.ts.

import { isObject, readString, readWhole } from '#core/readers.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { type Allowances, anchorDayMax, endOf, isInForce, isOver, periodAfter } from './allowances.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, mayDo, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type { SetPlan, SetPlanAnswer } from './plan-commands.ts'
import type { State } from './state.ts'
import type { Decided } from './rebook-order.ts'
import { readTerms, termsDetail } from './plan-details.ts'

/**
 * A plan that changes in the middle of a period changes what is included at once, and never brings a second grant. `decided` is
 * where a line stood that is booked again.
 */
export function setPlan(draft: Draft, command: SetPlan, decided?: Decided): SetPlanAnswer {
  const { state } = draft
  const earlier = referenceOf(draft, 'plan', command.reference)
  if (earlier !== undefined) {
    const [planId, asked, anchor] = earlier.said.split(' ')
    if (planId !== command.terms.id || asked !== askedOf(command))
      return { ok: false, code: 'reference_reused' }
    return { ok: true, anchorDay: Number(anchor), isRepeat: true }
  }
  const terms = readTerms(command.terms)
  const anchorDay = readAnchorDay(command, state.allowances, state.nowMs)
  if (terms === undefined || anchorDay === undefined || command.reference === '')
    return { ok: false, code: 'invalid_command' }
  const { reference, reason, actor } = command
  const entry = append(draft, {
    kind: 'plan',
    reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: {
      terms: termsDetail(terms),
      anchorDay,
      asked: askedOf(command),
      reason,
      actor,
      ...(decided && { decided }),
    },
  })
  keepReference(draft, {
    scope: 'plan',
    reference,
    seq: entry.seq,
    said: saidOf(terms.id, askedOf(command), anchorDay),
  })
  renewAllowances(draft)
  return { ok: true, anchorDay, isRepeat: false }
}

/** For reading: a group of commands would grant a period now. */
export function isRenewalDue(state: State | null, nowMs: number): boolean {
  if (state === null) return false
  const { plan, period, subscription } = state.allowances
  if (isInForce(subscription)) return nowMs >= endOf(subscription)
  return plan !== null && period !== null && isOver(period, nowMs)
}

/** Before every group of commands, so that no command ever sees a period that is over. */
export function renewAllowances(draft: Draft): void {
  const { allowances, nowMs } = draft.state
  const { plan, period, subscription } = allowances
  // What is paid for is granted when it is paid, and nothing beside it.
  if (isInForce(subscription)) return
  if (plan === null || (period !== null && !isOver(period, nowMs))) return
  if (!mayDo(draft, 'renewal')) return
  const { startMs, endMs } = periodAfter(period, plan.anchorDay, nowMs)
  const { id, included, monthlyCreditNanoUsd } = plan.terms
  append(draft, {
    kind: 'allowance',
    reference: `allowance:${startMs}`,
    amountNanoUsd: monthlyCreditNanoUsd,
    keyNumber: null,
    detail: { plan: id, startMs, endMs, included: { ...included }, bucket: 'allowance', expiresAtMs: endMs },
  })
}

/** What a repeat is told by. */
function saidOf(planId: string, asked: string, anchorDay: number): string {
  return `${planId} ${asked} ${anchorDay}`
}

/** The same from what the entry says, for a rebuild. */
export function saidOfPlanEntry({ detail }: Entry): string {
  const said: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  return saidOf(
    readTerms(said['terms'])?.id ?? '',
    readString(said['asked']) ?? '',
    readWhole(said['anchorDay']) ?? 0,
  )
}

function askedOf({ anchorDay }: SetPlan): string {
  return anchorDay === null ? 'any' : String(anchorDay)
}

function readAnchorDay(
  command: SetPlan,
  { plan: present, subscription }: Allowances,
  nowMs: number,
): number | undefined {
  const plan = isInForce(subscription) ? subscription.base.plan : present
  const today = Math.min(new Date(nowMs).getUTCDate(), anchorDayMax)
  const day = readWhole(command.anchorDay ?? plan?.anchorDay ?? today, 1)
  return day !== undefined && day <= anchorDayMax ? day : undefined
}
